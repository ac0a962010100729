"""Somebody with an account leaves and comes back as another participant: what they did they can still take back."""

from unittest.mock import patch

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.ids import UserId
from meetserver.rooms.messages import Erase, Leave, LeaveReason, Remove
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import Apply, Op, Put, Redo, RemovePage, Undo
from tests.builders import after, given_room, granted, join, participant_id


def come(room: RoomState, name: str, user: str = "dis-account") -> RoomState:
    return after(room, name, replace(join(name), user=UserId(user)))


def leave(room: RoomState, name: str, reason: LeaveReason = "bye") -> RoomState:
    return after(room, name, Leave(participant_id(name), reason))


def draw(room: RoomState, name: str, *ops: Op, page: str = "1") -> RoomState:
    return after(room, name, Apply(list(ops), page))


def drawn(room: RoomState) -> str:
    return "".join(sorted(room.whiteboard.page("1").elements))


@pytest.fixture
def room() -> RoomState:
    """Ann hosts, Bo is a guest; Di has drawn a, b and c, has taken c back, and left."""
    room = come(given_room(host="Ann", guests=["Bo"]), "Di")
    for id_ in "abc":
        room = draw(room, "Di", Put(id_, {}))
    return leave(after(room, "Di", Undo()), "Di")


def test_undo_and_redo_go_on_where_they_were(room: RoomState) -> None:
    room = come(room, "Di2")
    assert drawn(after(room, "Di2", Redo())) == "abc"
    room = draw(after(room, "Di2", Undo()), "Di2", Put("d", {}))
    assert drawn(room) == "ad"
    room = after(after(room, "Di2", Undo()), "Di2", Undo())
    assert drawn(room) == ""
    assert granted(room, "Di2", Undo()) == []


def test_not_what_others_changed_meanwhile(room: RoomState) -> None:
    room = come(draw(room, "Bo", Put("b", {"text": "bo's"})), "Di2")
    room = after(room, "Di2", Undo())
    assert drawn(room) == "b"
    assert granted(room, "Di2", Undo()) == []


def test_not_for_others_nor_for_who_was_sent_out_nor_for_guests(room: RoomState) -> None:
    assert granted(come(room, "Eve", "eves-account"), "Eve", Undo()) == []
    assert granted(after(room, "Fred", join("Fred")), "Fred", Undo()) == []
    room = draw(come(room, "Di2"), "Di2", Put("d", {}))
    gone = after(room, "Ann", Remove(participant_id("Di2")))
    assert not gone.whiteboard.steps.people
    assert not gone.whiteboard.steps.away


def test_of_two_tabs_that_left_all_is_taken_up_in_order(room: RoomState) -> None:
    room = come(come(room, "Di2"), "Di3")
    room = draw(room, "Di2", Put("d", {}))
    room = draw(room, "Di3", Put("e", {}))
    room = draw(room, "Di2", Put("f", {}))
    room = come(leave(leave(room, "Di2"), "Di3"), "Di4")
    left = [drawn(room)]
    while granted(room, "Di4", Undo()):
        room = after(room, "Di4", Undo())
        left.append(drawn(room))
    assert left == ["abdef", "abde", "abd", "ab", "a", ""]


def test_a_restart_in_between_changes_nothing(room: RoomState) -> None:
    assert decode_snapshot(encode_snapshot(room)) == room
    assert drawn(after(come(decode_snapshot(encode_snapshot(room)), "Di2"), "Di2", Undo())) == "a"


def test_who_comes_back_has_no_more_steps_than_others(room: RoomState) -> None:
    with patch.object(limits, "BOARD_UNDO_STEPS", 3):
        room = draw(come(come(room, "Di2"), "Di3"), "Di3", Put("x", {}))
        for n in range(3):
            room = draw(room, "Di2", Put(f"y{n}", {}))
        room = come(leave(leave(room, "Di2"), "Di3"), "Di4")
        assert len(room.whiteboard.steps.people[participant_id("Di4")].undo) == 3
        assert drawn(after(room, "Di4", Undo())) == "abxy0y1"


def test_nothing_is_kept_of_who_has_nothing_to_take_back(room: RoomState) -> None:
    room = leave(come(room, "Eve", "eves-account"), "Eve")
    assert set(room.whiteboard.steps.away) == {"di"}
    with patch.object(limits, "BOARD_UNDO_BYTES", 50):
        large = draw(come(given_room(host="Ann", guests=[]), "Di"), "Di", Put("a", {}))
        assert large.whiteboard.steps.people
        assert not leave(large, "Di").whiteboard.steps.people


def test_what_goes_for_its_age_or_page_is_nobodys_any_more(room: RoomState) -> None:
    with patch.object(limits, "BOARD_UNDO_BYTES", 200):
        crowded = draw(draw(room, "Bo", Put("y", {})), "Bo", Put("z", {}))
    assert set(crowded.whiteboard.steps.people) == {"bo"}
    assert not crowded.whiteboard.steps.away
    two = after(draw(room, "Ann", Put("q", {}), page="two"), "Ann", RemovePage("1"))
    assert not two.whiteboard.steps.away


def test_an_erased_account_leaves_nothing_to_take_back(room: RoomState) -> None:
    room = after(room, "Ann", Erase((participant_id("Di"),)))
    assert not room.whiteboard.steps.people
    assert not room.whiteboard.steps.away
    assert drawn(room) == "ab"
