"""The chat as people use it: what is said about messages, who is mentioned, what is private, what hosts allow."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import PHONE, Invite
from tests.browser.doors import given_a_host, given_a_meeting, have_an_account, open_settings
from tests.browser.person import Person
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser


async def given_two(server: MeetServer, person: Invite) -> tuple[Person, Person]:
    """Ada, a host, and Grace, a guest with a phone, both with the chat open."""
    ada = await given_a_host(server, person)
    grace = await person("Grace Hopper", on=PHONE, theme="dark")
    link = await given_a_meeting(ada)
    for one in (ada, grace):
        await one.join(link, as_guest=one is grace)
        await one.page.locator("[data-tool=chat]").click()
    return ada, grace


def message(one: Person, text: str) -> Locator:
    return one.page.locator(".message:not(.pending)", has=one.page.locator(".text", has_text=text))


async def do(one: Person, text: str, what: str) -> None:
    """Choose this from the menu of the message with this text."""
    found = message(one, text)
    await found.hover()
    await found.get_by_role("button", name="More about this message").click()
    await one.page.get_by_role("dialog").get_by_role("button", name=what, exact=True).click()


def composer(one: Person) -> Locator:
    return one.page.locator(".composer textarea")


async def test_what_becomes_of_messages(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada, grace = await given_two(server, person)
    await grace.say("First **bold** and `code` on https://example.org/a_b.")
    text = message(ada, "First").locator(".text")
    await expect(text.locator("strong")).to_have_text("bold")
    await expect(text.locator("code")).to_have_text("code")
    link = text.get_by_role("link", name="https://example.org/a_b", exact=True)
    await expect(link).to_have_attribute("rel", "noopener noreferrer")

    await do(ada, "First", "React with 👍")
    await grace.page.locator(".chip", has_text="👍").click()
    chip = ada.page.locator(".chip")
    await expect(chip).to_have_attribute("aria-label", re.compile("2: you, Grace Hopper"))
    await do(ada, "First", "More emoji")
    await ada.page.get_by_label("Search emoji").fill("rocket")
    await ada.page.get_by_role("button", name="rocket launch ship").click()
    await expect(grace.page.locator(".chip")).to_have_count(2)

    await do(ada, "First", "Reply")
    await composer(ada).fill("An answer")
    await composer(ada).press("Enter")
    await expect(message(grace, "An answer").locator(".quote")).to_contain_text("First")
    await ada.sees_message("An answer")
    await composer(ada).press("ArrowUp")
    await expect(ada.page.get_by_label("Change the message")).to_have_value("An answer")
    await ada.page.get_by_label("Change the message").fill("A better answer")
    await composer(ada).press("Enter")
    await expect(message(grace, "A better answer").locator(".edited")).to_be_visible()
    await message(grace, "A better answer").locator(".quote").click()
    await expect(message(grace, "First")).to_be_focused()
    await ada.take_picture(artifacts / "chat-revised-desktop.png")
    await grace.take_picture(artifacts / "chat-revised-phone.png")

    await do(ada, "First", "Pin for everybody")
    await expect(grace.page.locator(".pinned")).to_contain_text("First")
    await do(ada, "First", "Delete")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(message(grace, "This message was deleted.")).to_have_count(1)
    await expect(grace.page.locator(".pinned")).to_be_hidden()
    await expect(grace.page.locator(".chip")).to_have_count(0)
    await expect(grace.page.locator(".quote")).to_contain_text("This message was deleted.")


async def test_some_alone_and_by_name(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada, grace = await given_two(server, person)
    cy = await person("Cy Young")
    await cy.join(ada.page.url, as_guest=True)
    await expect(ada.page.locator(".happened", has_text="Cy Young joined")).to_be_visible()

    await ada.press("Write to some people only")
    await ada.page.get_by_role("dialog").get_by_label("Grace Hopper").check()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Choose").click()
    await ada.page.get_by_label("Message to Grace Hopper").fill("Between us")
    await composer(ada).press("Enter")
    await expect(message(grace, "Between us").locator(".badge")).to_have_text("only you")
    await ada.page.locator(".about-line").get_by_role("button", name="Stop this").click()

    await composer(ada).fill("")
    await composer(ada).press_sequentially("Hello @cy")
    await ada.page.get_by_role("option", name="Cy Young").wait_for()
    await ada.take_picture(artifacts / "chat-completion.png")
    await composer(ada).press("Enter")
    await composer(ada).press_sequentially("and welcome")
    await composer(ada).press("Enter")
    unread = cy.page.locator("[data-tool=chat]")
    await expect(unread).to_have_attribute("aria-label", "Chat, 1 unread, you are mentioned")
    await unread.click()
    await expect(cy.page.locator(".mention.me")).to_have_text("@Cy Young")
    await expect(unread).to_have_attribute("aria-label", "Chat")
    await expect(cy.page.get_by_text("Between us")).to_have_count(0)
    await expect(ada.page.locator(".receipt")).to_have_text("Read by everybody")
    await cy.page.keyboard.press("Escape")
    await ada.say("One more")
    await unread.click()
    await expect(cy.page.locator(".unread-line + .message")).to_contain_text("One more")
    await cy.take_picture(artifacts / "chat-unread.png")


async def test_what_hosts_allow(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada, grace = await given_two(server, person)
    settings = await open_settings(ada)
    await settings.get_by_label("Slow mode").select_option("5")
    await settings.get_by_label("Private messages").uncheck()
    await expect(grace.page.locator(".happened", has_text="slow mode: one message every 5 s")).to_be_visible()
    await expect(grace.page.get_by_role("button", name="Write to some people only")).to_be_hidden()
    await grace.say("First")
    await expect(grace.page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    await expect(grace.page.get_by_placeholder(re.compile("Slow mode: wait [1-5] s"))).to_be_visible()
    await grace.take_picture(artifacts / "chat-slow-phone.png")

    await settings.get_by_label("Slow mode").select_option("0")
    await expect(grace.page.get_by_role("button", name="Send", exact=True)).to_be_enabled()
    await settings.get_by_label("Who writes in the chat").select_option("hosts")
    await ada.take_picture(artifacts / "chat-settings.png")
    await expect(grace.page.get_by_text("Only hosts write in this chat.")).to_be_visible()
    await expect(composer(grace)).to_be_hidden()
    await ada.page.keyboard.press("Escape")
    await ada.say("Now listen")
    await grace.sees_message("Now listen")

    await ada.press("Search in the chat")
    await ada.page.get_by_label("Words of a message").fill("first")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Search", exact=True).click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Show").click()
    await expect(message(ada, "First")).to_be_focused()


async def test_to_somebody_who_has_left(server: MeetServer, person: Invite) -> None:
    ada, cy = await given_a_host(server, person), await person("Cy Young")
    await have_an_account(cy, server)
    link = await given_a_meeting(ada)
    for one in (ada, cy):
        await one.join(link)
    await ada.page.locator("[data-tool=chat]").click()
    await cy.page.locator("[data-tool=leave]").click()
    await expect(ada.page.locator(".happened", has_text="Cy Young left")).to_be_visible()

    await ada.press("Write to some people only")
    await ada.page.get_by_role("dialog").get_by_label("Cy Young").check()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Choose").click()
    await ada.page.get_by_label("Message to Cy Young").fill("For later")
    await composer(ada).press("Enter")
    await ada.sees_message("For later")

    await cy.page.goto("/")
    await cy.join(link)
    await cy.page.locator("[data-tool=chat]").click()
    await cy.sees_message("For later")
    await expect(message(cy, "For later").locator(".badge")).to_have_text("only you")
