"""A meeting in two browsers: an account, a guest, pictures, chat, the board."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import NO_CAMERA, PHONE, Invite
from tests.browser.doors import have_an_account
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

STROKE = [(0.2, 0.3), (0.5, 0.3), (0.8, 0.3)]
OTHER_STROKE = [(0.2, 0.7), (0.5, 0.7), (0.8, 0.7)]


@pytest.mark.cameras
async def test_two_people_meet(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await person("Ada Lovelace")
    grace = await person("Grace Hopper", on=PHONE, theme="dark")
    await ada.sign_up(server.data_dir / "mail")
    await ada.sign_in()
    link = await ada.create_meeting("Weekly planning")
    await ada.take_picture(artifacts / "door-desktop.png")
    await ada.join(link)
    await grace.join(link, as_guest=True)

    await expect(ada.tile_of("Grace Hopper")).to_be_visible()
    await expect(grace.tile_of("Ada Lovelace")).to_be_visible()
    await ada.sees_moving_pictures()
    await grace.sees_moving_pictures()
    await ada.take_picture(artifacts / "room-desktop.png")
    await grace.take_picture(artifacts / "room-phone.png")

    await ada.say("Can you hear me?")
    await grace.say("Loud and clear.")
    for one in (ada, grace):
        await one.sees_message("Can you hear me?")
        await one.sees_message("Loud and clear.")
    await ada.take_picture(artifacts / "chat-desktop.png")
    await grace.take_picture(artifacts / "chat-phone.png")

    await grace.press("Close chat")
    for one in (ada, grace):
        await one.open_board()
    await ada.draw(STROKE)
    await grace.draw(OTHER_STROKE)
    for one in (ada, grace):
        await one.sees_strokes(2)
        await one.sees_ink(STROKE[1])
        await one.sees_ink(OTHER_STROKE[1])
    await ada.take_picture(artifacts / "board-desktop.png")
    await grace.take_picture(artifacts / "board-phone.png")


async def test_the_host_ends_the_meeting_for_everybody(server: MeetServer, person: Invite) -> None:
    ada = await person("Ada Lovelace")
    grace = await person("Grace Hopper")
    await have_an_account(ada, server)
    link = await ada.create_meeting("A short one")
    await ada.join(link)
    await grace.join(link, as_guest=True)
    await expect(ada.tile_of("Grace Hopper")).to_be_visible()

    await ada.page.locator("[data-tool=leave]").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="End for everybody").click()

    for one in (ada, grace):
        await expect(one.page.get_by_role("heading", name="The meeting has ended")).to_be_visible()


@pytest.mark.cameras
async def test_a_guest_without_camera_comes_in_all_the_same(server: MeetServer, person: Invite) -> None:
    ada = await person("Ada Lovelace")
    grace = await person("Grace Hopper")
    await grace.page.add_init_script(NO_CAMERA)
    await have_an_account(ada, server)
    link = await ada.create_meeting("Weekly planning")
    await ada.join(link)

    await grace.page.goto(link)
    await expect(grace.page.get_by_text("No camera and microphone was found.")).to_be_visible()
    await grace.join(link, as_guest=True)

    await grace.sees_moving_pictures()
    await expect(ada.tile_of("Grace Hopper").get_by_text("microphone off")).to_be_attached()
