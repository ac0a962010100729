"""The board's versions, past, pictures and imports; and who may draw."""

import json

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser.conftest import Invite
from tests.browser.person import Person
from tests.browser.test_board import given_a_board, line, see_the_same
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

DRAWING = {
    "type": "excalidraw",
    "version": 2,
    "elements": [
        {"id": "a", "type": "rectangle", "x": 100, "y": 100, "width": 300, "height": 200, "strokeColor": "#1e1e1e"},
        {"id": "b", "type": "mystery", "x": 0, "y": 0, "width": 10, "height": 10},
    ],
}


async def choose(person: Person, entry: str) -> None:
    """In the board's menu."""
    await person.press("More about the board")
    await person.press(entry)


async def test_versions_and_replay(server: MeetServer, person: Invite) -> None:
    ada, grace = await given_a_board(server, person)
    await ada.draw(line(0.2))
    await choose(ada, "Versions")
    await ada.page.get_by_label("Name").fill("<b>First</b>")
    await ada.press("Save this version")
    await expect(ada.page.get_by_role("list", name="Saved versions").get_by_text("<b>First</b>")).to_be_visible()
    await ada.page.keyboard.press("Escape")
    await ada.draw(line(0.5))
    await grace.sees_strokes(2)

    await choose(ada, "Versions")
    await ada.press("Restore")
    await ada.page.get_by_role("dialog", name="Restore").get_by_role("button", name="Restore").click()
    for one in (ada, grace):
        await one.sees_strokes(1)
    await ada.page.keyboard.press("Escape")
    await see_the_same(ada, grace)

    await choose(grace, "The board’s past")
    bar = grace.page.get_by_role("slider", name="Moment of the board’s past")
    shown = grace.page.locator(".replay .paper")
    await expect(shown).to_have_attribute("data-elements", "1")
    place = await shown.bounding_box()
    assert place is not None
    assert place["height"] > 200, "what was drawn is seen"
    for moment, strokes in (("3", "2"), ("0", "0"), ("1", "1")):
        await bar.fill(moment)
        await expect(shown).to_have_attribute("data-elements", strokes)
    await grace.press("Play")
    await expect(bar).to_have_value(str(await bar.get_attribute("max")))


async def test_pictures_and_imports(server: MeetServer, person: Invite) -> None:
    ada, grace = await given_a_board(server, person)
    await ada.draw(line(0.2))
    await grace.sees_strokes(1)
    for entry, start in (("Save this page as SVG", b"<svg"), ("Save this page as PNG", b"\x89PNG")):
        async with grace.page.expect_download() as download:
            await choose(grace, entry)
        path = await (await download.value).path()
        assert path.read_bytes().startswith(start)

    async with ada.page.expect_file_chooser() as chooser:
        await choose(ada, "Import an Excalidraw file")
    content = json.dumps(DRAWING).encode()
    plan: FilePayload = {"name": "plan.excalidraw", "mimeType": "application/json", "buffer": content}
    await (await chooser.value).set_files(plan)

    await expect(ada.page.get_by_role("tab", name="plan")).to_have_attribute("aria-selected", "true")
    await ada.sees_strokes(1)
    await grace.page.get_by_role("tab", name="plan").click()
    await grace.sees_strokes(1)


async def test_a_host_says_who_may_draw(server: MeetServer, person: Invite) -> None:
    ada, grace = await given_a_board(server, person)
    await choose(ada, "Who may draw")
    await ada.page.get_by_label("Who may draw", exact=True).last.select_option("some")
    await expect(grace.page.get_by_text("Only some people draw in this meeting.")).to_be_visible()
    await ada.page.get_by_role("switch", name="Grace Hopper").check()

    await expect(grace.page.get_by_text("Only some people draw in this meeting.")).to_be_hidden()
    await grace.take_tool("Pen")
    await grace.draw(line(0.5))
    await ada.sees_strokes(1)
