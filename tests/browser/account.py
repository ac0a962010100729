"""What people do with their account in a page, and the devices that they have for it."""

import time
from typing import Any

import pyotp
from playwright.async_api import CDPSession, Page, expect

PASSWORD = "correct horse battery staple"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
REGISTER = """
async (body) => {
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/api/v1/auth/register", { method: "POST", headers, body: JSON.stringify(body) });
  return answer.status;
}
"""


async def given_account(page: Page, email: str, name: str) -> None:
    """On a server that takes addresses unconfirmed."""
    await page.goto("/")
    assert await page.evaluate(REGISTER, {"email": email, "password": PASSWORD, "name": name}) == 201


async def give_password(page: Page, email: str, password: str = PASSWORD) -> None:
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(password)
    await press(page, "Sign in")


async def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """By password alone."""
    await page.goto("/#signin")
    await give_password(page, email, password)
    await is_signed_in(page)


async def is_signed_in(page: Page) -> None:
    await expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()


async def is_asked_to_sign_in(page: Page) -> None:
    await expect(page.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


async def sign_out(page: Page) -> None:
    await press(page, "Sign out")
    await is_asked_to_sign_in(page)


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def keep_codes(page: Page) -> list[str]:
    """The recovery codes in the dialog, which is then closed."""
    await expect(page.get_by_role("dialog", name="Your recovery codes")).to_be_visible()
    codes = await page.locator(".codes code").all_text_contents()
    await press(page, "I have kept them")
    return codes


class AuthenticatorApp:
    """Ann's phone. A code holds once, so that each is that of a later half minute, as far as the server lets it."""

    def __init__(self, key: str) -> None:
        self._totp = pyotp.TOTP(key.replace(" ", ""))
        self._ahead = -1

    def code(self) -> str:
        self._ahead += 1
        return self._totp.at(time.time() + self._ahead * self._totp.interval)


async def set_up_app(page: Page) -> tuple[AuthenticatorApp, list[str]]:
    """The app, and the recovery codes that came with it."""
    await page.goto("/account/security")
    await press(page, "Set up an authenticator app")
    app = AuthenticatorApp(await page.locator(".key").text_content() or "")
    await page.get_by_label("Code from the app").fill(app.code())
    await press(page, "Switch it on")
    codes = await keep_codes(page)
    await expect(page.get_by_role("button", name="Remove the authenticator app")).to_be_visible()
    return app, codes


async def given_authenticator(page: Page, **options: Any) -> tuple[CDPSession, str]:
    """A device with a lock that knows its owner at once; the page's own, and its id."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    added = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR | options})
    return devtools, str(added["authenticatorId"])


async def be_present(device: tuple[CDPSession, str], *, is_present: bool) -> None:
    """Whether the owner answers the device by themselves, without being asked for anything more."""
    devtools, authenticator = device
    await devtools.send(
        "WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": authenticator, "enabled": is_present}
    )


async def without_suggestions(page: Page) -> None:
    """A browser that offers no passkeys by itself. Else a present owner is signed in before they press anything."""
    await page.add_init_script("PublicKeyCredential.isConditionalMediationAvailable = async () => false")
    await page.reload()


async def add_passkey(page: Page) -> None:
    await page.goto("/account/security")
    await press(page, "Add a passkey")
    await page.get_by_role("dialog").get_by_label("Name", exact=True).fill("My laptop")
    await press(page, "Save")
