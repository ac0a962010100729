"""The account's own page: devices, tokens, the question whether it is still you, and the end of it all."""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from meetserver.adapters.sqlite import FILE_NAME
from tests.browser.account import (
    PASSWORD,
    give_password,
    given_account,
    is_asked_to_sign_in,
    press,
    sign_in,
    sign_out,
)
from tests.browser.mails import link_to
from tests.browser.person import PATIENCE_MS
from tests.browser.profiles import PHONE, Profiles
from tests.browser.test_usable import NAMELESS, OVERFLOW_PX, TOO_SMALL
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

NewPage = Callable[[], Awaitable[Page]]
KEPT = "() => Object.keys({ ...localStorage, ...sessionStorage }).filter((key) => key !== 'meet.theme')"
EXPORT_STATUS = "() => fetch('/api/v1/users/me/export').then((answer) => answer.status)"
"""Of a call that wants a fresh confirmation."""
NO_LONGER = "UPDATE auth_session SET confirmed_at = NULL"


@pytest.fixture(scope="module")
def server() -> Iterator[MeetServer]:
    with MeetServer(settings={"MEET_RATE_FACTOR": "0"}) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(profiles: Profiles, server: MeetServer) -> AsyncIterator[NewPage]:
    """Pages of browsers that know nothing of one another."""
    contexts: list[BrowserContext] = []

    async def make() -> Page:
        contexts.append(await profiles.take(server.base_url, on=PHONE))
        return await contexts[-1].new_page()

    yield make
    for context in contexts:
        await profiles.give_back(context)


@pytest_asyncio.fixture(loop_scope="session")
async def page(new_page: NewPage) -> Page:
    return await new_page()


def given_that_the_confirmation_is_old(server: MeetServer) -> None:
    with contextlib.closing(sqlite3.connect(server.data_dir / FILE_NAME, timeout=30)) as database, database:
        database.execute(NO_LONGER)


async def test_every_section_is_usable_on_a_phone(page: Page) -> None:
    await given_account(page, "ann@example.com", "Ann")
    await sign_in(page, "ann@example.com")
    await page.get_by_role("link", name="Account of Ann").click()
    for section in ("Profile", "Security", "Devices", "Access tokens", "Your data"):
        await page.get_by_role("navigation").get_by_role("link", name=section).click()
        await expect(page.get_by_role("heading", name=section, exact=True, level=1)).to_be_visible()
        await expect(page.locator("[aria-busy]")).to_have_count(0)
        assert await page.evaluate(NAMELESS) == []
        assert await page.evaluate(TOO_SMALL) == []
        assert await page.evaluate(OVERFLOW_PX) <= 0


async def test_the_name_is_changed(page: Page) -> None:
    await given_account(page, "bea@example.com", "Bea")
    await sign_in(page, "bea@example.com")
    await page.goto("/account")
    await page.get_by_label("Your name").fill("Beatrice")
    await press(page, "Save")
    await expect(page.get_by_role("link", name="Account of Beatrice")).to_be_visible()
    await page.get_by_label("Time zone").fill("Atlantis/Nowhere")
    await press(page, "Save")
    await expect(page.get_by_role("alert")).to_contain_text("not an IANA name")


async def test_a_device_that_is_signed_out_here_is_out_over_there(new_page: NewPage) -> None:
    here, there = await new_page(), await new_page()
    await given_account(here, "cleo@example.com", "Cleo")
    await sign_in(here, "cleo@example.com")
    await sign_in(there, "cleo@example.com")
    await there.goto("/account/devices")
    await here.goto("/account/devices")

    await press(here, "Sign out everywhere else")
    await press(here, "Sign out the others")
    await expect(here.get_by_role("listitem").filter(has_text="Signed in")).to_have_count(1)

    await there.get_by_role("link", name="Access tokens").click()
    await is_asked_to_sign_in(there)
    await expect(there.get_by_text("You were signed out")).to_be_visible()


async def test_signing_out_clears_what_the_browser_kept_and_holds_for_its_other_pages(page: Page) -> None:
    await given_account(page, "dan@example.com", "Dan")
    await sign_in(page, "dan@example.com")
    other = await page.context.new_page()
    await other.goto("/account")
    await expect(other.get_by_role("heading", name="Profile")).to_be_visible()
    await page.evaluate("() => (localStorage.setItem('meet.name', 'Dan'), sessionStorage.setItem('meet.x', '1'))")
    await sign_out(page)
    assert await page.evaluate(KEPT) == []
    await is_asked_to_sign_in(other)


async def test_what_is_grave_asks_again_who_it_is_and_then_goes_on(page: Page, server: MeetServer) -> None:
    await given_account(page, "eve@example.com", "Eve")
    await sign_in(page, "eve@example.com")
    await page.goto("/account/security")
    given_that_the_confirmation_is_old(server)
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await page.evaluate(EXPORT_STATUS) != 403:  # the server has a copy of the session for up to a second
            pass
    begin = page.get_by_role("button", name="Set up an authenticator app")
    dialog = page.get_by_role("dialog", name="Confirm that it is you")

    await begin.click()
    await expect(dialog.get_by_label("Password")).to_be_focused()
    await expect(dialog).not_to_contain_text("false")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("Nothing was changed")).to_be_visible()
    await expect(begin).to_be_focused()

    await begin.click()
    await dialog.get_by_label("Password").fill("not the password")
    await press(page, "Confirm")
    await expect(dialog.get_by_role("alert")).to_contain_text("The password is wrong")
    await dialog.get_by_label("Password").fill(PASSWORD)
    await press(page, "Confirm")
    await expect(page.get_by_role("dialog", name="Set up an authenticator app")).to_be_visible()


async def test_the_password_is_changed(page: Page) -> None:
    await given_account(page, "flo@example.com", "Flo")
    await sign_in(page, "flo@example.com")
    await page.goto("/account/security")
    now, new = page.get_by_label("Current password"), page.get_by_label("New password", exact=True)
    await now.fill("not the password")
    await new.fill("a better one than before")
    await press(page, "Change the password")
    await expect(page.get_by_text("The password is wrong.")).to_be_visible()
    await expect(now).to_be_focused()
    await now.fill(PASSWORD)
    await press(page, "Change the password")
    await expect(page.get_by_text("The password is changed.")).to_be_visible()
    await sign_out(page)
    await give_password(page, "flo@example.com", "a better one than before")
    await expect(page.get_by_role("heading", name="Hello, Flo")).to_be_visible()


async def test_the_address_is_changed_by_the_links_to_both(page: Page, server: MeetServer) -> None:
    await given_account(page, "gus@example.com", "Gus")
    await page.goto(await link_to("gus@example.com", server.data_dir / "mail"))
    await press(page, "Confirm")
    await expect(page.get_by_role("heading", name="Your address is confirmed")).to_be_visible()
    await sign_in(page, "gus@example.com")
    await page.goto("/account")
    await page.get_by_label("New e-mail address").fill("gustav@example.com")
    await press(page, "Change the address")
    await expect(page.get_by_text("Now open the links in both mails")).to_be_visible()
    for address, outcome in (("gus@example.com", "Halfway there"), ("gustav@example.com", "Your address is changed")):
        await page.goto(await link_to(address, server.data_dir / "mail", "email"))
        await press(page, "Confirm")
        await expect(page.get_by_role("heading", name=outcome)).to_be_visible()
    await page.goto("/account")
    await expect(page.get_by_text("Your address is gustav@example.com")).to_be_visible()


async def test_a_token_is_shown_once_works_and_is_revoked(page: Page) -> None:
    await given_account(page, "hal@example.com", "Hal")
    await sign_in(page, "hal@example.com")
    await page.goto("/account/tokens")
    await press(page, "New token")
    await page.get_by_label("Name", exact=True).fill("Calendar")
    await press(page, "Make the token")
    await expect(page.get_by_text("Choose one or more.")).to_be_visible()
    await page.get_by_label("Read your profile").check()
    await press(page, "Make the token")
    token = await page.get_by_label("The token").input_value()
    await press(page, "Done")
    await expect(page.locator("dialog")).to_have_count(0)
    assert token not in await page.content()

    async def status() -> int:
        answer = await page.context.request.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
        return answer.status

    assert await status() == 200
    await press(page, "Revoke Calendar")
    await press(page, "Revoke")
    await expect(page.get_by_text("There are none.")).to_be_visible()
    assert await status() == 401


async def test_the_data_is_taken_along_and_the_account_deleted_with_a_receipt(page: Page) -> None:
    await given_account(page, "ida@example.com", "Ida")
    await sign_in(page, "ida@example.com")
    await page.goto("/account/data")
    async with page.expect_download() as downloading:
        await press(page, "Download my data")
    file = await (await downloading.value).path()
    assert "ida@example.com" in json.dumps(json.loads(file.read_text()))

    await press(page, "Delete my account…")
    typed = page.get_by_label("To go on, type your address: ida@example.com")
    await typed.fill("somebody@example.com")
    await press(page, "Delete for good")
    await expect(page.get_by_text("That is not ida@example.com.")).to_be_visible()
    await typed.fill("ida@example.com")
    await press(page, "Delete for good")
    await expect(page.get_by_role("heading", name="Your account is deleted")).to_be_visible()
    receipt = page.url

    await page.goto("/#signin")
    await give_password(page, "ida@example.com")
    await expect(page.get_by_role("alert")).to_contain_text("E-mail address or password is wrong")
    await page.goto(receipt)
    await expect(page.get_by_role("heading", name="Your account is deleted")).to_be_visible()
