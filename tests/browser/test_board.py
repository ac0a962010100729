"""The board in two browsers: its tools, one's own undo, pages; and one of them offline for a while."""

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import FloatRect, Locator, expect

from meetserver.client import Api, RoomClient
from meetserver.whiteboard.messages import Apply, Put
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
# The room is too busy for the first command that it gets.
ORDERED = """
async () => {
  const { Pending } = await import("/static/js/room/pending.js");
  const got = [];
  const busy = Object.assign(new Error("busy"), { temporary: true, retryAfterS: 0.02 });
  const pending = new Pending();
  const all = [pending.add("whiteboard.apply", {}, "a")];
  const ask = async (type) => { if (got.push(type) === 1) throw busy; };
  pending.use({ isOpen: true, ask });
  await new Promise((refused) => setTimeout(refused));
  all.push(pending.add("whiteboard.undo", {}, "b"), pending.add("chat.send", {}, "c"));
  await Promise.all(all);
  return got;
}
"""
# The room takes nothing for a long time, and then for too long.
PATIENT = """
async () => {
  const { Pending } = await import("/static/js/room/pending.js");
  let late = 0;
  const now = performance.now.bind(performance);
  performance.now = () => now() + late;
  const pending = new Pending();
  const tries = { "whiteboard.apply": 0, "chat.send": 0 };
  const ask = async (type) => {
    tries[type] += 1;
    if (tries[type] === 20) late = 120_000;
    throw Object.assign(new Error("busy"), { temporary: true, retryAfterS: 0.001 });
  };
  pending.use({ isOpen: true, ask });
  const asked = Object.keys(tries).map((type) => pending.add(type, {}, type).catch((error) => error.message));
  return [await Promise.all(asked), tries];
}
"""
# A board that was fetched, as of the last of the events that were held back meanwhile.
FETCHED = """
async () => {
  const { Store } = await import("/static/js/room/store.js");
  const store = new Store();
  const put = (id) => ({ op: "put", id, element: {} });
  const applied = (seq, ...ops) => ({ type: "whiteboard.applied", seq, by: "p", data: { ops } });
  const pages = { 1: [{ id: "b", element: {}, z: 1 }] };
  store.reset({ whiteboard: { pages, order: ["1"], sheets: { 1: {} }, next_z: 2, seq: 4 } }, {}, 1);
  store.apply(applied(2, put("a")));
  store.apply({ type: "whiteboard.cleared", seq: 3, by: "p", data: {} });
  for (const [seq, id] of [[4, "b"], [5, "c"]]) store.apply(applied(seq, put(id)));
  store.apply(applied(6, { op: "order", id: "b", z: 3 }));
  return store.board.pages.get("1").inOrder.map(({ id, z }) => `${id}${z}`);
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
    await grace.page.keyboard.press("Control+z")  # it would happen when she is back, as often as she pressed it
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
    board = "whiteboard."
    assert await ada.page.evaluate(FETCHED) == ["c2", "b3"]
    assert await ada.page.evaluate(ORDERED) == [f"{board}apply", "chat.send", f"{board}apply", f"{board}undo"]
    assert await ada.page.evaluate(PATIENT) == [["busy", "busy"], {f"{board}apply": 20, "chat.send": 5}]
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
    await put_by_another_program(server, ada, {"kind": "stroke"}, {"kind": "mystery"})
    await grace.sees_strokes(4)
    await ada.page.locator(".paper").press("Control+a")
    for key in ("Shift+ArrowUp", "Shift+ArrowUp", "Delete"):
        await ada.page.locator(".paper").press(key)
    await grace.sees_strokes(2)  # nobody sees those that cannot be drawn
    await see_the_same(ada, grace)

    # They lie upon each other as before, however they were selected.
    for tool, place in (("Rectangle", 0.2), ("Ellipse", 0.3)):
        await ada.take_tool(tool)
        await ada.draw([(place, place), (place + 0.2, place + 0.2)])
    await ada.draw([(0.9, 0.9), (0.05, 0.05)])
    await ada.press("To the front")
    await ada.press("Duplicate")
    await grace.sees_strokes(6)
    await ada.page.locator(".paper").press("Escape")
    for number, kind in enumerate(("Rectangle", "Ellipse", "Rectangle", "Ellipse"), 1):
        await ada.page.locator(".paper").press(".")
        await expect(ada.page.locator("#announcer")).to_have_text(f"{kind}, {number} of 4")
    await ada.page.locator(".paper").press("Control+a")
    await ada.page.locator(".paper").press("Delete")
    await grace.sees_strokes(2)

    # What somebody writes on is there, whoever deletes it meanwhile.
    await ada.take_tool("Sticky note")
    await ada.draw([(0.5, 0.5)])
    note = ada.page.get_by_role("textbox", name="Sticky note")
    await note.fill("Plan")
    await ada.page.keyboard.press("Escape")
    await grace.sees_strokes(3)
    await ada.page.mouse.dblclick(*(await ada.on_board([(0.5, 0.5)]))[0])
    await expect(note).to_have_value("Plan")
    await grace.page.locator(".paper").press("Control+a")
    await grace.page.locator(".paper").press("Delete")
    await ada.sees_strokes(2)
    await note.fill("Plan of a long afternoon")
    await ada.page.keyboard.press("Escape")
    await grace.sees_strokes(3)


async def put_by_another_program(server: MeetServer, host: Person, *elements: dict[str, Any]) -> None:
    meeting = host.page.url.rpartition("/")[2]
    async with Api(server.base_url) as api, RoomClient.join(await api.join(meeting, name="Bot")) as bot:
        await bot.send(Apply([Put(str(number), element) for number, element in enumerate(elements)]))


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
    await grace.page.locator(".paper").press(".")  # who only looks on can go through what is there, too
    await expect(grace.page.locator("#announcer")).to_have_text("Stroke, 1 of 1")
    await ada.press("This page")
    await ada.page.get_by_label("Lock this page").uncheck()
    await ada.press("Save")
    await grace.take_tool("Pen")
    begun, *_, end = await grace.on_board(line(0.8))
    await grace.page.mouse.move(*begun)
    await grace.page.mouse.down()

    await ada.press("This page")
    await ada.press("Remove the page")
    await ada.press("Remove")
    await expect(grace.page.get_by_role("tab")).to_have_count(1)
    await grace.page.mouse.move(*end)  # what was under way there is on no page
    await grace.page.mouse.up()

    for one in (ada, grace):
        await expect(one.page.get_by_role("tab")).to_have_count(1)
        await one.sees_strokes(1)
        await one.sees_ink((0.5, 0.4))
        assert await one.page.evaluate("window.pwned") is None


async def test_a_phone_writes_text_that_stays_text(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada, grace = await given_a_board(server, person, on=PHONE, theme="dark")
    await grace.take_tool("Text")
    paper, written = grace.page.locator(".paper"), grace.page.get_by_role("textbox", name="Text on the board")
    whole = str(await paper.get_attribute("data-view"))
    await grace.draw([(0.3, 0.5)])
    await expect(written).to_have_css("font-size", "16px")  # on the page as it is seen it would be 6
    await expect(written).to_be_in_viewport(ratio=1)
    await written.fill(PAYLOAD)
    await grace.page.keyboard.press("Escape")
    await expect(paper).to_have_attribute("data-view", whole)

    await ada.sees_strokes(1)
    await ada.sees_ink((0.32, 0.5))
    await grace.take_tool("Text")
    await grace.draw([(0.9, 0.7)])
    await written.fill("goes on in the next line")
    await grace.page.keyboard.press("Escape")
    await ada.sees_ink((0.91, 0.75))
    await grace.page.locator(".paper").press("Escape")
    await grace.press("Colour and width")
    await grace.take_picture(artifacts / "board-phone-dark.png")
    for one in (ada, grace):
        assert await one.page.evaluate("window.pwned") is None
        assert await one.page.locator("#main img, [onerror]").count() == 0
    await grace.page.set_viewport_size({"width": 740, "height": 360})  # turned: there is still room to draw
    assert (await place_of(paper))["height"] > 120
    await ada.page.set_viewport_size({"width": 760, "height": 700})
    await ada.page.locator("[data-tool=chat]").click()
    tools, actions = ada.page.locator(".toolbox"), ada.page.locator(".board-actions")
    last = await place_of(tools.get_by_title("Eraser: takes whole elements away"))
    assert last["x"] + last["width"] <= (await place_of(actions))["x"], "nothing lies upon another"


async def place_of(what: Locator) -> FloatRect:
    place = await what.bounding_box()
    assert place is not None
    return place
