"""Signing in by an OpenID Connect provider that really is one, and what the page says where that fails."""

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.servers.meetserver import MeetServer
from tests.servers.oidc import OidcServer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcServer]:
    with OidcServer() as provider:
        provider.given_user("ann", {"email": "ann@example.com", "email_verified": True, "name": "Ann"})
        yield provider


@pytest.fixture(scope="module")
def server(provider: OidcServer) -> Iterator[MeetServer]:
    known = {"name": "acme", "title": "Acme", "issuer": provider.issuer, "client_id": "meet", "client_secret": "x"}
    with MeetServer(settings={"MEET_OIDC_PROVIDERS": msgspec.json.encode([known]).decode()}) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, server: MeetServer) -> AsyncIterator[Page]:
    page = await browser.new_page(base_url=server.base_url)
    yield page
    await page.context.close()


async def test_the_provider_leads_back_to_where_one_wanted_to_go(page: Page) -> None:
    await page.goto("/account/security")
    await page.get_by_role("link", name="Continue with Acme").click()
    await page.locator("input[name=sub]").fill("ann")
    await page.locator("input[name=sub]").press("Enter")
    await expect(page.get_by_role("heading", name="Security", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Unlink Acme")).to_be_visible()


async def test_a_sign_in_that_failed_is_explained_once(page: Page) -> None:
    await page.goto("/?sign_in=unauthenticated")
    await expect(page.get_by_role("alert")).to_contain_text("took too long. Try again.")
    assert "sign_in" not in page.url
