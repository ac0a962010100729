"""whiteboard.undo and .redo: one's own changes, as far as nobody else came after."""

from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from meetserver import limits
from meetserver.ids import ParticipantId
from meetserver.rooms.messages import Leave
from meetserver.rooms.reducer import evolve
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import (
    Applied,
    Apply,
    ChangePage,
    Clear,
    Delete,
    Op,
    Order,
    Patch,
    Put,
    Redo,
    RemovePage,
    Restore,
    Save,
    Undo,
)
from meetserver.whiteboard.state import BoardPage, in_order
from tests.builders import after, assert_refused, given_room, granted, meta_after

Board = dict[str, dict[str, Any]]


@pytest.fixture
def room() -> RoomState:
    return given_room(guests=["Bo", "Cy"])


def draw(room: RoomState, name: str, *ops: Op, page: str = "1") -> RoomState:
    return after(room, name, Apply(list(ops), page))


def board(room: RoomState) -> dict[str, list[tuple[str, Any]]]:
    """Each page's elements, bottom first."""
    return {
        name: [(element.id, msgspec.json.decode(element.body)) for element in in_order(page)]
        for name, page in room.whiteboard.pages.items()
    }


def drawn(room: RoomState) -> Any:
    page = room.whiteboard.pages.get("1", BoardPage())
    return {element.id: msgspec.json.decode(element.body) for element in in_order(page)}


def steps_of(room: RoomState, name: str) -> tuple[int, int]:
    stacks = room.whiteboard.steps.people.get(ParticipantId(name.lower()))
    return (0, 0) if stacks is None else (len(stacks.undo), len(stacks.redo))


@pytest.mark.parametrize(
    "ops",
    [
        [Put("new", {"x": 1})],
        [Put("a", {"y": 2})],
        [Patch("a", {"x": None, "y": [1.5]})],
        [Delete("a")],
        [Delete("a"), Put("a", {"again": 1})],
        [Put("new", {}), Delete("new"), Delete("b")],
        [Order("a", "front")],
        [Order("c", "back"), Order("b", "backward")],
        [Order("a", "forward"), Order("a", "forward"), Patch("a", {"x": 3})],
        [Delete("a"), Delete("b"), Delete("c")],
    ],
)
def test_undo_gives_the_board_before_and_redo_the_one_after(room: RoomState, ops: list[Op]) -> None:
    before = draw(room, "Bo", Put("a", {"x": 1}), Put("b", {}), Put("c", {}))
    changed = draw(before, "Bo", *ops)

    undone = after(changed, "Bo", Undo())
    redone = after(undone, "Bo", Redo())

    assert board(undone) == board(before)
    assert board(redone) == board(changed)
    assert board(after(redone, "Bo", Undo())) == board(before)


def test_undo_is_new_ops_that_say_what_they_take_back(room: RoomState) -> None:
    room = draw(room, "Bo", Put("a", {"x": 1}), Put("b", {}))
    made_at = room.seq
    room = draw(room, "Bo", Patch("a", {"x": 2}), Delete("b"))

    [undo] = granted(room, "Bo", Undo())
    assert undo == Applied([Put("a", {"x": 1}), Put("b", {}, 1)], undo=room.seq)
    room = after(room, "Bo", Undo())
    assert granted(room, "Bo", Undo()) == [Applied([Delete("a"), Delete("b")], undo=made_at)]
    assert granted(room, "Bo", Redo()) == [Applied([Put("a", {"x": 2}), Delete("b")], redo=room.seq)]


def test_it_goes_back_change_by_change(room: RoomState) -> None:
    for x in range(3):
        room = draw(room, "Bo", Put("a", {"x": x}))
    seen = []
    for _ in range(3):
        room = after(room, "Bo", Undo())
        seen.append(drawn(room))
    assert seen == [{"a": {"x": 1}}, {"a": {"x": 0}}, {}]
    assert granted(room, "Bo", Undo()) == []
    for x in range(3):
        room = after(room, "Bo", Redo())
        assert drawn(room) == {"a": {"x": x}}
    assert granted(room, "Bo", Redo()) == []


def test_nobody_takes_back_what_others_did(room: RoomState) -> None:
    room = draw(room, "Bo", Put("a", {"x": 1}))
    assert granted(room, "Cy", Undo()) == []
    room = draw(room, "Cy", Patch("a", {"x": 2}))

    assert granted(room, "Bo", Undo()) == []
    room = after(room, "Cy", Undo())
    assert drawn(room) == {"a": {"x": 1}}
    room = after(room, "Bo", Undo())
    assert drawn(room) == {}, "what Cy took back stands in the way no more"


def test_what_others_changed_is_left_out_and_the_rest_goes_back(room: RoomState) -> None:
    room = draw(room, "Bo", Put("a", {"x": 1}), Put("b", {"x": 1}))
    room = draw(room, "Cy", Patch("b", {"x": 2}))

    room = after(room, "Bo", Undo())

    assert drawn(room) == {"b": {"x": 2}}
    assert drawn(after(room, "Bo", Redo())) == {"b": {"x": 2}, "a": {"x": 1}}


def test_where_nothing_is_left_the_next_older_change_goes_back(room: RoomState) -> None:
    room = draw(room, "Bo", Put("a", {"x": 1}))
    room = draw(room, "Bo", Put("b", {"x": 1}))
    room = draw(room, "Cy", Put("b", {"x": 2}))

    assert drawn(after(room, "Bo", Undo())) == {"b": {"x": 2}}


@pytest.mark.parametrize("theirs", [Delete("a"), Put("a", {"x": 9})])
def test_what_somebody_deleted_or_put_anew_stays_so(room: RoomState, theirs: Op) -> None:
    room = draw(room, "Bo", Put("a", {"x": 1}))
    room = draw(room, "Bo", Patch("a", {"x": 2}))
    room = draw(room, "Cy", theirs)

    assert granted(room, "Bo", Undo()) == []


def test_a_delete_goes_back_only_as_long_as_it_is_the_last_that_happened_to_the_element(room: RoomState) -> None:
    room = draw(room, "Bo", Put("a", {"x": 1}))
    room = draw(room, "Bo", Delete("a"))
    room = draw(room, "Cy", Put("a", {"of": "Cy"}))
    room = draw(room, "Cy", Delete("a"))

    assert granted(room, "Bo", Undo()) == []
    assert drawn(after(room, "Cy", Undo())) == {"a": {"of": "Cy"}}


def test_a_delete_of_what_others_drew_brings_it_back_as_it_was_and_whose_it_was(room: RoomState) -> None:
    room = draw(room, "Cy", Put("a", {"of": "Cy"}), Put("b", {}))
    room = draw(room, "Bo", Delete("a"))
    room = after(room, "Bo", Undo())

    assert board(room) == {"1": [("a", {"of": "Cy"}), ("b", {})]}
    assert granted(room, "Bo", Undo()) == []
    assert drawn(after(room, "Cy", Undo())) == {}


def test_a_new_change_ends_what_could_be_done_again(room: RoomState) -> None:
    room = after(draw(room, "Bo", Put("a", {})), "Bo", Undo())
    assert steps_of(room, "Bo") == (0, 1)
    assert granted(draw(room, "Bo", Put("b", {})), "Bo", Redo()) == []
    assert granted(draw(room, "Cy", Put("b", {})), "Bo", Redo()) != []


def test_a_page_can_be_named(room: RoomState) -> None:
    room = draw(room, "Bo", Put("a", {}), page="one")
    room = draw(room, "Bo", Put("b", {}), page="two")

    assert granted(room, "Bo", Undo("three")) == []
    room = after(room, "Bo", Undo("one"))
    assert set(board(room)) == {"two"}
    assert granted(room, "Bo", Redo("two")) == []
    assert set(board(after(room, "Bo", Undo()))) == set()


def test_clear_takes_all_but_what_is_locked_and_goes_back_as_one(room: RoomState) -> None:
    before = draw(room, "Cy", *(Put(f"e{n}", {"n": n}) for n in range(5)), Put("kept", {"locked": True}))
    assert granted(before, "Bo", Clear("other")) == []

    cleared = after(before, "Bo", Clear())
    assert drawn(cleared) == {"kept": {"locked": True}}
    assert granted(cleared, "Bo", Clear()) == []
    assert board(after(cleared, "Bo", Undo())) == board(before)


def test_who_clears_too_much_to_be_remembered_still_came_after_others(room: RoomState) -> None:
    """Bo's delete may not be taken back: Cy drew the same element anew, and took it away with all the rest."""
    room = draw(draw(room, "Bo", Put("a", {"by": "Bo"})), "Bo", Delete("a"))
    room = draw(
        room,
        "Cy",
        Put("a", {"by": "Cy"}),
        Put("kept", {"locked": True}),
        *(Put(f"e{n}", {"text": "x" * 900}) for n in range(9)),
    )

    with patch.object(limits, "BOARD_UNDO_BYTES", 8000):
        cleared = after(room, "Cy", Clear())

        assert drawn(cleared) == {"kept": {"locked": True}}
        assert granted(cleared, "Bo", Undo()) == []
        assert all(board(after(cleared, "Cy", Undo())).get(f"e{n}") is None for n in range(9))


def test_a_large_change_goes_back_in_entries_that_are_not_too_large(room: RoomState) -> None:
    for n in range(12):
        room = draw(room, "Cy", *(Put(f"e{n}-{m}", {"text": "x" * 900}) for m in range(50)))
    cleared = after(room, "Bo", Clear())

    entries = granted(cleared, "Bo", Undo())

    assert len(entries) > 1
    assert [entry.goes_on for entry in entries if isinstance(entry, Applied)] == [n > 0 for n in range(len(entries))]
    assert all(len(msgspec.json.encode(entry)) <= limits.BOARD_ENTRY_BYTES + 1000 for entry in entries)
    undone = after(cleared, "Bo", Undo())
    assert board(undone) == board(room)
    assert steps_of(undone, "Bo") == (0, 1)
    assert board(after(undone, "Bo", Redo())) == {}


def test_on_a_locked_page_only_hosts_take_back(room: RoomState) -> None:
    room = draw(draw(room, "Bo", Put("a", {})), "Ann", Put("b", {}))
    room = after(room, "Ann", ChangePage("1", locked=True))

    assert_refused(room, "Bo", Undo(), "forbidden")
    assert granted(room, "Ann", Undo()) != []


def test_undo_does_not_fill_a_board_above_its_limits(room: RoomState) -> None:
    room = draw(room, "Bo", Put("a", {}), Put("b", {}))
    room = draw(draw(room, "Bo", Delete("a")), "Cy", Put("c", {}))

    with patch.object(limits, "BOARD_ELEMENTS", 2):
        assert_refused(room, "Bo", Undo(), "too_large")
    with patch.object(limits, "BOARD_BYTES", room.whiteboard.size_bytes):
        assert_refused(room, "Bo", Undo(), "too_large")


def test_only_so_many_changes_are_remembered_of_a_person(room: RoomState) -> None:
    with patch.object(limits, "BOARD_UNDO_STEPS", 3):
        for x in range(5):
            room = draw(room, "Bo", Put("a", {"x": x}))
        assert steps_of(room, "Bo") == (3, 0)
        for _ in range(3):
            room = after(room, "Bo", Undo())
        assert steps_of(room, "Bo") == (0, 3)
    assert drawn(room) == {"a": {"x": 1}}
    assert granted(room, "Bo", Undo()) == []


def test_the_oldest_changes_go_where_all_together_are_too_large(room: RoomState) -> None:
    room = draw(room, "Cy", Put("old", {"x": 1}))
    for x in range(20):
        room = draw(room, "Bo", Put("a", {"x": x, "text": "x" * 100}))
    steps = room.whiteboard.steps
    assert steps.size_bytes == sum(s.size_bytes for who in steps.people.values() for s in (*who.undo, *who.redo))
    with patch.object(limits, "BOARD_UNDO_BYTES", steps.size_bytes):
        same = draw(room, "Cy", Put("fits", {}))
        assert granted(same, "Cy", Undo()) != []
        room = draw(room, "Bo", Put("a", {"x": 20}))
    assert granted(room, "Cy", Undo()) == [], "the oldest of all were Cy's"
    assert 10 < steps_of(room, "Bo")[0] < 21
    assert room.whiteboard.steps.size_bytes <= steps.size_bytes * 9 / 10


def test_a_change_too_large_to_remember_is_made_all_the_same_and_costs_nobody_theirs(room: RoomState) -> None:
    room = draw(room, "Cy", Put("a", {}), page="2")
    for n in range(20):
        room = draw(room, "Ann", Put(f"e{n}", {"text": "x" * 100}))
    room = after(room, "Ann", Leave(ParticipantId("ann"), "bye"))
    with patch.object(limits, "BOARD_UNDO_BYTES", 1000):
        room = after(room, "Bo", Clear())
        assert drawn(room) == {}
        assert granted(room, "Bo", Undo()) == []
        assert granted(room, "Cy", Undo()) != []


def test_of_what_goes_on_nothing_is_remembered_where_all_is_too_large(room: RoomState) -> None:
    """Entries of one change, as a restore makes them."""
    room = draw(room, "Bo", Put("before", {}))
    with patch.object(limits, "BOARD_UNDO_BYTES", 450):
        for n in range(6):
            event = Applied([Put(f"e{n}", {})], goes_on=n > 0)
            room = evolve(room, event, meta_after(room, "Bo"))
        assert granted(room, "Bo", Undo()) == []
    assert set(drawn(room)) == {"before", *(f"e{n}" for n in range(6))}


def test_the_changes_of_those_who_left_are_forgotten_and_stay(room: RoomState) -> None:
    room = draw(room, "Bo", Put("a", {}), Put("b", {}))
    room = draw(room, "Bo", Delete("a"))
    room = after(room, "Bo", Leave(ParticipantId("bo"), "bye"))

    assert drawn(room) == {"b": {}}
    assert not room.whiteboard.steps.people
    assert not room.whiteboard.steps.gone
    assert room.whiteboard.steps.size_bytes == room.whiteboard.steps.changes == 0


def test_a_removed_pages_changes_are_forgotten(room: RoomState) -> None:
    room = draw(room, "Bo", Put("a", {}))
    room = draw(room, "Bo", Put("b", {}), page="two")
    room = draw(room, "Bo", Delete("b"), page="two")
    room = draw(room, "Cy", Put("c", {}), page="two")
    room = after(room, "Ann", RemovePage("1"))
    assert "1" not in room.whiteboard.all_pages
    room = after(room, "Bo", Undo())
    assert board(room) == {"two": [("b", {}), ("c", {})]}
    assert board(after(room, "Bo", Undo())) == {"two": [("c", {})]}
    assert granted(room, "Bo", Undo("1")) == []


def test_stamps_of_what_is_gone_are_dropped_when_nobody_asks_for_them(room: RoomState) -> None:
    with patch.object(limits, "BOARD_UNDO_STEPS", 2):
        for n in range(30):
            ids = [f"e{n}-{m}" for m in range(60)]
            room = draw(room, "Bo", *(Put(id_, {}) for id_ in ids))
            room = draw(room, "Bo", *(Delete(id_) for id_ in ids))
    assert len(room.whiteboard.steps.gone) <= 1000 + 2 * room.whiteboard.steps.changes
    assert drawn(after(room, "Bo", Undo())).keys() == {f"e29-{m}" for m in range(60)}


def test_viewers_take_nothing_back() -> None:
    room = given_room(viewers=["Vi"])
    assert_refused(room, "Vi", Undo(), "forbidden")
    assert_refused(room, "Vi", Redo(), "forbidden")
    assert_refused(room, "Vi", Clear(), "forbidden")


def test_with_a_page_nothing_is_taken_back_on_others_alone(room: RoomState) -> None:
    room = draw(draw(room, "Ann", Put("a", {})), "Ann", Put("b", {}), page="2")
    room = after(room, "Ann", Save("first"))
    room = after(after(room, "Ann", Clear()), "Ann", Clear("2"))
    room = after(room, "Ann", Restore(room.whiteboard.versions[0].about.id))  # of both pages, in one go
    room = draw(room, "Bo", Put("a", {"x": 1}))

    assert granted(room, "Ann", Undo("1")) == []
    assert board(after(room, "Ann", Undo("2"))) == {"1": [("a", {"x": 1})]}
