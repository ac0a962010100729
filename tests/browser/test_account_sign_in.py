"""Signing in by what the page offers: password, second step, passkey, keyboard alone; and a forgotten password."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.account import (
    PASSWORD,
    add_passkey,
    be_present,
    give_password,
    given_account,
    given_authenticator,
    is_asked_to_sign_in,
    is_signed_in,
    keep_codes,
    press,
    set_up_app,
    sign_in,
    sign_out,
    without_suggestions,
)
from tests.browser.mails import link_to
from tests.browser.profiles import Profiles
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

ANN = "ann@example.com"


@pytest.fixture(scope="module")
def server() -> Iterator[MeetServer]:
    with MeetServer(settings={"MEET_RATE_FACTOR": "0"}) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(profiles: Profiles, server: MeetServer) -> AsyncIterator[Page]:
    """At localhost, as passkeys are for names and not for addresses."""
    context = await profiles.take(server.base_url.replace("127.0.0.1", "localhost"))
    yield await context.new_page()
    await profiles.give_back(context)


async def test_a_wrong_password_and_then_the_right_one(page: Page) -> None:
    await given_account(page, ANN, "Ann")
    await page.goto("/#signin")
    await give_password(page, ANN, "not the password")
    await expect(page.get_by_role("alert")).to_contain_text("E-mail address or password is wrong")
    await give_password(page, ANN)
    await expect(page.get_by_role("heading", name="Hello, Ann")).to_be_visible()


async def test_who_asks_for_the_account_gets_there_by_signing_in(page: Page) -> None:
    await given_account(page, "bea@example.com", "Bea")
    await page.goto("/account/devices")
    await is_asked_to_sign_in(page)
    await give_password(page, "bea@example.com")
    await expect(page.get_by_role("heading", name="Devices")).to_be_visible()
    await expect(page.get_by_text("This one")).to_be_visible()


async def test_by_keyboard_alone(page: Page) -> None:
    await given_account(page, "cleo@example.com", "Cleo")
    await page.goto("/")
    email, password = page.get_by_label("E-mail address"), page.get_by_label("Password")
    while not await email.evaluate("(field) => field === document.activeElement"):
        await page.keyboard.press("Tab")
    await page.keyboard.type("cleo@example.com")
    await page.keyboard.press("Tab")
    await expect(password).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await expect(password).to_have_attribute("type", "text")
    await page.keyboard.press("Space")
    await expect(password).to_have_attribute("type", "password")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Hello, Cleo")).to_be_visible()
    await expect(page.get_by_role("main")).to_be_focused()


async def test_an_app_is_the_second_step_and_a_recovery_code_stands_in_for_it(page: Page) -> None:
    await given_account(page, "dan@example.com", "Dan")
    await sign_in(page, "dan@example.com")
    app, codes = await set_up_app(page)
    await sign_out(page)

    await give_password(page, "dan@example.com")
    await expect(page.get_by_label("Code from the authenticator app")).to_be_focused()
    await page.keyboard.type("000 000")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()
    code = app.code()
    await page.get_by_label("Code from the authenticator app").fill(f" {code[:3]} {code[3:]} ")
    await page.keyboard.press("Enter")
    await is_signed_in(page)
    await sign_out(page)

    for expected in (is_signed_in, lambda page: expect(page.get_by_role("alert")).to_be_visible()):
        await give_password(page, "dan@example.com")
        await press(page, "Use a recovery code")
        await expect(page.get_by_label("Recovery code")).to_be_focused()
        await page.keyboard.type(codes[0])
        await press(page, "Continue")
        await expected(page)
        if expected is is_signed_in:
            await sign_out(page)


async def test_a_passkey_signs_in_without_a_password_and_is_the_second_step_after_one(page: Page) -> None:
    device = await given_authenticator(page)
    await given_account(page, "eve@example.com", "Eve")
    await without_suggestions(page)
    await sign_in(page, "eve@example.com")
    await add_passkey(page)
    await keep_codes(page)
    await expect(page.get_by_role("heading", name="My laptop")).to_be_visible()
    await be_present(device, is_present=False)
    await sign_out(page)

    await be_present(device, is_present=True)
    await press(page, "Sign in with a passkey")
    await expect(page.get_by_role("heading", name="Hello, Eve")).to_be_visible()
    await be_present(device, is_present=False)
    await sign_out(page)

    await give_password(page, "eve@example.com")
    await expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    await be_present(device, is_present=True)
    await press(page, "Use a passkey")
    await expect(page.get_by_role("heading", name="Hello, Eve")).to_be_visible()


async def test_a_forgotten_password_is_set_anew_by_the_mailed_link(page: Page, server: MeetServer) -> None:
    await given_account(page, "flo@example.com", "Flo")
    await page.goto("/#signin")
    await page.get_by_role("link", name="Forgot the password?").click()
    await page.get_by_label("E-mail address").fill("flo@example.com")
    await press(page, "Send me a link")
    await expect(page.get_by_role("heading", name="Check your mail")).to_be_focused()

    link = await link_to("flo@example.com", server.data_dir / "mail", "reset")
    await page.goto(link)
    password = page.get_by_label("New password", exact=True)
    await password.fill("password123")
    await press(page, "Set the password")
    await expect(page.get_by_text("one of the most common")).to_be_visible()
    await password.fill("a better one than before")
    await press(page, "Set the password")
    await expect(page.get_by_role("heading", name="The password is set")).to_be_visible()

    await sign_in(page, "flo@example.com", "a better one than before")
    await page.goto(link)
    await password.fill("a third one, by the same link")
    await press(page, "Set the password")
    await expect(page.get_by_role("heading", name="This link holds no more")).to_be_visible()
