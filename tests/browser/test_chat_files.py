"""Files in the chat, in two pages: chosen, dropped and pasted, looked at and saved; gone with their message."""

import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Locator, expect

from tests.browser.conftest import Invite
from tests.browser.person import Person
from tests.browser.test_chat import composer, do, given_two
from tests.browser.test_files import open_files
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

NOTES = b"What we agreed on.\n"

# Drops, or pastes, a file with this name, type and text on the element.
GIVE = """
(element, [how, name, type, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type }));
  const about = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
  element.dispatchEvent(how === "paste" ? new ClipboardEvent("paste", about) : new DragEvent(how, about));
}
"""

GIVE_TEXT = """
(element, text) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  element.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data }));
}
"""
# What a message from long ago is shown among.
AROUND = """
async (messages) => {
  const { openAround } = await import("/static/js/chat/around.js");
  const { Store } = await import("/static/js/room/store.js");
  await openAround(messages[0], { store: new Store(), past: { around: async () => messages } });
  const shown = [...document.querySelectorAll("dialog .around p")].map((one) => one.textContent);
  document.querySelector("dialog").close();
  return shown;
}
"""
AT = "2026-01-01T12:00:00Z"
NAMELESS = [
    {
        "message_id": "1-x",
        "by": "p",
        "name": "Bo",
        "at": AT,
        "text": "",
        "files": [{"name": "notes.txt"}, {"name": "plan.txt"}],
    },
    {"message_id": "2-x", "by": "p", "name": "Bo", "at": AT, "text": "", "deleted_at": AT},
]

# The server lets files go a moment after their message.
UNTIL_LEFT = """
async ([meeting, count]) => {
  const left = async () => (await (await fetch(`/api/v1/meetings/${meeting}/files`)).json()).items.length;
  while ((await left()) !== count) await new Promise((resolve) => setTimeout(resolve, 50));
}
"""


def photo(name: str = "the view.png") -> FilePayload:
    image = io.BytesIO()
    Image.linear_gradient("L").resize((320, 200)).convert("RGB").save(image, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": image.getvalue()}


def notes(name: str = "notes.txt") -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": NOTES}


async def choose(one: Person, *files: FilePayload) -> None:
    """They wait below the messages until they are sent."""
    await one.page.get_by_label("Files to send").set_input_files(list(files))
    for file in files:
        await expect(one.page.get_by_role("button", name=f"Take {file['name']} away")).to_be_visible()


def enclosed(one: Person, name: str) -> Locator:
    """The file of this name in a message."""
    return one.page.locator(".message:not(.pending) .enclosed li", has=one.page.get_by_role("button", name=name))


async def saved(one: Person, name: str) -> bytes:
    async with one.page.expect_download() as coming:
        await enclosed(one, name).get_by_role("button", name=f"Download {name}").click()
    download = await coming.value
    assert download.suggested_filename == name
    return (await download.path()).read_bytes()


async def test_files_go_with_messages(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada, grace = await given_two(server, person)
    await choose(ada, photo(), notes())
    await ada.page.get_by_role("button", name="Take notes.txt away").click()
    await choose(ada, notes())
    await ada.take_picture(artifacts / "chat-files-composer.png")
    await composer(ada).fill("The view, and what we said")
    await composer(ada).press("Enter")
    picture = enclosed(grace, "the view.png").locator("img")
    await expect(picture).to_have_attribute("alt", "the view.png")
    await expect(picture).to_have_js_property("naturalWidth", 256)
    assert await saved(grace, "notes.txt") == NOTES
    await enclosed(grace, "the view.png").get_by_role("button").press("Enter")
    dialog = grace.page.get_by_role("dialog", name="the view.png")
    await expect(dialog.locator("img")).to_have_js_property("naturalWidth", 320)
    await grace.page.keyboard.press("Escape")
    await ada.take_picture(artifacts / "chat-files-desktop.png")
    await grace.take_picture(artifacts / "chat-files-phone.png")

    # A file alone, dropped; another one pasted. Guests bring files too.
    field = composer(grace)
    await grace.page.locator(".chat").evaluate(GIVE, ["drop", "dropped.txt", "text/plain", "dropped"])
    await field.evaluate(GIVE, ["paste", "pasted.txt", "text/plain", "pasted"])
    for name in ("dropped.txt", "pasted.txt"):
        await expect(grace.page.get_by_role("button", name=f"Take {name} away")).to_be_visible()
    await field.press("Enter")
    await expect(enclosed(ada, "dropped.txt")).to_be_visible()
    assert await saved(ada, "pasted.txt") == b"pasted"
    seen = await ada.page.evaluate(AROUND, NAMELESS)
    assert seen == ["notes.txt, plan.txt", "This message was deleted."]
    await field.evaluate(GIVE_TEXT, "long " * 1_700)
    await expect(grace.page.get_by_role("alert")).to_contain_text("at most 8000 characters")
    panel = await open_files(ada)
    names = panel.locator(".file .file-name")
    await expect(names).to_have_count(4)
    await ada.page.locator("[data-tool=chat]").click()

    # With its message a file goes.
    await do(ada, "The view", "Delete")
    await ada.page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(enclosed(grace, "the view.png")).to_have_count(0)
    await ada.page.evaluate(UNTIL_LEFT, [ada.page.url.rpartition("/")[2], 2])
    await open_files(ada)
    await expect(names).to_have_count(2)
    assert sorted(await names.all_inner_texts()) == ["dropped.txt", "pasted.txt"]
    assert ada.complaints == grace.complaints == []
