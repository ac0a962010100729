"""A meeting keeps what happens for so many days: its host says so, and those in the room see where the past ends."""

import re
import sqlite3
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Invite
from tests.browser.doors import given_a_host, given_a_meeting
from tests.browser.person import Person
from tests.browser.test_chat import message
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser


def let_a_month_pass(server: MeetServer, meeting: str) -> None:
    """For what happened in its room so far; then the server looks for what it need not keep."""
    with sqlite3.connect(server.data_dir / "meetserver.sqlite3", timeout=10) as database:
        room = "(SELECT id FROM room WHERE meeting_id = ?)"
        database.execute(
            f"UPDATE room_event SET at = datetime(at, '-31 days') || '.000000' WHERE room_id = {room}", [meeting]
        )
        database.execute("UPDATE job SET run_at = datetime('now') || '.000000' WHERE kind = 'rooms.expire'")
    database.close()


async def sees_the_end(one: Person, text: str) -> None:
    await expect(one.page.locator(".scroller > p.older")).to_have_text(text)


async def test_messages_go_after_so_many_days(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_a_host(server, person)
    link = await given_a_meeting(ada)
    meeting = re.split("[/?#]", link.partition("/m/")[2])[0]
    await ada.page.goto(f"/#settings/{meeting}")
    days = ada.page.get_by_label("Delete messages, and who was there, after so many days")
    await days.fill("30")
    await ada.take_picture(artifacts / "retention-settings-desktop.png")
    await ada.press("Save")
    await expect(ada.page.get_by_text("Saved. Whoever is in the meeting")).to_be_visible()
    await ada.page.reload()
    await expect(days).to_have_value("30")

    await ada.join(link)
    await ada.page.locator("[data-tool=chat]").click()
    await ada.say("long ago")
    await sees_the_end(ada, "Messages are kept for 30 days.")
    let_a_month_pass(server, meeting)
    await expect(message(ada, "long ago")).to_have_count(0, timeout=15_000)
    await ada.say("today")
    await expect(message(ada, "today")).to_be_visible()
    await ada.take_picture(artifacts / "retention-chat-desktop.png")
