"""A real server and a real Chromium with fake cameras."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright

from tests.browser.person import Person
from tests.servers.meetserver import MeetServer

ARTIFACTS = Path(__file__).parent / "artifacts"
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]

Invite = Callable[..., Awaitable[Person]]


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[MeetServer]:
    """With sign-up as people meet it: the address has to be confirmed. A parameter is more settings."""
    settings: dict[str, str] = getattr(request, "param", {})
    with MeetServer(settings={"MEET_REQUIRE_VERIFIED_EMAIL": "true"} | settings) as server:
        yield server


@pytest.fixture
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
def artifacts() -> Path:
    """Where screenshots go, for people to look at."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS


@pytest.fixture
async def person(browser: Browser, server: MeetServer) -> AsyncIterator[Invite]:
    """Makes people, each with a browser profile of their own; what their pages complain about fails the test."""
    contexts: list[BrowserContext] = []
    people: list[Person] = []

    async def make(name: str, *, on: ViewportSize = DESKTOP, theme: str = "light") -> Person:
        context = await browser.new_context(
            base_url=server.base_url,
            viewport=on,
            has_touch=on == PHONE,
            is_mobile=on == PHONE,
            device_scale_factor=2 if on == PHONE else 1,
            color_scheme="dark" if theme == "dark" else "light",
        )
        contexts.append(context)
        made = await Person.open(context, name)
        people.append(made)
        return made

    yield make
    for context in contexts:
        await context.close()
    for one in people:
        assert not one.complaints, f"the page of {one.name} complained: {one.complaints}\n{server.log[-2000:]}"
