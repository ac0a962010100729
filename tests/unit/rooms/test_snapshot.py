"""Old snapshot + events == fresh snapshot, for each durable event; and what a stored snapshot holds."""

import msgspec
import pytest

from meetserver.chat.messages import Send, Sent
from meetserver.errors import MeetError
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Event
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from meetserver.rooms.catalog import EVENTS
from meetserver.rooms.live import LiveState
from meetserver.rooms.reducer import evolve, fold
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot, view
from meetserver.rooms.state import RoomState, empty
from meetserver.whiteboard.messages import Applied, Apply, Delete, Patch, Put
from tests.builders import after, entry_after, given_room, granted, join, meta_after

ANN, BO, CY = ParticipantId("ann"), ParticipantId("bo"), ParticipantId("cy")


def given_busy_room() -> RoomState:
    """Something of everything in it."""
    room = given_room(host="Ann", guests=["Bo"], viewers=["Vi"])
    said: list[tuple[str, Command]] = [
        ("Ann", Send(text="welcome")),
        ("Bo", Send(text="psst", to=["ann"])),
        ("Ann", Send(ciphertext="AAAA", key_id="k", reply_to="id-1")),
        ("Bo", presence.Set(hand=True)),
        ("Ann", presence.Set(screen=True)),
        ("Bo", Apply([Put("b", {"x": 1.5}), Put("a", {"text": "ü", "none": None})])),
        ("Bo", Apply([Put("c", {}), Patch("b", {"y": [1]}), Delete("a")], "second")),
        ("Ann", rooms.SetRole("vi", "cohost")),
    ]
    for name, command in said:
        room = after(room, name, command)
    return room


BUSY = given_busy_room()
CASES: dict[str, list[Event]] = {
    "participant.joined": granted(BUSY, "Cy", join("Cy")),
    "participant.left": [rooms.Left(BO, "bye"), rooms.Left(CY, "timeout")],
    "participant.role_set": [rooms.RoleSet(BO, "host"), rooms.RoleSet(CY, "host")],
    "room.changed": [rooms.Changed("Renamed", rooms.Settings(chat=False))],
    "room.ended": [rooms.Ended()],
    "chat.sent": [Sent("m1", "Bo", "hello"), Sent("m2", "Ann", "psst", to=["bo"]), Sent("m3", "Ann", "?", to=["cy"])],
    "whiteboard.applied": [
        Applied([Put("a", {"x": 2}), Put("d", {}), Patch("b", {"x": None}), Delete("gone")]),
        Applied([Put("a", {})], "third"),
        Applied([Delete("c")], "second"),
    ],
    "presence.changed": [presence.Changed(BO, hand=False), presence.Changed(BO, hand=True, screen=True)],
}


@pytest.mark.parametrize("type_", EVENTS)
def test_an_old_snapshot_and_the_events_are_a_fresh_snapshot(type_: str) -> None:
    for event in CASES[type_]:
        fresh = evolve(BUSY, event, meta_after(BUSY, "Ann"))

        caught_up = fold(decode_snapshot(encode_snapshot(BUSY)), [entry_after(BUSY, event, "Ann")])

        assert caught_up == fresh
        assert encode_snapshot(caught_up) == encode_snapshot(fresh)
        for viewer in (ANN, BO, CY):
            assert view(caught_up, LiveState(), viewer) == view(fresh, LiveState(), viewer)


@pytest.mark.parametrize("room", [empty(BUSY.room, BUSY.meeting), given_room(), given_room(ended=True), BUSY])
def test_a_snapshot_holds_the_whole_room(room: RoomState) -> None:
    assert decode_snapshot(encode_snapshot(room)) == room


def test_a_newer_releases_snapshot_is_refused() -> None:
    with pytest.raises(MeetError, match="newer release"):
        decode_snapshot(msgspec.msgpack.encode({"v": 2, "state": "in a shape yet unknown"}))
