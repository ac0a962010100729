"""The administration: users and their roles, rules about addresses, the security log; and who gets to see them."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.account import PASSWORD, give_password, given_account, is_signed_in, press, sign_in, sign_out
from tests.browser.mails import link_to
from tests.browser.profiles import Profiles
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

ROOT = "root@example.com"


@pytest.fixture(scope="module")
def server() -> Iterator[MeetServer]:
    settings = {"MEET_RATE_FACTOR": "0", "MEET_ADMIN_EMAIL": ROOT, "MEET_ADMIN_PASSWORD": PASSWORD}
    with MeetServer(settings=settings) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(profiles: Profiles, server: MeetServer) -> AsyncIterator[Page]:
    context = await profiles.take(server.base_url, on={"width": 1280, "height": 720})  # no toast over a button of these
    yield await context.new_page()
    await profiles.give_back(context)


async def test_who_has_no_role_is_not_led_to_the_administration(page: Page) -> None:
    await given_account(page, "ann@example.com", "Ann")
    await sign_in(page, "ann@example.com")
    await page.goto("/admin")
    await expect(page.get_by_role("heading", name="Hello, Ann")).to_be_visible()
    await expect(page.get_by_role("link", name="Administration")).to_have_count(0)


async def test_somebody_is_invited_made_auditor_and_disabled(page: Page, server: MeetServer) -> None:
    await sign_in(page, ROOT)
    await page.get_by_role("link", name="Administration").click()
    await press(page, "Invite somebody")
    await page.get_by_label("E-mail address").fill("bob@example.com")
    await page.get_by_label("Name", exact=True).fill("Bob")
    await press(page, "Send the invitation")
    await page.get_by_label("Search").fill("bob@")
    await press(page, "Manage Bob")
    await page.get_by_role("switch", name="Auditor").check()
    await expect(page.get_by_text("Bob is auditor now.")).to_be_visible()
    await sign_out_of_dialog(page)

    await page.goto(await link_to("bob@example.com", server.data_dir / "mail", "invite"))
    await page.get_by_label("New password", exact=True).fill(PASSWORD)
    await press(page, "Set the password")
    await expect(page.get_by_role("heading", name="The password is set")).to_be_visible()
    await sign_in(page, "bob@example.com")
    await page.goto("/admin/log")
    await expect(page.get_by_text("role.granted").last).to_be_visible()
    await page.goto("/admin")
    await expect(page.get_by_text("bob@example.com")).to_be_visible()
    await expect(page.get_by_role("button", name="Manage")).to_have_count(0)
    await sign_out(page)

    await give_password(page, ROOT)
    await is_signed_in(page)
    await page.goto("/admin")
    await press(page, "Manage Bob")
    await press(page, "Disable the account…")
    await press(page, "Disable")
    await expect(page.get_by_text("Bob is disabled.")).to_be_visible()
    await sign_out(page)
    await give_password(page, "bob@example.com")
    await expect(page.get_by_role("alert")).to_be_visible()


async def sign_out_of_dialog(page: Page) -> None:
    await page.keyboard.press("Escape")
    await sign_out(page)


async def test_the_last_administrator_cannot_be_taken(page: Page) -> None:
    await sign_in(page, ROOT)
    await page.goto("/admin")
    await page.get_by_role("button", name="Manage Administrator").click()
    switch = page.get_by_role("switch", name="Admin")
    await switch.click()
    await expect(page.get_by_role("alert")).to_contain_text("last administrator")
    await expect(switch).to_be_checked()


async def test_rules_about_addresses_are_saved_as_a_whole_and_tried_out(page: Page) -> None:
    await sign_in(page, ROOT)
    await page.goto("/admin/addresses")
    for network in ("203.0.113.0/24", "127.0.0.1"):
        await press(page, "Add a rule")
        await page.get_by_label("Network or address").fill(network)
        await press(page, "Add to the list")
        await expect(page.get_by_text("not saved yet")).to_be_visible()
    await press(page, "Save the rules")
    await expect(page.get_by_role("alert")).to_be_visible()  # it would shut out whoever saves it
    await press(page, "Remove 127.0.0.1")
    await press(page, "Save the rules")
    await expect(page.get_by_text("The rules hold now.")).to_be_visible()

    for address, outcome in (("203.0.113.9", "Is kept out, by the rule"), ("198.51.100.1", "Gets in")):
        await page.get_by_label("Address", exact=True).fill(address)
        await press(page, "Try")
        await expect(page.get_by_role("status").get_by_text(outcome).first).to_be_visible()


async def test_the_security_log_is_filtered(page: Page) -> None:
    await sign_in(page, ROOT)
    await page.goto("/admin/log")
    await page.get_by_label("What", exact=True).select_option("login.succeeded")
    events = page.locator(".event .what")
    await expect(events.filter(has_not_text="login.succeeded")).to_have_count(0)
    await expect(events.first).to_have_text("login.succeeded")
    await page.locator(".event summary").first.click()
    await page.locator(".event[open]").get_by_role("button").first.click()
    await expect(page.get_by_label("By whom")).not_to_have_value("")
    await expect(page.get_by_label("By whom")).to_be_focused()
