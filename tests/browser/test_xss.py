"""What people write is text, wherever it is shown."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from meetserver.chat.messages import Send
from meetserver.client import Api, RoomClient
from meetserver.whiteboard.messages import Apply, Put
from tests.browser.conftest import Invite
from tests.browser.doors import have_an_account
from tests.browser.hostile_texts import TEXTS
from tests.browser.person import Person
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

SOME = TEXTS[::15]

MAKE_MEETINGS = """
async (titles) => {
  const { csrf_token } = await (await fetch("/api/v1/auth/csrf")).json();
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token };
  for (const title of titles) {
    const answer = await fetch("/api/v1/meetings", { method: "POST", headers, body: JSON.stringify({ title }) });
    if (!answer.ok) throw new Error(await answer.text());
  }
}
"""
# The panels of a room in which everything is called what these texts say.
SHOW_ROOM = """
async (texts) => {
  const { Emitter, Bag } = await import("/static/js/emitter.js");
  const { Store } = await import("/static/js/room/store.js");
  const { ChatPanel } = await import("/static/js/chat/panel.js");
  const { Enclosed } = await import("/static/js/chat/enclosed.js");
  const { PeoplePanel } = await import("/static/js/presence/people.js");
  const [store, bag, at] = [new Store(), new Bag(), new Date().toISOString()];
  const outbox = Object.assign(new Emitter(), { entries: new Map() });
  const session = Object.assign(new Emitter(), { status: { state: "online" }, tell() {} });
  const access = { headers: () => ({}), mayBring: () => false };
  const parts = { meeting: "m", store, bag, outbox, session, access, secrets: { isOn: false }, moderation: {} };
  parts.enclosed = new Enclosed(parts);
  const views = [new ChatPanel(parts), new PeoplePanel(parts)];
  document.getElementById("main").replaceChildren(...views.map((view) => view.element));
  const people = texts.map((name, index) => ({ id: `p${index}`, name, role: "host", joined_at: at, session: "s" }));
  const messages = texts.map((text, index) => ({
    message_id: `${index + 1}-x`, seq: index + 1, at, by: `p${index}`, name: text, text: `@${text}`,
    to: [`p${(index + 1) % texts.length}`], mentions: [`p${index}`], reply_to: index > 0 ? `${index}-x` : undefined,
    files: [{ id: `f${index}`, name: text, media_type: "text/plain", size_bytes: 1 }],
    edited_at: at, reactions: [{ emoji: text, by: [`p${index}`] }],
  }));
  const chat = { messages, pinned: messages.slice(-1), people: {}, more: false };
  const room = { title: texts[0], settings: { chat_private: true } };
  store.reset({ room, participants: people, waiting: people, chat }, { participant: "p0", session: "s" }, 500);
  for (const { id } of people.slice(1)) store.apply({ type: "participant.left", seq: 501, data: { participant: id } });
  return {
    authors: [...document.querySelectorAll(".message .author")].map((one) => one.textContent),
    files: [...document.querySelectorAll(".message .file-name")].map((one) => one.textContent),
    lines: [...document.querySelectorAll(".happened span")].map((one) => one.textContent),
  };
}
"""


def words(text: str) -> str:
    """Without the signs that lay a message out."""
    return re.sub(r"[\s*_~`>-]", "", text)


async def assert_harmless(person: Person) -> None:
    assert await person.page.evaluate("window.pwned") is None
    assert await person.page.locator("iframe, #main script, #main img, [onerror], [onload]").count() == 0
    links = person.page.locator("#main a[href]:not([href^='http']):not([href^='/'])")
    assert await links.count() == 0


async def texts_of(found: Locator) -> list[str]:
    return [words(text) for text in await found.all_text_contents()]


async def opens_the_saved_chat(person: Person, link: str, file: Path) -> None:
    """From a disk, where no header of ours protects it."""
    answer = await person.page.request.get(f"/api/v1/meetings/{link.rpartition('/')[2]}/messages/export?format=html")
    await asyncio.to_thread(file.write_bytes, await answer.body())
    page = await person.page.context.new_page()
    await page.goto(file.as_uri())
    assert await page.locator(".said").count() == len(TEXTS)
    assert await page.evaluate("window.pwned") is None
    assert await page.locator("iframe, script, img, [onerror], [onload]").count() == 0
    await page.close()


async def test_messages_and_the_board(server: MeetServer, person: Invite, tmp_path: Path) -> None:
    ada = await person("Ada Lovelace")
    await have_an_account(ada, server)
    link = await ada.create_meeting(TEXTS[1])
    await ada.join(link)
    await ada.page.locator("[data-tool=chat]").click()

    async with Api(server.base_url) as api:
        offer = await api.join(link.rpartition("/")[2], name=TEXTS[0])
        async with RoomClient.join(offer) as guest:
            for text in TEXTS:
                await guest.send(Send(text=text))
            elements = [
                Put(f"e{index}", {"kind": "text", "x": 20, "y": 5 * index, "text": text, "size": 20, "color": text})
                for index, text in enumerate(TEXTS)
            ]
            await guest.send(Apply([*elements]))
            shown = ada.page.locator(".message .text")
            await expect(shown).to_have_count(len(TEXTS))
            assert await texts_of(shown) == [words(text) for text in TEXTS]
            await expect(ada.page.get_by_role("heading", name=TEXTS[1])).to_be_visible()

    await ada.page.reload()
    await ada.page.locator("[data-tool=chat]").click()
    await ada.page.locator(".chat .scroller").evaluate("(list) => list.scrollTo(0, 0)")
    await expect(shown).to_have_count(len(TEXTS))
    assert await texts_of(shown) == [words(text) for text in TEXTS]
    await opens_the_saved_chat(ada, link, tmp_path / "chat.html")
    await ada.page.keyboard.press("Escape")
    await ada.open_board()
    await ada.sees_strokes(len(TEXTS))
    await assert_harmless(ada)


async def test_names_of_people(server: MeetServer, person: Invite) -> None:
    ada = await person(SOME[0])
    await have_an_account(ada, server)
    link = await ada.create_meeting(SOME[1])
    await ada.join(link)
    async with Api(server.base_url) as api:
        for name in SOME:
            offer = await api.join(link.rpartition("/")[2], name=name)
            async with RoomClient.join(offer):
                await expect(ada.tile_of(name).first).to_be_visible()
    await assert_harmless(ada)

    await ada.page.goto("/")
    await expect(ada.page.get_by_role("button", name="New meeting")).to_be_visible()
    shown = await ada.page.evaluate(SHOW_ROOM, TEXTS)

    assert shown["authors"] == ["You", *TEXTS[1:]]
    assert shown["files"] == TEXTS
    assert shown["lines"] == [f"{name} left" for name in TEXTS[1:]]
    await assert_harmless(ada)


async def test_titles(server: MeetServer, person: Invite) -> None:
    ada = await person("Ada Lovelace")
    await have_an_account(ada, server)
    for title in SOME[:3]:
        await ada.create_meeting(title)
        await expect(ada.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        await assert_harmless(ada)

    await ada.page.evaluate(MAKE_MEETINGS, [title for title in TEXTS if title not in SOME[:3]])
    await ada.page.goto("/")
    titles, more = ada.page.locator(".meeting .title"), ada.page.get_by_role("button", name="Show more")
    await expect(titles.first).to_be_visible()
    while await titles.count() < len(TEXTS):
        count = await titles.count()
        await more.click()
        await expect(titles.nth(count)).to_be_visible()

    assert sorted(await titles.all_text_contents()) == sorted(TEXTS)
    await assert_harmless(ada)
