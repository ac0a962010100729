"""Passkeys and authenticator apps in a real Chromium, with its virtual authenticator, against a real server.

The page calls the API by itself, so that what is tested is the browser's WebAuthn and the server's, not the buttons.
"""

import secrets
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
CALL = """
async ([method, path, body, csrf]) => {
  const headers = { "Content-Type": "application/json", ...(csrf && { "X-CSRF-Token": csrf }) };
  const answer = await fetch("/api/v1" + path, { method, headers, body: body && JSON.stringify(body) });
  return { status: answer.status, body: answer.status === 204 ? null : await answer.json() };
}
"""
CREATE = """
async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({ publicKey })).toJSON();
}
"""
GET = """
async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({ publicKey })).toJSON();
}
"""
SHOW = "async (uri) => { const image = new Image(); image.src = uri; await image.decode(); return image.width; }"


class Person:
    """Ann in front of a page with a cookie session."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.email = f"{secrets.token_hex(6)}@example.org"
        self.csrf: str | None = None

    async def register(self) -> None:
        await self.call("POST", "/auth/register", {"email": self.email, "password": PASSWORD, "name": "Ann"})

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.page.evaluate(CALL, [method, path, body, self.csrf])
        assert answer["status"] < 300, answer
        return answer["body"]

    async def sign_in(self) -> Any:
        """By password; what is still asked for, or None."""
        answer = await self.call("POST", "/auth/login", {"email": self.email, "password": PASSWORD, "cookie": True})
        self.csrf = answer.get("csrf_token")
        return None if self.csrf else answer

    async def answer(self, path: str, body: dict[str, Any]) -> None:
        self.csrf = (await self.call("POST", path, {**body, "cookie": True}))["csrf_token"]

    async def sign_out(self) -> None:
        await self.call("POST", "/auth/logout")
        self.csrf = None

    async def name(self) -> str:
        return str((await self.call("GET", "/users/me"))["name"])

    async def add_passkey(self) -> None:
        begun = await self.call("POST", "/users/me/passkey-options")
        made = await self.page.evaluate(CREATE, begun["options"])
        await self.call("POST", "/users/me/passkeys", {"token": begun["token"], "name": "This one", "passkey": made})


@pytest.fixture(scope="module")
def server() -> Iterator[MeetServer]:
    with MeetServer(settings={"MEET_RATE_FACTOR": "0"}) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def ann(browser: Browser, server: MeetServer) -> AsyncIterator[Person]:
    """Signed in. At localhost, as passkeys are for names and not for addresses."""
    page = await browser.new_page(base_url=server.base_url.replace("127.0.0.1", "localhost"))
    await page.goto("/docs")  # which asks for no passkey by itself
    ann = Person(page)
    await ann.register()
    assert await ann.sign_in() is None
    yield ann
    await page.close()


async def given_authenticator(page: Page, **options: bool) -> None:
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR | options})


async def test_a_passkey_signs_in_without_a_password(ann: Person) -> None:
    await given_authenticator(ann.page)
    await ann.add_passkey()
    await ann.sign_out()
    for _ in range(2):  # its counter goes on
        begun = await ann.call("POST", "/auth/passkey/options")
        got = await ann.page.evaluate(GET, begun["options"])
        await ann.answer("/auth/passkey", {"token": begun["token"], "passkey": got})
        assert await ann.name() == "Ann"


async def test_a_security_key_is_the_second_factor(ann: Person) -> None:
    await given_authenticator(ann.page, hasResidentKey=False, hasUserVerification=False, isUserVerified=False)
    await ann.add_passkey()
    await ann.sign_out()
    challenge = await ann.sign_in()
    assert challenge["methods"] == ["passkey", "recovery_code"]
    got = await ann.page.evaluate(GET, challenge["passkey"])
    await ann.answer("/auth/login/factor", {"token": challenge["token"], "passkey": got})
    assert await ann.name() == "Ann"


async def test_an_authenticator_app_is_the_second_factor(ann: Person) -> None:
    begun = await ann.call("POST", "/users/me/factors/totp")
    assert await ann.page.evaluate(SHOW, begun["qr"]) > 0
    app = pyotp.TOTP(begun["secret"])
    codes = await ann.call("POST", "/users/me/factors/totp/confirm", {"totp": app.now()})
    await ann.sign_out()

    challenge = await ann.sign_in()
    next_code = app.at(time.time() + app.interval)  # the current one is used up; the next one holds already
    await ann.answer("/auth/login/factor", {"token": challenge["token"], "totp": next_code})
    assert await ann.name() == "Ann"
    await ann.sign_out()

    challenge = await ann.sign_in()
    body = {"token": challenge["token"], "recovery_code": codes["recovery_codes"][0]}
    await ann.answer("/auth/login/factor", body)
    assert await ann.name() == "Ann"
