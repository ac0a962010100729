"""Versions of a whiteboard: kept, restored, discarded."""

from unittest.mock import patch

import msgspec
import pytest

from meetserver import limits
from meetserver.rooms.live import LiveState
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot, shared_view
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import (
    AddPage,
    Applied,
    Apply,
    ChangePage,
    Clear,
    Delete,
    Discard,
    Discarded,
    Order,
    Ordered,
    PageAdded,
    Patch,
    Put,
    RemovePage,
    Restore,
    Restored,
    Save,
    Saved,
    Sheet,
    Undo,
)
from meetserver.whiteboard.state import in_order
from tests.builders import after, assert_refused, at_seq, given_room, granted


@pytest.fixture
def room() -> RoomState:
    """Two pages, kept as a version by Bo."""
    room = given_room(guests=["Bo"])
    room = after(room, "Bo", AddPage("plan", "Plan"))
    room = after(room, "Bo", Apply([Put("a", {"x": 1}), Put("b", {}), Put("c", {})]))
    room = after(room, "Bo", Apply([Put("p", {})], "plan"))
    return after(room, "Bo", Save("first"))


def kept(room: RoomState) -> str:
    return room.whiteboard.versions[0].about.id


def board(room: RoomState) -> dict[str, list[tuple[str, bytes]]]:
    pages = sorted(room.whiteboard.pages.items())
    return {name: [(element.id, element.body) for element in in_order(page)] for name, page in pages}


def test_the_snapshot_lists_who_kept_what_and_when(room: RoomState) -> None:
    [version] = msgspec.json.decode(shared_view(room, LiveState()))["whiteboard"]["versions"]
    at = at_seq(room.seq).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert version == {"id": kept(room), "name": "first", "by": "bo", "at": at, "seq": room.seq}
    [saved] = granted(room, "Bo", Save("second"))
    assert isinstance(saved, Saved)
    assert saved.receipt() == {"version": saved.kept}
    assert msgspec.to_builtins(saved) == {"version": saved.kept, "name": "second"}


def test_restoring_is_new_ops_and_one_change_to_take_back(room: RoomState) -> None:
    before = board(room)
    room = after(room, "Bo", Apply([Patch("a", {"x": 2}), Delete("b"), Put("d", {}), Order("c", "back")]))
    room = after(room, "Ann", Apply([Put("n", {})], "new"))
    room = after(room, "Ann", RemovePage("plan"))
    changed = board(room)

    events = granted(room, "Ann", Restore(kept(room)))
    assert events == [
        Restored(kept(room)),
        PageAdded("plan", 1, Sheet("Plan")),
        Applied([Delete("d"), Put("a", {"x": 1}), Put("b", {}, 1), Ordered("c", 2)]),
        Applied([Put("p", {}, 3)], "plan", goes_on=True),
        Applied([Delete("n")], "new", goes_on=True),
    ]
    room = after(room, "Ann", Restore(kept(room)))
    assert board(room) == before
    assert granted(room, "Ann", Restore(kept(room))) == []

    room = after(room, "Ann", Undo())
    assert board(room) == changed, "in one go"


def test_one_page_alone_can_be_restored(room: RoomState) -> None:
    before = board(room)
    room = after(after(room, "Bo", Clear()), "Bo", Clear("plan"))

    assert board(after(room, "Ann", Restore(kept(room), "plan"))) == {"plan": before["plan"]}
    assert granted(room, "Ann", Restore(kept(room), "never there")) == []


def test_what_pages_are_called_stays(room: RoomState) -> None:
    room = after(room, "Bo", ChangePage("plan", name="Another"))
    assert granted(room, "Ann", Restore(kept(room))) == []


def test_what_was_restored_is_nobodys_to_take_back_but_the_restorers(room: RoomState) -> None:
    room = after(room, "Bo", Apply([Patch("a", {"x": 2})]))
    room = after(room, "Ann", Restore(kept(room)))
    after_it = board(room)
    room = after(room, "Bo", Undo())
    assert board(room)["1"] == after_it["1"]


def test_discarding(room: RoomState) -> None:
    assert granted(room, "Ann", Discard(kept(room))) == [Discarded(kept(room))]
    assert after(room, "Ann", Discard(kept(room))).whiteboard.versions == ()


def test_what_is_not_there_or_not_for_everybody(room: RoomState) -> None:
    assert_refused(room, "Ann", Restore("none"), "not_found")
    assert_refused(room, "Ann", Discard("none"), "not_found")
    assert_refused(room, "Bo", Restore(kept(room)), "forbidden")
    assert_refused(room, "Bo", Discard(kept(room)), "forbidden")
    assert_refused(room, "Bo", Save("two\nlines"), "bad_message")


def test_there_are_only_so_many_versions_and_so_large(room: RoomState) -> None:
    with patch.object(limits, "BOARD_VERSIONS", 1):
        assert_refused(room, "Bo", Save("second"), "too_large")
    with patch.object(limits, "BOARD_VERSIONS", 2):
        assert granted(room, "Bo", Save("second"))
    size_bytes = room.whiteboard.size_bytes
    with patch.object(limits, "BOARD_VERSIONS_BYTES", 2 * size_bytes - 1):
        assert_refused(room, "Bo", Save("second"), "too_large")
    with patch.object(limits, "BOARD_VERSIONS_BYTES", 2 * size_bytes):
        assert granted(room, "Bo", Save("second"))


def test_a_restore_keeps_to_the_boards_limits(room: RoomState) -> None:
    room = after(room, "Ann", RemovePage("plan"))
    room = after(room, "Bo", Apply([Put("n", {})], "new"))
    with patch.object(limits, "BOARD_PAGES", 1):
        assert_refused(room, "Ann", Restore(kept(room), "plan"), "too_large")
    with patch.object(limits, "BOARD_BYTES", room.whiteboard.size_bytes):
        assert_refused(room, "Ann", Restore(kept(room), "plan"), "too_large")
    with patch.object(limits, "BOARD_CHANGE_ENTRIES", 1):
        assert_refused(room, "Ann", Restore(kept(room)), "too_large")
        assert granted(room, "Ann", Restore(kept(room), "plan"))


def test_a_stored_snapshot_has_each_element_once(room: RoomState) -> None:
    room = after(room, "Bo", Apply([Put("large", {"text": "x" * 10_000})]))
    room = after(room, "Bo", Save("second"))
    one = len(encode_snapshot(room))
    room = after(after(room, "Bo", Save("third")), "Bo", Save("fourth"))

    assert len(encode_snapshot(room)) < one + 1000
    assert encode_snapshot(after(room, "Bo", Clear())).count(b"x" * 10_000) == 1
    assert decode_snapshot(encode_snapshot(room)) == room
