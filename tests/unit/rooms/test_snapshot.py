"""Old snapshot + events == fresh snapshot, for each durable event; and what a stored snapshot holds."""

from typing import Any

import msgspec
import pytest
from immutables import Map
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat.messages import Deleted, Edit, Edited, Pin, Pinned, React, Reacted, Send, Sent, Unpinned
from meetserver.e2ee.messages import Published, Shared
from meetserver.errors import MeetError
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Event
from meetserver.network.rules import IpRule
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from meetserver.rooms.catalog import EVENTS
from meetserver.rooms.live import LiveState
from meetserver.rooms.reducer import evolve, fold
from meetserver.rooms.snapshot import VERSION, decode_snapshot, decoding, encode_snapshot, encoding, view
from meetserver.rooms.state import RoomState, empty
from meetserver.whiteboard.messages import (
    AddPage,
    Applied,
    Apply,
    Clear,
    Cleared,
    Delete,
    Discarded,
    Op,
    Order,
    Ordered,
    PageAdded,
    PageChanged,
    PageMoved,
    PageRemoved,
    Patch,
    Put,
    Restored,
    Save,
    Saved,
    Sheet,
    Undo,
)
from meetserver.whiteboard.state import SLICE
from tests.builders import after, entry_after, given_room, granted, join, meta_after
from tests.unit.e2ee.rooms import WRAPPED, identity, key_id

ANN, BO, CY = ParticipantId("ann"), ParticipantId("bo"), ParticipantId("cy")
WIM, WES = ParticipantId("wim"), ParticipantId("wes")


KEYS = {"Rem": ("v:rem", "a:rem"), "Ban": ("u:ban",)}
RULES = (IpRule("allow", "192.0.2.0/24", ("guest",)),)


def given_busy_room() -> RoomState:
    """Something of everything in it."""
    room = given_room(host="Ann", guests=["Bo", "Rem", "Ban"], viewers=["Vi"])
    said: list[tuple[str, Command]] = [
        ("Ann", Send(text="welcome")),
        ("Bo", Send(text="psst", to=["ann"])),
        ("Ann", Send(ciphertext="AAAA", key_id="k", reply_to="id-1")),
        ("Bo", React("7-id-7", "\N{THUMBS UP SIGN}")),
        ("Ann", Edit("7-id-7", text="welcome, all")),
        ("Ann", Pin("7-id-7")),
        ("Bo", presence.Set(hand=True)),
        ("Ann", presence.Set(screen=True)),
        ("Bo", Apply([Put("b", {"x": 1.5}), Put("a", {"text": "ü", "none": None})])),
        ("Bo", Apply([Put("c", {}), Patch("b", {"y": [1]}), Delete("a")], "second")),
        ("Bo", Save("as it was")),
        ("Ann", Apply([Delete("c")], "second")),
        ("Bo", Apply([Patch("b", {"x": 2}), Order("b", "back")])),
        ("Bo", Apply([Put("e", {})])),
        ("Bo", Undo()),
        ("Bo", AddPage("plan", "Plan")),
        ("Ann", rooms.LetDraw("bo")),
        ("Ann", rooms.SetRole("vi", "cohost")),
        ("Ann", rooms.Remove("rem")),
        ("Vi", rooms.Ban("ban")),
        ("Ann", rooms.ChangeSettings(lobby=True)),
        ("server", rooms.Configure("Weekly", rooms.Settings(max_participants=50), RULES)),
        ("Wim", join("Wim")),
        ("Wes", join("Wes", "viewer")),
        ("Wei", join("Wei")),
        ("Ann", rooms.Deny("wei")),
    ]
    for name, command in said:
        room = after(room, name, command, KEYS)
    return room


BUSY = given_busy_room()
CASES: dict[str, list[Event]] = {
    "participant.joined": granted(BUSY, "Cy", join("Cy")),
    "participant.left": [rooms.Left(BO, "bye"), rooms.Left(CY, "timeout"), rooms.Left(WIM, "removed")],
    "participant.role_set": [rooms.RoleSet(BO, "host"), rooms.RoleSet(CY, "host")],
    "participant.waiting": granted(BUSY, "Cy", join("Cy")),
    "participant.admitted": [rooms.Admitted(WES), rooms.Admitted(BO)],
    "participant.denied": [rooms.Denied(WIM), rooms.Denied(BO)],
    "participant.muted": [rooms.Muted(BO, "video")],
    "participant.removed": [rooms.Removed(BO, "b1")],
    "participant.banned": [rooms.Banned(BO, "b1")],
    "participant.barred": [rooms.Barred(rooms.Bar("b1", "Bo", "banned", ("v:bo",), ANN, "2026-11-22T12:01:00.000Z"))],
    "participant.erased": [rooms.Erased((BO, BUSY.bars[0].participant))],
    "participant.unbanned": [rooms.Unbanned(BUSY.bars[0].id), rooms.Unbanned("gone")],
    "room.changed": [
        rooms.Changed("Renamed", rooms.Settings(chat=False)),
        rooms.Changed("Renamed", rooms.Settings(chat=False), rooms.Settings(lobby=True)),
    ],
    "room.guarded": [rooms.Guarded(), rooms.Guarded((IpRule("deny", "192.0.2.7"),))],
    "room.ended": [rooms.Ended()],
    "room.expired": [rooms.Expired(BUSY.chat.shared.messages[0].seq), rooms.Expired(BUSY.seq), rooms.Expired(1)],
    "chat.sent": [Sent("m1", "Bo", "hello"), Sent("m2", "Ann", "psst", to=["bo"]), Sent("m3", "Ann", "?", to=["cy"])],
    "chat.edited": [Edited("7-id-7", "hello"), Edited("8-id-8", "hush", to=["ann"]), Edited("1-id", "long gone")],
    "chat.deleted": [Deleted("7-id-7"), Deleted("8-id-8", to=["ann"]), Deleted("1-id")],
    "chat.reacted": [
        Reacted("7-id-7", "\N{THUMBS UP SIGN}", False, BO),
        Reacted("8-id-8", "\N{THUMBS UP SIGN}", True, ANN, to=["bo"]),
        Reacted("1-id", "\N{THUMBS UP SIGN}", True, ANN),
    ],
    "chat.pinned": [Pinned(one.message_id, one) for one in BUSY.chat.shared.messages],
    "chat.unpinned": [Unpinned("7-id-7"), Unpinned("1-id")],
    "whiteboard.applied": [
        Applied([Put("a", {"x": 2}), Put("d", {}), Patch("b", {"x": None}), Delete("gone")]),
        Applied([Put("a", {})], "third"),
        Applied([Delete("b")], "second"),
        Applied([Put("b", {"x": 1}), Ordered("b", 0)], undo=BUSY.whiteboard.steps.people[BO].undo[-1].seq),
        Applied([Put("e", {}, 9)], redo=BUSY.whiteboard.steps.people[BO].redo[-1].seq),
        Applied([Put("e", {}, 9)], undo=1),
        Applied([Put("f", {})], goes_on=True),
    ],
    "whiteboard.cleared": [Cleared(), Cleared("second"), Cleared("third")],
    "whiteboard.saved": [Saved("v2", "again")],
    "whiteboard.restored": [Restored(BUSY.whiteboard.versions[0].about.id)],
    "whiteboard.discarded": [Discarded(BUSY.whiteboard.versions[0].about.id), Discarded("gone")],
    "whiteboard.page_added": [PageAdded("new", 0, Sheet("New")), PageAdded("second", 1)],
    "whiteboard.page_changed": [PageChanged("plan", Sheet("Plans", 100, 100, "grid", True)), PageChanged("x", Sheet())],
    "whiteboard.page_moved": [PageMoved("plan", 0), PageMoved("second", 0)],
    "whiteboard.page_removed": [PageRemoved("plan"), PageRemoved("second"), PageRemoved("gone")],
    "participant.may_draw": [rooms.DrawLet(BO, False), rooms.DrawLet(CY, True)],
    "e2ee.published": [Published(BO, identity("Bo"))],
    "e2ee.shared": [Shared(key_id(1), {ANN: WRAPPED, BO: WRAPPED})],
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
        decode_snapshot(msgspec.msgpack.encode({"v": VERSION + 1, "state": "in a shape yet unknown"}))


def as_map(room: RoomState) -> tuple[dict[str, Any], list[Any]]:
    """What older snapshots were, and the slices of elements that stood in it."""
    about, *slices = [msgspec.msgpack.decode(piece) for piece in msgspec.msgpack.decode(encode_snapshot(room))]
    return about, slices


def test_a_snapshot_of_version_3_is_read() -> None:
    """It had all elements in one piece."""
    old, slices = as_map(BUSY)
    for page in old["pages"]:
        page["elements"] = [element for _ in range(page.pop("slices")) for element in slices.pop(0)]
    old["board"]["others"] = [element for some in slices for element in some]
    assert old["board"]["others"]

    assert decode_snapshot(msgspec.msgpack.encode(old | {"v": 3})) == BUSY


def test_a_large_board_is_packed_and_unpacked_in_turns() -> None:
    """None of them handles more than some hundreds of elements, on a page or in a version alone."""
    count = 2 * SLICE + 1
    room = given_room()
    for first in range(0, count, limits.BOARD_OPS):
        ops: list[Op] = [Put(f"e{n}", {"n": n}) for n in range(first, min(count, first + limits.BOARD_OPS))]
        room = after(room, "Ann", Apply(ops))
    cleared = after(after(room, "Ann", Save("as it was")), "Ann", Clear())

    for board in (room, cleared):
        data = encode_snapshot(board)

        assert [len(some) for some in as_map(board)[1]] == [SLICE, SLICE, 1]
        assert len(list(encoding(board))) > 3
        assert len(list(decoding(data))) > 3
        assert decode_snapshot(data) == board


def test_a_snapshot_of_version_2_is_read() -> None:
    """It knew of a whiteboard nothing but its elements."""
    room = after(given_room(), "Ann", Apply([Put("a", {"x": 1}), Put("b", {})]))
    old, slices = as_map(room)
    del old["board"]
    elements = [[id_, z, body] for id_, z, body, *_ in slices[0]]
    old["pages"] = [{"name": "1", "next_z": 2, "elements": elements}]

    read = decode_snapshot(msgspec.msgpack.encode(old | {"v": 2}))

    assert view(read, LiveState(), BO) == view(room, LiveState(), BO), "but what Ann may take back"
    [added] = granted(read, "Ann", Apply([Put("c", {})]))
    assert evolve(read, added, meta_after(read, "Ann")).whiteboard.pages["1"].elements["c"].z == 2


def test_a_snapshot_of_version_1_is_read() -> None:
    """It knew no lobby, no bars, and no settings but the calendar's."""
    room = given_room(host="Ann", guests=["Bo"], settings=rooms.Settings(chat=False))
    old, _ = as_map(room)
    for name in ("configured", "ip_rules", "arrivals", "waiting", "bars", "dismissed"):
        del old[name]

    read = decode_snapshot(msgspec.msgpack.encode(old | {"v": 1}))

    assert read == replace(room, arrivals=Map({ANN: 0, BO: 0}))
