"""Who attended, and a meeting's minutes: what they say, to whom, and that nothing in them is run."""

import csv
from typing import Any

import pytest

from meetserver import limits
from meetserver.chat.messages import Deleted
from meetserver.rooms.messages import Ended, Left
from meetserver.whiteboard.messages import Applied, Put
from tests.integration.http.conftest import Api
from tests.integration.http.test_history import BO, CY, Room

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>"
LINE = {"kind": "line", "x1": 0, "y1": 0, "x2": 10, "y2": 10}


@pytest.fixture
async def room(api: Api) -> Room:
    ann = await api.given_user()
    return Room(ann, await ann.given_meeting(title=f"Plans {HOSTILE}"))


def passes(room: Room, seconds: float) -> None:
    room.owner.services.clock.advance(seconds)  # type: ignore[attr-defined]


async def test_attendance_by_person(room: Room) -> None:
    await room.joins(BO)
    passes(room, 60)
    await room.joins(CY)
    passes(room, 60)
    await room.happens(BO, Left(BO, "bye"))
    passes(room, 30)
    answer = await room.owner.get(f"{room.path}/attendance")
    assert answer.status == 200, answer
    people = [
        (one["name"], one["total_s"], [visit["reason"] for visit in one["visits"]]) for one in answer.body["people"]
    ]
    assert people == [("Bo", 120.0, ["bye"]), ("Cy", 90.0, [None])]
    assert answer.body["is_whole"] is True


async def test_attendance_as_a_table_holds_no_formula(room: Room) -> None:
    await room.joins(BO, name="=cmd|'/c calc'!A1")
    answer = await room.owner.get(f"{room.path}/attendance.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    head, line = csv.reader(answer.body.decode().splitlines())
    assert dict(zip(head, line, strict=True))["name"] == "'=cmd|'/c calc'!A1"


async def test_attendance_has_a_bound(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOG_PAGE_EVENTS", 1)
    monkeypatch.setattr(limits, "ATTENDANCE_ENTRIES", 1)
    for who in (BO, CY):
        await room.joins(who)
    body = (await room.owner.get(f"{room.path}/attendance")).body
    assert ([one["name"] for one in body["people"]], body["is_whole"]) == (["Cy"], False)


async def test_minutes_have_all_that_happened(room: Room) -> None:
    await room.joins(BO)
    await room.says(BO, "hello")
    await room.says(BO, "a slip")
    await room.happens(BO, Deleted("3-x"))
    await room.happens(BO, Applied([Put("a", LINE)]))
    await room.owner.bring(room.path.rpartition("/")[2], b"text", "notes.txt")
    await room.happens(BO, Ended())
    minutes = (await room.owner.get(f"{room.path}/minutes")).body
    assert [one["text"] for one in minutes["messages"]] == ["hello", ""]
    assert [one["name"] for one in minutes["files"]] == ["notes.txt"]
    assert (minutes["pages"], [one["name"] for one in minutes["people"]]) == (1, ["Bo"])
    assert minutes["began"] is not None
    assert minutes["ended"] is not None
    page = (await room.owner.get(f"{room.path}/minutes.html")).body.decode()
    for shown in ("hello", "Bo", "notes.txt", "data:image/svg+xml;base64,", "deleted"):
        assert shown in page
    assert "a slip" not in page


async def test_the_page_of_minutes_runs_nothing(room: Room) -> None:
    await room.joins(BO, name=HOSTILE[:80])
    await room.says(BO, HOSTILE)
    await room.owner.bring(room.path.rpartition("/")[2], b"text", "<script>.txt")
    answer = await room.owner.get(f"{room.path}/minutes.html")
    page = answer.body.decode()
    assert "<script" not in page
    assert "<img" not in page
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


async def test_private_messages_are_in_the_minutes_of_those_they_are_for(room: Room) -> None:
    bo = await room.owner.signed_in(None).given_user("bo@example.com", "Bo")
    await room.joins(BO, (await bo.get("/users/me")).body["id"])
    await room.joins(CY)
    await room.says(CY, "to Bo alone", to=[BO])
    for path in ("minutes", "minutes.html"):
        assert "to Bo alone" not in str((await room.owner.get(f"{room.path}/{path}")).body), "not even for the owner"
        assert "to Bo alone" in str((await bo.get(f"{room.path}/{path}")).body)


async def test_minutes_say_what_they_leave_out(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MINUTES_MESSAGES", 1)
    monkeypatch.setattr(limits, "MINUTES_BOARD_BYTES", 10)
    for text in ("first", "second"):
        await room.says(BO, text)
    await room.happens(BO, Applied([Put("a", LINE)]))
    minutes: dict[str, Any] = (await room.owner.get(f"{room.path}/minutes")).body
    assert ([one["text"] for one in minutes["messages"]], minutes["has_all_messages"]) == (["second"], False)
    page = (await room.owner.get(f"{room.path}/minutes.html")).body.decode()
    assert "Only the last 1 messages" in page
    assert "(1 more pages are there)" in page


@pytest.mark.parametrize(
    "path", ["attendance", "attendance.csv", "minutes", "minutes.html", "whiteboard", "whiteboard.svg"]
)
async def test_they_are_for_those_who_may_read_the_past(room: Room, path: str) -> None:
    token = await room.joins(BO)
    outside = room.owner.signed_in(None)
    assert (await outside.get(f"{room.path}/{path}")).status == 401
    assert (await (await outside.given_user("dee@example.com", "Dee")).get(f"{room.path}/{path}")).status == 404
    answer = await outside.get(f"{room.path}/{path}", headers={"Authorization": f"Session {token}"})
    assert answer.status == 200
