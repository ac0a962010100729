"""What hosts do with those inside: sending out, banning, muting, making viewers."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE, Invite
from tests.browser.doors import (
    MAKE_LINK,
    given_a_host,
    given_a_meeting,
    is_inside,
    knock,
    open_people,
    open_settings,
    sees_page,
    send_out,
)
from tests.browser.person import Person
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser


async def test_a_removal_holds_in_every_tab_and_under_every_name(
    server: MeetServer, person: Invite, artifacts: Path
) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada)
    await ada.join(link)
    grace = await person("Grace Hopper", on=PHONE, theme="dark")
    other_tab = await Person.open(grace.page.context, "Grace Hopper")
    for tab in (grace, other_tab):
        await knock(tab, link)
        await is_inside(tab)
    await expect(ada.page.locator(".tile")).to_have_count(3)

    await send_out(ada, "Grace Hopper", "Remove")

    for tab in (grace, other_tab):
        await sees_page(tab, "You were removed from the meeting")
    await grace.take_picture(artifacts / "removed-phone.png")
    await expect(ada.page.locator(".tile")).to_have_count(1)
    await knock(grace, link, name="Somebody Else")
    await sees_page(grace, "You cannot come in")


async def test_a_ban_that_is_lifted_lets_in_again(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada)
    await ada.join(link)
    grace, mary = await person("Grace Hopper"), await person("Mary Shelley")
    await knock(grace, link)
    await is_inside(grace)
    await send_out(ada, "Grace Hopper", "Ban")
    await sees_page(grace, "You were banned from the meeting")
    await knock(mary, link)  # a guest from the same address
    await sees_page(mary, "You cannot come in")

    settings = await open_settings(ada)
    await expect(settings.get_by_text("Banned")).to_be_visible()
    await ada.take_picture(artifacts / "bans-desktop.png")
    await settings.get_by_role("button", name="Let Grace Hopper back in").click()
    await expect(settings.get_by_text("Nobody. Whoever is removed")).to_be_visible()

    for one in (grace, mary):
        await knock(one, link)
        await is_inside(one)


@pytest.mark.cameras
async def test_who_is_muted_by_a_host_is_quiet_and_told(server: MeetServer, person: Invite) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada)
    await ada.join(link)
    grace = await person("Grace Hopper")
    await knock(grace, link)
    await is_inside(grace)
    microphone = grace.page.locator("[data-tool=audio]")
    await expect(microphone).to_have_attribute("aria-pressed", "true")

    panel = await open_people(ada)
    await expect(panel.locator("li", has_text="Grace Hopper").get_by_text("microphone on")).to_be_attached()
    await panel.get_by_role("button", name="What to do with Grace Hopper").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Mute").click()

    await expect(grace.page.get_by_text("Ada Lovelace muted your microphone.")).to_be_visible()
    await expect(microphone).to_have_attribute("aria-pressed", "false")
    await expect(panel.locator("li", has_text="Grace Hopper").get_by_text("microphone off")).to_be_attached()
    await microphone.click()
    await expect(microphone).to_have_attribute("aria-pressed", "true")


@pytest.mark.cameras
async def test_who_is_made_a_viewer_sends_nothing_more(server: MeetServer, person: Invite) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada)
    await ada.join(link)
    grace = await person("Grace Hopper")
    await knock(grace, link)
    await is_inside(grace)
    await ada.sees_moving_pictures()

    await (await open_people(ada)).get_by_role("button", name="What to do with Grace Hopper").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Make viewer").click()

    await expect(grace.page.get_by_text("You are now a viewer.")).to_be_visible()
    await expect(grace.page.locator("[data-tool=audio]")).to_be_hidden()
    await expect(grace.page.locator(".tile.self").get_by_text("microphone off")).to_be_attached()
    await expect(grace.page.locator(".tile.self.has-video")).to_have_count(0)
    await grace.sees_moving_pictures()


@pytest.mark.cameras
async def test_a_viewer_by_link_sees_and_sends_nothing(server: MeetServer, person: Invite) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada)
    path = f"/meetings/{link.rpartition('/')[2]}/links"
    for_viewers = await ada.page.evaluate(MAKE_LINK, [path, {"role": "viewer", "label": "Audience"}])
    await ada.join(link)
    grace = await person("Grace Hopper")
    await knock(grace, for_viewers)
    await is_inside(grace)

    await grace.sees_moving_pictures()
    await expect(ada.tile_of("Grace Hopper").get_by_text("microphone off")).to_be_attached()
    await grace.page.keyboard.press("m")  # the shortcut too
    await expect(grace.page.locator(".tile.self").get_by_text("microphone off")).to_be_attached()
    await grace.page.reload()
    await is_inside(grace)
    await grace.sees_moving_pictures()
