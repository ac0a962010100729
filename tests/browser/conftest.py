"""A real server and a real Chromium: one for all tests of a worker, in a profile of each person."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ViewportSize, async_playwright

from tests.browser import profiles as browser_profiles
from tests.browser.person import Person
from tests.browser.profiles import Profiles
from tests.servers.meetserver import MeetServer

HERE = Path(__file__).parent
ARTIFACTS = HERE / "artifacts"
DESKTOP = browser_profiles.DESKTOP
PHONE = browser_profiles.PHONE
ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]

NO_CAMERA = """
if (navigator.mediaDevices)  // only pages that the browser takes for secure have them
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("there is none", "NotFoundError"));
"""

SETTINGS = {"MEET_REQUIRE_VERIFIED_EMAIL": "true"}

Invite = Callable[..., Awaitable[Person]]

on_its_own_server = pytest.mark.parametrize("server", [{}], indirect=True, ids=["own server"])
"""For a test that ends its server, or needs it unused."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser belongs to one event loop, so that all of its tests run on that one."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[MeetServer]:
    """With sign-up as people meet it: the address has to be confirmed. The one that tests share, unless a parameter
    (more settings) asks for one of the test's own."""
    if hasattr(request, "param"):
        with MeetServer(settings=SETTINGS | request.param) as server:
            yield server
    else:
        yield request.getfixturevalue("shared_server")


@pytest.fixture(scope="session")
def shared_server() -> Iterator[MeetServer]:
    with MeetServer(settings=SETTINGS | {"MEET_RATE_FACTOR": "0"}) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium_path: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
def artifacts() -> Path:
    """Where screenshots go, for people to look at: MEET_TEST_LONG=1 takes them."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS


@pytest.fixture(scope="session")
def profiles(browser: Browser) -> Profiles:
    return Profiles(browser)


@pytest_asyncio.fixture(loop_scope="session")
async def person(request: pytest.FixtureRequest, profiles: Profiles, server: MeetServer) -> AsyncIterator[Invite]:
    """Makes people, each with a browser profile of their own; what their pages complain about fails the test. They
    have no cameras, unless the test is marked so."""
    script = "" if request.node.get_closest_marker("cameras") else NO_CAMERA
    contexts: list[BrowserContext] = []
    people: list[Person] = []

    async def make(name: str, *, on: ViewportSize = DESKTOP, theme: str = "light") -> Person:
        context = await profiles.take(server.base_url, on=on, theme=theme, script=script)
        contexts.append(context)
        made = await Person.open(context, name)
        people.append(made)
        return made

    yield make
    for context in contexts:
        await profiles.give_back(context)
    for one in people:
        assert not one.complaints, f"the page of {one.name} complained: {one.complaints}\n{server.log[-2000:]}"
