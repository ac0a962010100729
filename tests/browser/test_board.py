"""The board in two browsers: its tools, one's own undo, pages; and one of them offline for a while."""

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import expect

from tests.browser.conftest import PHONE, Invite
from tests.browser.doors import have_an_account
from tests.browser.person import PATIENCE_MS, Person, Point
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

SOFTER = 100
"""Of 255: what is not there at all differs by more."""
PAYLOAD = "<img src=x onerror=window.pwned=1>"

# Lets a test cut the page's sockets, and keep it from opening new ones.
CUTTABLE = """
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(url, protocol) {
    super(window.isCut ? new URL("/nowhere", url) : url, protocol);
    window.sockets.push(this);
  }
};
"""
CUT = "() => { window.isCut = true; for (const socket of window.sockets) socket.close(); }"
MEND = "() => { window.isCut = false; window.dispatchEvent(new Event('online')); }"
# Of the next frame, so that asking again and again waits.
PICTURE = """
async () => {
  await new Promise((drawn) => requestAnimationFrame(drawn));
  return document.querySelector(".paper canvas.base").toDataURL().split(",")[1];
}
"""


def line(y: float, start: float = 0.2, end: float = 0.8) -> list[Point]:
    return [(start, y), ((start + end) / 2, y), (end, y)]


async def given_a_board(server: MeetServer, person: Invite, **grace: Any) -> tuple[Person, Person]:
    """Two people with the board open; Ada is the host."""
    ada, other = await person("Ada Lovelace"), await person("Grace Hopper", **grace)
    await have_an_account(ada, server)
    link = await ada.create_meeting("Weekly planning")
    await other.page.add_init_script(CUTTABLE)
    await ada.join(link)
    await other.join(link, as_guest=True)
    for one in (ada, other):
        await one.open_board()
    return ada, other


async def see_the_same(*people: Person) -> None:
    """As soon as all have drawn what they know. Edges are a little softer where a part was drawn again."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not are_alike(*[await seen_by(one) for one in people]):
            pass


async def seen_by(one: Person) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(await one.page.evaluate(PICTURE))))


def are_alike(first: Image.Image, *others: Image.Image) -> bool:
    """In each pixel."""
    off = [ImageStat.Stat(ImageChops.difference(first, other)).extrema for other in others]
    return max(most for bands in off for _, most in bands) < SOFTER


async def test_both_draw_while_one_is_offline(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada, grace = await given_a_board(server, person)
    await ada.draw(line(0.1))
    await grace.sees_strokes(1)

    await grace.page.evaluate(CUT)
    await grace.is_told("reconnecting")
    await grace.take_tool("Rectangle")
    await grace.draw([(0.1, 0.5), (0.3, 0.8)])
    await grace.take_tool("Sticky note")
    await grace.draw([(0.5, 0.65)])
    await grace.page.get_by_role("textbox", name="Sticky note").fill("while I was away")
    await grace.page.keyboard.press("Escape")
    await ada.draw(line(0.25))
    await ada.take_tool("Arrow")
    await ada.draw([(0.7, 0.5), (0.9, 0.8)])
    await ada.page.keyboard.press("Escape")
    await ada.sees_strokes(3)
    await grace.sees_strokes(1)

    await grace.page.evaluate(MEND)
    for one in (ada, grace):
        await one.sees_strokes(5)
    await see_the_same(ada, grace)
    await ada.take_picture(artifacts / "board-two.png")


async def test_undo_takes_back_ones_own_alone(server: MeetServer, person: Invite) -> None:
    ada, grace = await given_a_board(server, person)
    await may_turn_back(ada, undo=False, redo=False)
    await ada.draw(line(0.2))
    await grace.sees_strokes(1)
    await may_turn_back(ada, undo=True, redo=False)
    await grace.draw(line(0.5))
    await ada.sees_strokes(2)

    await ada.page.keyboard.press("Control+z")
    for one in (ada, grace):
        await one.sees_strokes(1)
        await one.sees_ink((0.5, 0.5))
    await may_turn_back(ada, undo=False, redo=True)
    await ada.page.keyboard.press("Control+z")  # nothing is left of hers
    await ada.page.reload()
    await ada.open_board()
    await may_turn_back(ada, undo=False, redo=True)
    await ada.page.keyboard.press("Control+Shift+z")
    for one in (ada, grace):
        await one.sees_strokes(2)
        await one.sees_ink((0.5, 0.2))

    await may_turn_back(ada, undo=True, redo=False)
    await grace.take_tool("Eraser: takes whole elements away")
    await grace.draw([(0.5, 0.15), (0.5, 0.25)])
    await ada.sees_strokes(1)
    await may_turn_back(ada, undo=False, redo=False)
    await grace.press("Undo my last change")
    await may_turn_back(ada, undo=True, redo=False)


async def may_turn_back(one: Person, *, undo: bool, redo: bool) -> None:
    for name, can in (("Undo my last change", undo), ("Redo", redo)):
        await expect(one.page.get_by_role("button", name=name, exact=True)).to_be_enabled(enabled=can)


async def test_what_is_selected_is_moved_copied_locked_and_deleted(server: MeetServer, person: Invite) -> None:
    ada, grace = await given_a_board(server, person)
    await ada.take_tool("Rectangle")
    await ada.draw([(0.1, 0.1), (0.3, 0.3)])
    await grace.sees_ink((0.2, 0.1))

    await ada.draw([(0.15, 0.1), (0.4, 0.4), (0.45, 0.5)])  # by its line, between two handles
    await grace.sees_ink((0.5, 0.5))
    await ada.press("Duplicate")
    await grace.sees_strokes(2)
    await ada.press("Lock")
    await expect(ada.page.get_by_role("button", name="Delete", exact=True)).to_be_disabled()
    await ada.press("Unlock")
    await ada.page.locator(".paper").press("Control+a")
    await ada.page.locator(".paper").press("Delete")
    await grace.sees_strokes(0)
    await see_the_same(ada, grace)


async def test_pages(server: MeetServer, person: Invite) -> None:
    ada, grace = await given_a_board(server, person)
    await ada.draw(line(0.4))
    await ada.press("Add a page")
    await ada.sees_strokes(0)
    await ada.press("This page")
    await ada.page.get_by_label("Name").fill(PAYLOAD)
    await ada.page.get_by_label("Background").select_option("grid")
    await ada.page.get_by_label("Lock this page").check()
    await ada.press("Save")

    await grace.sees_strokes(1)
    await grace.page.get_by_role("tab", name=PAYLOAD).click()
    await expect(grace.page.get_by_text("This page is locked: only hosts and co-hosts draw on it.")).to_be_visible()
    await ada.draw(line(0.6))
    await grace.sees_strokes(1)
    await grace.sees_ink((0.5, 0.6))
    await ada.press("This page")
    await ada.press("Remove the page")
    await ada.press("Remove")

    for one in (ada, grace):
        await expect(one.page.get_by_role("tab")).to_have_count(1)
        await one.sees_ink((0.5, 0.4))
        assert await one.page.evaluate("window.pwned") is None


async def test_a_phone_writes_text_that_stays_text(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada, grace = await given_a_board(server, person, on=PHONE, theme="dark")
    await grace.take_tool("Text")
    await grace.draw([(0.3, 0.5)])
    await grace.page.get_by_role("textbox", name="Text on the board").fill(PAYLOAD)
    await grace.page.keyboard.press("Escape")

    await ada.sees_strokes(1)
    await ada.sees_ink((0.32, 0.5))
    await grace.press("Colour and width")
    await grace.take_picture(artifacts / "board-phone-dark.png")
    for one in (ada, grace):
        assert await one.page.evaluate("window.pwned") is None
        assert await one.page.locator("#main img, [onerror]").count() == 0
