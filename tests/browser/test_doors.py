"""Coming through the doors of a meeting, seen from both sides: lobby, lock, passcode, links, invitations."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE, Invite, on_its_own_server
from tests.browser.doors import (
    given_a_host,
    given_a_meeting,
    is_inside,
    is_told_to_wait,
    knock,
    open_people,
    open_settings,
    sees_page,
    sign_in,
    sign_up,
)
from tests.browser.test_usable import SMALLEST, assert_usable
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser


@pytest.mark.cameras
async def test_the_lobby_lets_in_and_sends_away(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada, "Waiting room")
    await ada.join(link)
    grace = await person("Grace Hopper", on=PHONE, theme="dark")

    await knock(grace, link)
    await is_told_to_wait(grace)
    await expect(grace.page.get_by_role("status").get_by_text("Ada Lovelace will let you in.")).to_be_visible()
    notice = ada.page.get_by_role("region", name="Waiting to be let in")
    await expect(notice.get_by_text("Grace Hopper waits to be let in.")).to_be_visible()
    await grace.take_picture(artifacts / "waiting-phone.png")
    await ada.take_picture(artifacts / "knock-desktop.png")
    await expect(grace.page.locator(".tile")).to_have_count(0)

    await notice.get_by_role("button", name="Deny").click()
    await sees_page(grace, "You were not let in")
    await grace.take_picture(artifacts / "denied-phone.png")
    await expect(notice).to_be_hidden()

    await grace.press("Ask again")
    await grace.press("Join the meeting")
    await is_told_to_wait(grace)
    await notice.get_by_role("button", name="Admit", exact=True).click()
    await is_inside(grace)
    await expect(notice).to_be_hidden()
    await ada.sees_moving_pictures()
    await grace.sees_moving_pictures()


async def test_who_waits_keeps_the_place_over_a_reload(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_a_host(server, person, theme="dark")
    link = await given_a_meeting(ada, "Waiting room")
    await ada.join(link)
    people = [await person(name) for name in ("Grace Hopper", "Mary Shelley")]
    for one in people:
        await knock(one, link)
        await is_told_to_wait(one)
    queue = (await open_people(ada)).get_by_role("list", name="Waiting")
    await expect(queue.locator(".name")).to_have_text(["Grace Hopper", "Mary Shelley"])
    await ada.take_picture(artifacts / "queue-desktop.png")

    await people[0].page.reload()

    await is_told_to_wait(people[0])
    await people[0].take_picture(artifacts / "waiting-desktop.png")
    await expect(queue.locator(".name")).to_have_text(["Grace Hopper", "Mary Shelley"])
    await (await open_people(ada)).get_by_role("button", name="Admit all").click()
    for one in people:
        await is_inside(one)
        await expect(one.page.locator(".tile")).to_have_count(3)


@on_its_own_server
async def test_a_restart_of_the_server_keeps_the_queue(server: MeetServer, person: Invite) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada, "Waiting room")
    await ada.join(link)
    grace = await person("Grace Hopper")
    await knock(grace, link)
    await is_told_to_wait(grace)

    server.kill()
    await expect(grace.page.get_by_text("Your place in the queue is kept")).to_be_visible()
    server.start()

    await expect(grace.page.get_by_text("Ada Lovelace will let you in.")).to_be_visible()
    await ada.was_told_that_nothing_is_lost()
    await ada.press("Admit")
    await is_inside(grace)


async def test_a_locked_meeting_lets_nobody_else_in(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada)
    await ada.join(link)
    grace, mary = await person("Grace Hopper"), await person("Mary Shelley", on=PHONE)
    await knock(grace, link)
    await is_inside(grace)

    settings = await open_settings(ada)
    await settings.get_by_role("switch", name="Lock the meeting").check()
    await expect(grace.page.locator(".badge.locked")).to_be_visible()
    await ada.take_picture(artifacts / "room-settings-desktop.png")
    await knock(mary, link)
    await sees_page(mary, "The meeting is locked")
    await mary.take_picture(artifacts / "locked-phone.png")

    await grace.page.reload()
    await is_inside(grace)
    await settings.get_by_role("switch", name="Lock the meeting").uncheck()
    await expect(grace.page.locator(".badge.locked")).to_be_hidden()
    await mary.press("Try again")
    await mary.press("Join the meeting")
    await is_inside(mary)


async def test_the_passcode_is_asked_for(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada, passcode="open sesame")
    await ada.join(link)
    grace = await person("Grace Hopper", theme="dark")

    await grace.page.goto(link)
    await grace.page.get_by_label("Passcode").fill("open barley")
    await grace.page.get_by_label("Your name").fill("Grace Hopper")
    await grace.press("Join the meeting")
    await expect(grace.page.get_by_role("alert")).to_have_text("The passcode is wrong.")
    await expect(grace.page.get_by_label("Passcode")).to_be_focused()
    await grace.take_picture(artifacts / "passcode-desktop.png")
    await grace.page.keyboard.type("open sesame")
    await grace.page.keyboard.press("Enter")
    await is_inside(grace)


async def test_a_guest_link_opens_until_it_is_revoked(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_a_host(server, person, theme="dark")
    link = await given_a_meeting(ada, "Only invited people", "Waiting room", passcode="open sesame")
    await ada.page.goto("/")
    await ada.page.get_by_role("link", name="Settings of Weekly planning").click()
    await ada.page.get_by_text("New guest link").click()
    await ada.page.get_by_label("For whom").fill("Grace’s people")
    await ada.page.get_by_role("switch", name="Past the waiting room").check()
    await ada.page.evaluate("navigator.clipboard.writeText = async (text) => void (window.copied = text)")
    await ada.press("Make link")
    await expect(ada.page.get_by_text("Link copied")).to_be_visible()
    by_link = await ada.page.evaluate("window.copied")
    await ada.take_picture(artifacts / "settings-desktop.png")
    grace, mary = await person("Grace Hopper", on=PHONE), await person("Mary Shelley")

    await grace.page.goto(link)
    await expect(grace.page.get_by_text("Only people who are invited may join.")).to_be_visible()
    await grace.take_picture(artifacts / "invited-only-phone.png")
    await knock(grace, by_link)
    await is_inside(grace)

    await ada.press("Revoke Grace’s people")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    await expect(ada.page.get_by_text("The link is revoked.")).to_be_visible()
    await knock(mary, by_link)
    await sees_page(mary, "You cannot come in")
    await mary.take_picture(artifacts / "revoked-desktop.png")
    await is_inside(grace)


async def test_who_is_invited_signs_in_and_comes_in_as_invited(
    server: MeetServer, person: Invite, artifacts: Path
) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada, "Only invited people")
    await ada.page.goto("/")
    await ada.page.get_by_role("link", name="Settings of Weekly planning").click()
    await ada.page.get_by_text("Invite somebody").click()
    grace, mary = await person("Grace Hopper"), await person("Mary Shelley")
    await ada.page.get_by_label("E-mail address").fill(grace.email)
    await ada.page.get_by_label("They come in as").last.select_option("cohost")
    await ada.press("Invite")
    await expect(ada.page.get_by_role("region", name="Invited people").get_by_text(grace.email)).to_be_visible()
    await ada.join(link)

    await grace.page.goto(link)
    await grace.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    await sign_up(grace, server)
    await sign_in(grace)
    await grace.page.goto("/")
    await grace.press("Join the meeting")
    await is_inside(grace)
    panel = await open_people(grace)
    await expect(panel.locator("li", has_text="Grace Hopper (you)").get_by_text("Co-host")).to_be_visible()
    await panel.get_by_role("button", name="What to do with Ada Lovelace").click()
    await expect(grace.page.get_by_role("dialog").get_by_text("only another host can")).to_be_visible()
    await expect(grace.page.get_by_role("dialog").get_by_role("button", name="Remove from")).to_have_count(0)

    await mary.page.goto("/")
    await sign_up(mary, server)
    await sign_in(mary)
    await mary.page.goto(link)
    await mary.press("Join the meeting")
    await sees_page(mary, "You cannot come in")
    await expect(mary.page.get_by_text("Only those who are invited may join this meeting.")).to_be_visible()


async def test_a_host_answers_the_door_by_keyboard_and_by_ear(server: MeetServer, person: Invite) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada, "Waiting room")
    await ada.join(link)
    grace, mary = await person("Grace Hopper"), await person("Mary Shelley")
    await knock(grace, link)
    await expect(ada.page.locator("#announcer")).to_have_text("Grace Hopper waits to be let in")
    await knock(mary, link)
    await is_told_to_wait(mary)

    panel = await open_people(ada)
    await panel.get_by_role("button", name="Admit Grace Hopper").focus()
    await ada.page.keyboard.press("Enter")
    await is_inside(grace)
    await expect(panel.get_by_role("button", name="Admit Mary Shelley")).to_be_focused()
    menu = panel.get_by_role("button", name="What to do with Grace Hopper")
    await menu.focus()
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("dialog", name="Grace Hopper")).to_be_visible()
    await grace.page.keyboard.press("h")
    await expect(panel.get_by_text("hand raised")).to_be_attached()
    await ada.page.keyboard.press("Escape")
    await expect(menu).to_be_focused()


async def test_every_view_of_the_doors_on_the_smallest_phone(
    server: MeetServer, person: Invite, artifacts: Path
) -> None:
    ada = await given_a_host(server, person, on=SMALLEST)
    link = await given_a_meeting(ada, "Waiting room", passcode="open sesame")
    await ada.page.goto("/")
    await ada.page.get_by_text("Who may come in").click()
    await assert_usable(ada)
    await ada.take_picture(artifacts / "new-meeting-phone.png")
    await ada.page.get_by_role("link", name="Settings of Weekly planning").click()
    for summary in ("New guest link", "Invite somebody"):
        await ada.page.get_by_text(summary).click()
    await assert_usable(ada)
    await ada.page.screenshot(path=artifacts / "settings-phone.png", full_page=True)
    await ada.join(link)
    grace = await person("Grace with a rather long name for a phone", on=SMALLEST, theme="dark")
    await grace.page.goto(link)
    await grace.page.get_by_label("Your name").fill(grace.name)
    await grace.page.get_by_label("Passcode").fill("open sesame")
    await assert_usable(grace)
    await grace.press("Join the meeting")
    await is_told_to_wait(grace)
    await assert_usable(grace)
    await expect(ada.page.get_by_role("region", name="Waiting to be let in")).to_be_visible()
    await assert_usable(ada)
    await ada.take_picture(artifacts / "knock-phone.png")
    panel = await open_people(ada)
    await assert_usable(ada)
    await ada.take_picture(artifacts / "queue-phone.png")
    await panel.get_by_role("button", name="Admit").click()
    await is_inside(grace)
    await panel.get_by_role("button", name="What to do with").click()
    await assert_usable(ada)
    await ada.take_picture(artifacts / "person-menu-phone.png")
    await ada.page.keyboard.press("Escape")
    await ada.page.keyboard.press("Escape")
    await open_settings(ada)
    await assert_usable(ada)
    await ada.take_picture(artifacts / "room-settings-phone.png")
