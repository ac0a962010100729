"""By keyboard, by ear, on the smallest phone, and where the browser forbids things."""

import pytest
from playwright.async_api import ViewportSize, expect

from tests.browser.conftest import Invite
from tests.browser.doors import have_an_account
from tests.browser.person import Person
from tests.servers.meetserver import MeetServer

pytestmark = [pytest.mark.browser, pytest.mark.cameras]

SMALLEST: ViewportSize = {"width": 360, "height": 640}

NAMELESS = """
() => [...document.querySelectorAll("button, a, input, select, textarea, dialog, fieldset, canvas[role]")]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(
    element.getAttribute("aria-label")?.trim() || element.getAttribute("aria-labelledby") || element.labels?.length ||
    element.querySelector("legend") || element.textContent.trim()))
  .map((element) => element.outerHTML.slice(0, 120))
"""
TOO_SMALL = """
() => [...document.querySelectorAll("button, select, input:not([type=radio]), .choice")]
  .filter((element) => element.checkVisibility())
  .filter((element) => Math.min(element.getBoundingClientRect().width, element.getBoundingClientRect().height) < 24)
  .map((element) => element.outerHTML.slice(0, 120))
"""
OVERFLOW_PX = "() => document.documentElement.scrollWidth - innerWidth"


async def assert_usable(person: Person) -> None:
    """WCAG 4.1.2 (names), 2.5.8 (targets of 24 px or more), 1.4.10 (nothing sticks out)."""
    assert await person.page.evaluate(NAMELESS) == []
    assert await person.page.evaluate(TOO_SMALL) == []
    assert await person.page.evaluate(OVERFLOW_PX) <= 0


async def given_a_host(server: MeetServer, person: Invite, on: ViewportSize) -> tuple[Person, str]:
    ada = await person("Ada Lovelace", on=on)
    await have_an_account(ada, server)
    return ada, await ada.create_meeting("A title that is rather long for the smallest of all phones, isn’t it?")


async def test_every_view_on_the_smallest_phone(server: MeetServer, person: Invite) -> None:
    ada, link = await given_a_host(server, person, SMALLEST)
    await assert_usable(ada)
    await ada.page.goto("/")
    await expect(ada.page.get_by_role("button", name="Copy link")).to_be_visible()
    await assert_usable(ada)
    await ada.join(link)
    await assert_usable(ada)
    for tool, view in (("chat", ".chat"), ("board", ".paper"), ("more", "dialog")):
        await ada.page.locator(f"[data-tool={tool}]").click()
        await expect(ada.page.locator(view)).to_be_visible()
        await assert_usable(ada)
        await ada.page.keyboard.press("Escape")
        await expect(ada.page.locator(view)).to_be_hidden()
    await ada.page.keyboard.press("f")
    await expect(ada.page.get_by_role("heading", name="No files yet")).to_be_visible()
    await assert_usable(ada)


async def test_by_keyboard_alone(server: MeetServer, person: Invite) -> None:
    ada, link = await given_a_host(server, person, {"width": 1280, "height": 800})
    page = ada.page
    await page.goto(link)
    await page.get_by_role("button", name="Join the meeting").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".tile.self")).to_be_visible()

    microphone = page.locator("[data-tool=audio]")
    await page.keyboard.press("m")
    await expect(microphone).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("c")
    await expect(page.get_by_label("Message to everybody")).to_be_focused()
    await page.keyboard.type("mvc: keys that are written are not shortcuts")
    await page.keyboard.press("Enter")
    await ada.sees_message("mvc: keys that are written are not shortcuts")
    await expect(microphone).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("Escape")
    await expect(page.locator(".chat")).to_be_hidden()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


async def test_a_link_can_be_copied_without_the_clipboard(server: MeetServer, person: Invite) -> None:
    ada = await person("Ada Lovelace")
    await ada.page.add_init_script(
        "navigator.clipboard.writeText = () => Promise.reject(new Error('no')); document.execCommand = () => false;"
    )
    await have_an_account(ada, server)
    link = await ada.create_meeting("Weekly planning")
    await ada.page.goto("/")

    await ada.page.get_by_role("article").get_by_role("button", name="Copy link").click()

    await expect(ada.page.get_by_role("dialog").get_by_label("Link to the meeting")).to_have_value(link)
