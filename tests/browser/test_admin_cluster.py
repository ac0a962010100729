"""Shards and rooms as operators see them. The page is real, and so is who is signed in; the cluster is the test's."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Request, Route, expect

from meetserver.ports import RoomStatus, ShardStatus
from tests.browser.account import PASSWORD, press, sign_in
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.person import Person
from tests.browser.test_usable import SMALLEST, assert_usable
from tests.servers.meetserver import MeetServer
from tests.statuses import room_status, shard_status

pytestmark = pytest.mark.browser

ROOT = "root@example.com"


@pytest.fixture(scope="module")
def server() -> Iterator[MeetServer]:
    settings = {"MEET_RATE_FACTOR": "0", "MEET_ADMIN_EMAIL": ROOT, "MEET_ADMIN_PASSWORD": PASSWORD}
    with MeetServer(settings=settings) as server:
        yield server


class Cluster:
    """Answers the page in the server's place, and notes what it asks for."""

    def __init__(self) -> None:
        self.shards: list[ShardStatus] = [shard_status("shard-1", rooms=1, members=3), shard_status("shard-2")]
        self.rooms: list[RoomStatus] = [room_status("weekly", members=3), room_status("daily", "shard-2", members=2)]
        self.is_away = False
        self.lists = 0
        self.done: list[tuple[str, Any]] = []

    async def answer(self, route: Route) -> None:
        request = route.request
        if self.is_away:
            await route.fulfill(status=503, json={"code": "unavailable", "detail": "no"})
        elif request.method == "POST":
            body = request.post_data
            self.done.append(
                (urlsplit(request.url).path.removeprefix("/api/v1/admin/"), body and msgspec.json.decode(body))
            )
            await route.fulfill(status=204)
        else:
            status, answer = self._list(request)
            await route.fulfill(status=status, content_type="application/json", body=msgspec.json.encode(answer))

    def _list(self, request: Request) -> tuple[int, Any]:
        url = urlsplit(request.url)
        if url.path.endswith("/shards"):
            self.lists += 1
            return 200, {"items": self.shards, "next": None}
        if url.path.endswith("/rooms"):
            shard = parse_qs(url.query).get("shard")
            rooms = [room for room in self.rooms if shard is None or [room.owner] == shard]
            return 200, {"items": rooms, "next": None, "total": len(rooms)}
        found = [room for room in self.rooms if url.path.endswith(f"/{room.id}")]
        return (200, found[0]) if found else (404, {"code": "not_found", "detail": "this room is not awake"})

    async def lists_again(self, page: Page) -> None:
        """The page has asked once more, and shows what it got."""
        before = self.lists
        async with page.expect_response(lambda response: self.lists > before and "/admin/rooms" in response.url):
            pass


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def root(browser: Browser, server: MeetServer) -> AsyncIterator[BrowserContext]:
    """The browser of an administrator who is signed in."""
    context = await browser.new_context(base_url=server.base_url, viewport=DESKTOP, color_scheme="dark")
    page = await context.new_page()
    await sign_in(page, ROOT)
    await page.close()
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(root: BrowserContext, cluster: Cluster) -> AsyncIterator[Page]:
    """Root looks at shards and rooms."""
    page = await root.new_page()
    await page.route("**/api/v1/admin/shards**", cluster.answer)
    await page.route("**/api/v1/admin/rooms**", cluster.answer)
    await page.goto("/admin/rooms")
    await expect(page.get_by_role("table", name="Rooms")).to_be_visible()
    yield page
    await page.close()


async def shown(page: Page, table: str) -> list[str]:
    """The first cells of its rows."""
    return await page.get_by_role("table", name=table).get_by_role("rowheader").all_text_contents()


def row(page: Page, name: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def cell(page: Page, name: str, text: str) -> Any:
    return row(page, name).get_by_role("cell", name=text, exact=True)


async def test_shards_and_rooms_are_shown_and_followed(page: Page, cluster: Cluster) -> None:
    assert await shown(page, "Shards") == ["shard-1", "shard-2"]
    assert await shown(page, "Rooms") == ["weekly", "daily"]
    await expect(row(page, "weekly")).to_contain_text("1795000000000")

    cluster.shards = [shard_status("shard-1", is_draining=True), shard_status("shard-2", level=3)]
    cluster.rooms = [
        room_status("third", "shard-2", members=9, mailbox=17),
        room_status("weekly", "shard-2", members=4),
    ]
    await expect(row(page, "shard-1")).to_contain_text("draining")
    await expect(row(page, "shard-2")).to_contain_text("overloaded")
    await expect(cell(page, "third", "17")).to_be_visible()
    assert await shown(page, "Rooms") == ["third", "weekly"]


async def test_nothing_moves_from_under_who_is_at_it(page: Page, cluster: Cluster) -> None:
    button = row(page, "daily").get_by_role("button")
    await button.focus()
    cluster.rooms = [room_status("daily", "shard-2", members=7), room_status("new"), room_status("weekly", members=3)]
    await expect(cell(page, "daily", "7")).to_be_visible()
    await expect(button).to_be_focused()
    assert await shown(page, "Rooms") == ["weekly", "daily", "new"]

    cluster.rooms = cluster.rooms[1:]  # it sleeps: the next one's button has the focus
    await expect(row(page, "daily")).to_have_count(0)
    await expect(row(page, "new").get_by_role("button")).to_be_focused()


async def test_it_is_kept_up_to_date_until_that_is_switched_off(page: Page, cluster: Cluster) -> None:
    await cluster.lists_again(page)
    await page.get_by_role("switch", name="Keep up to date").uncheck()
    await page.clock.install()
    before = cluster.lists
    await page.clock.run_for(10_000)
    assert cluster.lists <= before + 1  # the one that was under way
    await page.goto("/admin/log")
    before = cluster.lists
    await page.clock.run_for(10_000)
    assert cluster.lists == before


async def test_what_is_old_is_said_to_be(page: Page, cluster: Cluster) -> None:
    cluster.is_away = True
    await expect(page.get_by_role("alert")).to_contain_text("What is shown may be old.")
    assert await shown(page, "Rooms") == ["weekly", "daily"]
    cluster.is_away = False
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_room_is_found_by_its_id_or_shard(page: Page) -> None:
    await page.get_by_label("Shard", exact=True).select_option("shard-2")
    await expect(row(page, "weekly")).to_have_count(0)
    assert await shown(page, "Rooms") == ["daily"]
    await page.get_by_label("Find a room").fill("weekly")
    await expect(row(page, "weekly")).to_be_visible()
    for wrong in ("nowhere", "no/room"):
        await page.get_by_label("Find a room").fill(wrong)
        await expect(page.get_by_text("No such room is awake.")).to_be_visible()


async def test_a_room_is_moved_by_keyboard(page: Page, cluster: Cluster) -> None:
    cluster.shards += [shard_status("shard-3", is_draining=True)]
    await cluster.lists_again(page)
    await page.get_by_role("button", name="Manage room weekly").focus()
    await page.keyboard.press("Enter")
    target = page.get_by_label("Move to")
    assert await target.get_by_role("option").all_text_contents() == ["shard-2"]
    await expect(target).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The room is run by shard-2 now.")).to_be_visible()
    assert cluster.done == [("rooms/weekly/move", {"shard": "shard-2"})]
    await expect(page.get_by_role("button", name="Manage room weekly")).to_be_focused()


async def test_a_room_is_put_to_rest_and_released(page: Page, cluster: Cluster) -> None:
    await press(page, "Manage room weekly")
    await press(page, "Put to sleep")
    await expect(page.get_by_text("The room was saved.")).to_be_visible()
    await press(page, "Manage room weekly")
    await press(page, "Quarantine…")
    await press(page, "Cancel")
    await press(page, "Quarantine…")
    await press(page, "Quarantine")
    await expect(page.get_by_text("The room is closed to everybody.")).to_be_visible()
    cluster.rooms[0] = room_status("weekly", members=0, is_quarantined=True)
    await expect(row(page, "weekly")).to_contain_text("in quarantine")
    await press(page, "Manage room weekly")
    await expect(page.get_by_role("button", name="Put to sleep")).to_have_count(0)
    await press(page, "Release")
    await expect(page.get_by_text("The room may be entered again.")).to_be_visible()
    assert [path for path, _ in cluster.done] == [f"rooms/weekly/{act}" for act in ("sleep", "quarantine", "release")]


async def test_a_shard_is_drained_by_who_knows_what_follows(page: Page, cluster: Cluster) -> None:
    await press(page, "Drain shard-1")
    await expect(page.get_by_role("dialog")).to_contain_text("Its rooms move to the others")
    await press(page, "Cancel")
    cluster.shards[1] = shard_status("shard-2", is_draining=True)
    await expect(row(page, "shard-2")).to_contain_text("draining")
    await press(page, "Drain shard-1")
    await expect(page.get_by_role("dialog")).to_contain_text("people cannot meet until another is started")
    await press(page, "Drain")
    await expect(page.get_by_text("shard-1 is draining.")).to_be_visible()
    assert cluster.done == [("shards/shard-1/drain", None)]


async def test_it_is_usable_everywhere(page: Page, cluster: Cluster) -> None:
    cluster.shards = [shard_status("a-host-with-a-rather-long-name.of.a.data-centre.example-17", members=10_000)]
    cluster.rooms = [room_status("abcdefghijklmnopqrst", cluster.shards[0].id, members=10_000, mailbox=4096)]
    root = Person(page, "Root")
    for size in (DESKTOP, PHONE, SMALLEST):
        await page.set_viewport_size(size)
        await expect(row(page, "abcdefghijklmnopqrst")).to_contain_text("4096")
        await assert_usable(root)
        await press(page, "Manage room abcdefghijklmnopqrst")
        await assert_usable(root)
        await page.keyboard.press("Escape")
    assert root.complaints == []
