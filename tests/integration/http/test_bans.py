"""Who was sent out, as the room's log has it, and the way back in."""

from typing import Any

import pytest

from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.ids import ParticipantId, RoomId, SessionId, ShardId
from meetserver.messages import Event
from meetserver.ports import Commit, Entry
from meetserver.rooms import messages as rooms
from meetserver.wire import encode, timestamp
from tests.builders import NOON
from tests.integration.http.conftest import Api, NotingRooms

HOST = ParticipantId("host")
BAR = rooms.Bar(id="bar1", name="Mallory", kind="banned", keys=("v:x",), by=HOST, at=timestamp(NOON))


@pytest.fixture
async def ann(api: Api) -> Api:
    return await api.given_user()


async def given_events(api: Api, room: RoomId, *events: Event) -> None:
    """Write them into the room's log, as its actor would."""
    log: Any = api.services.history
    started = await log.start(room, ShardId("test"), 1)
    entries = tuple(
        Entry(started.epoch, seq, NOON, HOST, event.type, event.version, encode(event))
        for seq, event in enumerate(events, started.last_seq + 1)
    )
    assert await log.commit([Commit(room, started.epoch, started.last_seq, entries)]) == [None]


async def given_ban(ann: Api) -> dict[str, Any]:
    meeting = await ann.given_meeting()
    mallory = rooms.Participant(
        id=ParticipantId("mallory"),
        session=SessionId("s1"),
        name="Mallory",
        role="participant",
        joined_at=timestamp(NOON),
    )
    await given_events(
        ann, meeting["room_id"], rooms.Joined(mallory), rooms.Banned(mallory.id, BAR.id), rooms.Barred(BAR)
    )
    return meeting


async def test_a_ban_is_shown_without_its_keys(ann: Api) -> None:
    meeting = await given_ban(ann)
    path = f"/meetings/{meeting['id']}/bans"
    shown = {"id": "bar1", "name": "Mallory", "kind": "banned", "by": "host", "at": timestamp(NOON)}
    assert (await ann.get(path)).body == {"items": [shown]}


async def test_lifting_a_ban_asks_the_room(ann: Api) -> None:
    meeting = await given_ban(ann)
    path = f"/meetings/{meeting['id']}/bans"
    assert (await ann.delete(f"{path}/other")).code == "not_found"
    noting = ann.services.rooms
    assert isinstance(noting, NotingRooms)
    assert noting.asked == [], "a room is not woken for what is not there"
    assert (await ann.delete(f"{path}/bar1")).status == 204
    assert noting.asked == [(meeting["room_id"], rooms.Unban("bar1"))]


async def test_lifting_a_ban_is_written_down(ann: Api) -> None:
    meeting = await given_ban(ann)
    await ann.delete(f"/meetings/{meeting['id']}/bans/other")
    await ann.delete(f"/meetings/{meeting['id']}/bans/bar1")
    log = ann.services.security_log
    assert isinstance(log, MemorySecurityLog)
    (event,) = [event for event in log.events if event.type == "participant.unbanned"]
    assert (event.actor, event.data) == (meeting["owner_id"], {"room": meeting["room_id"], "ban": "bar1"})
    assert event.origin.address == "127.0.0.1"


async def test_others_do_not_see_them(ann: Api) -> None:
    meeting = await given_ban(ann)
    bo = await ann.signed_in(None).given_user("bo@example.com", "Bo")
    path = f"/meetings/{meeting['id']}/bans"
    for answer in (await bo.get(path), await bo.delete(f"{path}/bar1")):
        assert (answer.status, answer.code) == (404, "not_found")


async def test_a_room_that_nobody_was_sent_out_of(ann: Api) -> None:
    meeting = await ann.given_meeting()
    assert (await ann.get(f"/meetings/{meeting['id']}/bans")).body == {"items": []}
