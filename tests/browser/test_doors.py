"""The doors of a meeting, from both sides: lobby, lock, passcode, guest links, being sent out."""

from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import PHONE, Invite
from tests.browser.mails import link_to
from tests.browser.person import PASSWORD, Person
from tests.browser.test_usable import SMALLEST, assert_usable
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

MAKE_LINK = """
async ([path, body]) => {
  const { csrf_token } = await (await fetch("/api/v1/auth/csrf")).json();
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token };
  return (await (await fetch("/api/v1" + path, { method: "POST", headers, body: JSON.stringify(body) })).json()).url;
}
"""
POST = """
async ([path, body]) => {
  const headers = { "Content-Type": "application/json" };
  return (await fetch("/api/v1" + path, { method: "POST", headers, body: JSON.stringify(body) })).status;
}
"""


async def given_a_host(server: MeetServer, person: Invite, **how: object) -> Person:
    """With an account, made and signed in by calls: the pages for that have tests of their own."""
    ada = await person("Ada Lovelace", **how)
    await ada.page.goto("/")
    await sign_up(ada, "ada@example.org", server)
    await sign_in(ada, "ada@example.org")
    return ada


async def sign_up(one: Person, email: str, server: MeetServer) -> None:
    assert await call(one, "/auth/register", email=email, password=PASSWORD, name=one.name) < 300
    token = (await link_to(email, server.data_dir / "mail")).rpartition("/")[2]
    assert await call(one, "/auth/verify", token=token) < 300


async def sign_in(one: Person, email: str) -> None:
    assert await call(one, "/auth/login", email=email, password=PASSWORD, cookie=True) == 200


async def call(one: Person, path: str, **body: object) -> int:
    return int(await one.page.evaluate(POST, [path, body]))


async def given_a_meeting(ada: Person, *switches: str, passcode: str = "") -> str:
    """Made with these switches on. Returns its link."""
    await ada.page.goto("/")
    await ada.page.get_by_label("What is it about?").fill("Weekly planning")
    await ada.page.get_by_text("Who may come in").click()
    for name in switches:
        await ada.page.get_by_role("switch", name=name).check()
    await ada.page.get_by_label("Passcode").fill(passcode)
    await ada.press("New meeting")
    await expect(ada.page.get_by_role("button", name="Join the meeting")).to_be_visible()
    return ada.page.url


async def knock(one: Person, link: str, *, name: str = "") -> None:
    """As a guest, to the door and through it if it opens."""
    await one.page.goto(link)
    await one.page.get_by_label("Your name").fill(name or one.name)
    await one.press("Join the meeting")


async def is_told_to_wait(one: Person) -> None:
    await expect(one.page.get_by_role("heading", name="Please wait")).to_be_visible()


async def sees_page(one: Person, heading: str) -> None:
    await expect(one.page.get_by_role("heading", name=heading)).to_be_visible()


async def is_inside(one: Person) -> None:
    await expect(one.page.locator(".tile.self")).to_be_visible()


async def open_people(one: Person) -> Locator:
    panel = one.page.locator("#panel-people")
    if not await panel.is_visible():
        await one.page.keyboard.press("p")
    await expect(panel).to_be_visible()
    return panel


async def open_settings(one: Person) -> Locator:
    await one.page.locator("[data-tool=more]").click()
    await one.press("Meeting settings")
    return one.page.get_by_role("dialog", name="Meeting settings")


async def send_out(host: Person, name: str, how: str) -> None:
    """`how`: Remove or Ban."""
    panel = await open_people(host)
    await panel.get_by_role("button", name=f"What to do with {name}").first.click()
    await host.page.get_by_role("dialog").get_by_role("button", name=f"{how} from the meeting").click()
    await host.page.get_by_role("dialog").get_by_role("button", name=how, exact=True).click()


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


async def test_who_is_invited_signs_in_and_comes_in_as_invited(
    server: MeetServer, person: Invite, artifacts: Path
) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada, "Only invited people")
    await ada.page.goto("/")
    await ada.page.get_by_role("link", name="Settings of Weekly planning").click()
    await ada.page.get_by_text("Invite somebody").click()
    await ada.page.get_by_label("E-mail address").fill("grace@example.org")
    await ada.page.get_by_label("They come in as").last.select_option("cohost")
    await ada.press("Invite")
    await expect(ada.page.get_by_role("region", name="Invited people").get_by_text("grace@example.org")).to_be_visible()
    await ada.join(link)
    grace, mary = await person("Grace Hopper"), await person("Mary Shelley")

    await grace.page.goto(link)
    await grace.page.get_by_role("main").get_by_role("link", name="Sign in").click()
    await sign_up(grace, "grace@example.org", server)
    await sign_in(grace, "grace@example.org")
    await grace.page.goto("/")
    await grace.press("Join the meeting")
    await is_inside(grace)
    panel = await open_people(grace)
    await expect(panel.locator("li", has_text="Grace Hopper (you)").get_by_text("Co-host")).to_be_visible()
    await panel.get_by_role("button", name="What to do with Ada Lovelace").click()
    await expect(grace.page.get_by_role("dialog").get_by_role("button", name="Mute")).to_be_visible()
    await expect(grace.page.get_by_role("dialog").get_by_role("button", name="Remove from")).to_have_count(0)

    await mary.page.goto("/")
    await sign_up(mary, "mary@example.org", server)
    await sign_in(mary, "mary@example.org")
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
