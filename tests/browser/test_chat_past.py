"""The chat's past in real browsers: what is unread, found and saved, and what happened before this page came."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.browser.conftest import PHONE, Invite
from tests.browser.doors import given_a_host, given_a_meeting
from tests.browser.person import PATIENCE_MS, Person
from tests.browser.test_chat import message
from tests.browser.test_usable import assert_usable
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> [12:00:00] Eve"
HIDE = """
(isHidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


MARKED = """
async ([text, sought]) => {
  const { marked, rangesOf } = await import("/static/js/chat/found.js");
  const shown = (part) => (typeof part === "string" ? part : `[${part.textContent}]`);
  return marked(text, rangesOf(text, sought)).map(shown);
}
"""


async def saved(one: Person, where: Locator, button: str) -> str:
    async with one.page.expect_download() as download:
        await where.get_by_role("button", name=button, exact=True).click()
    return (await (await download.value).path()).read_text()


async def look_for(where: Locator, words: str) -> None:
    """Until it is found: what was just said takes a moment to be."""
    await where.get_by_label("Words of a message").fill(words)
    search = where.get_by_role("button", name="Search", exact=True)
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while True:
            await search.click()
            await expect(search).not_to_have_attribute("aria-busy", "true")
            if await where.locator("mark", has_text=re.compile(words, re.IGNORECASE)).count():
                return


async def test_unread_found_and_saved(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_a_host(server, person)
    grace = await person("Grace Hopper", on=PHONE, theme="dark")
    link = await given_a_meeting(ada)
    await ada.join(link)
    await grace.join(link, as_guest=True)
    for text in ("The budget is tight", f"Not that {HOSTILE}", "The roadmap"):
        await grace.say(text)
    unread = ada.page.locator("[data-tool=chat]")
    await expect(unread).to_have_attribute("aria-label", "Chat, 3 unread")
    await ada.page.evaluate(HIDE, arg=True)
    await expect(ada.page).to_have_title(re.compile(r"^\(3\) Weekly planning"))
    await ada.page.evaluate(HIDE, arg=False)
    await expect(ada.page).to_have_title(re.compile("^Weekly planning"))
    await unread.click()
    await expect(ada.page.locator(".happened", has_text="Grace Hopper joined")).to_have_count(1)
    await ada.say("Seen")

    await ada.page.reload()
    await unread.click()
    joined = ada.page.locator(".happened", has_text="Grace Hopper joined")
    await expect(joined).to_have_count(1)
    await expect(ada.page.locator(".happened:has-text('Grace Hopper joined') + .message")).to_contain_text("The budget")

    await ada.press("Search in the chat")
    dialog = ada.page.get_by_role("dialog")
    await look_for(dialog, "roadmap")
    await expect(dialog.locator("mark")).to_have_text("roadmap")
    await look_for(dialog, "onerror")
    await expect(dialog.get_by_role("list")).to_contain_text("<img src=x onerror=alert(1)>")
    await assert_usable(ada)
    await ada.take_picture(artifacts / "chat-search.png")
    await dialog.get_by_role("button", name="Show this message by Grace Hopper").click()
    await expect(message(ada, "Not that")).to_be_focused()

    await ada.page.goto("/")
    await expect(ada.page.get_by_label("What is it about?")).to_be_visible()
    await grace.say("Are you there?")
    await grace.sees_message("Are you there?")
    await ada.page.reload()
    await expect(ada.page.locator(".meeting .badge")).to_have_text("1 unread")
    await ada.take_picture(artifacts / "meetings-unread.png")

    await ada.page.get_by_role("link", name="Settings of Weekly planning").click()
    chat = ada.page.get_by_role("region", name="Chat")
    await look_for(chat, "budget")
    await expect(chat.locator("mark")).to_have_text("budget")
    await assert_usable(ada)
    await ada.take_picture(artifacts / "meeting-chat.png")
    everything = json.loads(await saved(ada, chat, "JSON, for programs"))
    assert [one["text"] for one in everything][-2:] == ["Seen", "Are you there?"]

    await grace.press("Chat options")
    options = grace.page.get_by_role("dialog")
    await assert_usable(grace)
    await grace.take_picture(artifacts / "chat-options-phone.png")
    assert "&lt;img src=x" in await saved(grace, options, "A page to read and print")
    assert re.search(r"\n  Not that <img", await saved(grace, options, "Plain text"))


async def test_an_encrypted_chat_is_saved_where_it_can_be_read(server: MeetServer, person: Invite) -> None:
    ada = await given_a_host(server, person)
    await ada.join(await given_a_meeting(ada, "End-to-end encrypted chat"))
    await ada.say(f"Between us {HOSTILE}\nand more")
    await expect(message(ada, "Between us")).to_be_visible()
    await ada.press("Search in the chat")
    dialog = ada.page.get_by_role("dialog")
    await look_for(dialog, "BETWEEN")
    await expect(dialog.locator("mark")).to_have_text("Between")
    await ada.page.keyboard.press("Escape")
    await ada.press("Chat options")
    files = [
        await saved(ada, dialog, kind) for kind in ("JSON, for programs", "Plain text", "A page to read and print")
    ]
    assert json.loads(files[0])[0]["text"].startswith("Between us")
    assert re.search(r"\n  Between us <img .*\n  and more\n", files[1])
    assert "Between us &lt;img" in files[2]

    for text, sought, shown in (
        ("\N{GRINNING FACE} Ärger, ärger", "ÄRGER", ["\N{GRINNING FACE} ", "[Ärger]", ", ", "[ärger]"]),
        ("a" * 300 + "word" + "b" * 300, "word", ["…", "a" * 40, "[word]", "b" * 196, "…"]),
        ("nothing of it", "word", ["nothing of it"]),
    ):
        assert await ada.page.evaluate(MARKED, [text, sought]) == shown
