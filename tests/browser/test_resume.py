"""The server ends in the middle of a meeting, and comes back: so do the pages, by themselves."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Invite, on_its_own_server
from tests.browser.doors import have_an_account
from tests.browser.person import Person
from tests.servers.meetserver import MeetServer

pytestmark = [pytest.mark.browser, pytest.mark.cameras, pytest.mark.faults]

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

STROKE = [(0.2, 0.5), (0.8, 0.5)]


async def given_a_meeting(server: MeetServer, person: Invite, *, before_grace: str = "") -> tuple[Person, Person]:
    """Two people who see each other. `before_grace` runs in Grace's page before its own scripts."""
    ada = await person("Ada Lovelace")
    grace = await person("Grace Hopper")
    await grace.page.add_init_script(before_grace)
    await have_an_account(ada, server)
    link = await ada.create_meeting("Weekly planning")
    await ada.join(link)
    await grace.join(link, as_guest=True)
    await ada.sees_moving_pictures()
    await grace.sees_moving_pictures()
    return ada, grace


@on_its_own_server
@pytest.mark.parametrize("end", [MeetServer.kill, MeetServer.stop])
async def test_pages_come_back_after_the_server_was_away(
    server: MeetServer, person: Invite, artifacts: Path, end: Callable[[MeetServer], None]
) -> None:
    ada, grace = await given_a_meeting(server, person)
    await ada.say("before")
    await grace.sees_message("before")

    end(server)
    for one in (ada, grace):
        await one.is_told("reconnecting")
    await ada.take_picture(artifacts / "reconnecting.png")
    await ada.say("while it was down")
    await grace.open_board()
    await grace.draw(STROKE)
    await grace.sees_moving_pictures()  # they do not go through the server
    server.start()

    for one in (ada, grace):
        await one.was_told_that_nothing_is_lost()
        await one.is_connected()
        await one.sees_moving_pictures()
    await ada.sees_message("before")
    await ada.sees_message("while it was down")
    await grace.say("and after")
    await ada.sees_message("and after")
    for text in ("before", "while it was down"):
        await grace.sees_message(text)
    await ada.open_board()
    for one in (ada, grace):
        await one.sees_strokes(1)
        await expect(one.page.locator(".tile")).to_have_count(2)
        await expect(one.page.locator(".tile.away")).to_have_count(0)


async def test_a_page_that_is_loaded_again_is_the_same_person(server: MeetServer, person: Invite) -> None:
    ada, grace = await given_a_meeting(server, person)
    await ada.say("before")
    await grace.sees_message("before")

    await grace.page.reload()

    await expect(grace.tile_of("Ada Lovelace")).to_be_visible()
    await grace.sees_moving_pictures()
    await ada.sees_moving_pictures()
    await grace.say("after")
    for one in (ada, grace):
        await one.sees_message("before")
        await one.sees_message("after")
        await expect(one.page.locator(".tile")).to_have_count(2)

    await asyncio.gather(ada.page.reload(), grace.page.reload())  # both call each other at once: one call stays
    for one in (ada, grace):
        await expect(one.page.locator(".tile")).to_have_count(2)
        await one.sees_moving_pictures()


@pytest.mark.parametrize("server", [{"MEET_RESUME_WINDOW_S": "1"}], indirect=True)
async def test_who_was_away_for_too_long_comes_in_anew(server: MeetServer, person: Invite) -> None:
    ada, grace = await given_a_meeting(server, person, before_grace=CUTTABLE)
    await ada.say("before")
    await grace.sees_message("before")

    await grace.page.evaluate(CUT)
    await grace.is_told("reconnecting")
    await grace.open_board()
    await grace.draw(STROKE)
    await expect(ada.page.locator(".tile")).to_have_count(1)
    await ada.say("meanwhile")
    await grace.page.evaluate("window.isCut = false")

    await grace.is_connected()
    await grace.sees_strokes(1)
    await grace.say("here again")
    for one in (ada, grace):
        for text in ("before", "meanwhile", "here again"):
            await one.sees_message(text)
        await expect(one.page.locator(".tile")).to_have_count(2)
        await one.sees_moving_pictures()
