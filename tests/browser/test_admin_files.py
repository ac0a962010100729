"""How much there is in files: for operators in the administration, for everybody in their profile."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import FormData
from playwright.async_api import Browser, Page, expect

from tests.browser.account import PASSWORD, press, sign_in
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.person import Person
from tests.browser.test_usable import SMALLEST, assert_usable
from tests.files.pictures import photo
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

ROOT = "root@example.com"
FILES = {
    "notes.txt": b"What we agreed on.\n",
    "holiday.jpg": photo((640, 480)),
    "plan.pdf": b"%PDF-1.7\n" + bytes(300_000),
}


@pytest.fixture(scope="module")
def server() -> Iterator[MeetServer]:
    settings = {
        "MEET_RATE_FACTOR": "0",
        "MEET_ADMIN_EMAIL": ROOT,
        "MEET_ADMIN_PASSWORD": PASSWORD,
        "MEET_FILES_TOTAL_BYTES": str(1 << 20),
        "MEET_FILES_PER_USER_BYTES": "350000",
    }
    with MeetServer(settings=settings) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def meeting(server: MeetServer) -> str:
    """To which root has brought some files."""
    async with aiohttp.ClientSession(f"{server.base_url}/api/v1/") as session:
        signed_in = await _posted(session, "auth/login", json={"email": ROOT, "password": PASSWORD})
        session.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        meeting = await _posted(session, "meetings", json={"title": "Weekly"})
        for name, content in FILES.items():
            form = FormData()
            form.add_field("file", content, filename=name)
            await _posted(session, f"meetings/{meeting['id']}/files", data=form)
        return str(meeting["id"])


async def _posted(session: aiohttp.ClientSession, path: str, **what: Any) -> dict[str, Any]:
    async with session.post(path, **what) as answer:
        assert answer.ok, f"{path}: {await answer.text()}"
        return dict(await answer.json())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser: Browser, server: MeetServer, meeting: str) -> AsyncIterator[Page]:
    """Root's."""
    context = await browser.new_context(base_url=server.base_url, viewport=DESKTOP)
    page = await context.new_page()
    await sign_in(page, ROOT)
    yield page
    await context.close()


def row(page: Page, table: str, name: str) -> Any:
    there = page.get_by_role("table", name=table).get_by_role("row")
    return there.filter(has=page.get_by_role("rowheader", name=name, exact=True))


async def test_operators_see_what_there_is_and_whose(page: Page, meeting: str) -> None:
    await page.goto("/admin")
    await page.get_by_role("navigation").get_by_role("link", name="Files").click()
    await expect(page.get_by_role("heading", name="Files", level=1)).to_be_visible()
    await expect(row(page, "Kinds", "Images").get_by_role("cell", name="1", exact=True)).to_be_visible()
    await expect(row(page, "Accounts", ROOT).get_by_role("cell", name="3", exact=True)).to_be_visible()
    await expect(row(page, "Meetings", meeting)).to_be_visible()
    await expect(page.get_by_role("meter", name="Of all files")).to_have_attribute(
        "aria-valuetext", re.compile(r"^\d{3} kB of 1 MB$")
    )
    await expect(page.get_by_text("The disk has room for")).to_be_visible()


async def test_people_see_how_much_room_they_have(page: Page) -> None:
    await page.goto("/account")
    await expect(page.get_by_text(re.compile(r"^3 files, \d{3} kB of 342 kB$")).first).to_be_visible()
    await expect(page.get_by_role("meter", name="Room for files")).to_be_visible()


async def test_a_meeting_says_how_long_it_keeps_files(page: Page, meeting: str) -> None:
    await page.goto(f"/#settings/{meeting}")
    days = page.get_by_label("Delete files after so many days")
    await days.fill("30")
    await press(page, "Save")
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.reload()
    await expect(days).to_have_value("30")
    await days.fill("")
    await press(page, "Save")
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await page.reload()
    await expect(days).to_have_value("")


async def test_it_is_usable_everywhere(page: Page) -> None:
    root = Person(page, "Root")
    for size in (DESKTOP, PHONE, SMALLEST):
        await page.set_viewport_size(size)
        await page.goto("/admin/files")
        await expect(page.get_by_role("table", name="Meetings")).to_be_visible()
        await assert_usable(root)
    assert root.complaints == []
