"""The order of a page's elements, and those that are locked."""

import pytest

from meetserver.errors import Refusal
from meetserver.rooms.reducer import decide
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import Applied, Apply, Delete, Op, Order, Ordered, Patch, Put
from meetserver.whiteboard.state import in_order
from tests.builders import after, assert_refused, context, given_room, granted


@pytest.fixture
def room() -> RoomState:
    return draw(given_room(guests=["Bo", "Cy"]), *(Put(id_, {}) for id_ in "abcd"))


def draw(room: RoomState, *ops: Op, name: str = "Bo") -> RoomState:
    return after(room, name, Apply(list(ops)))


def order(room: RoomState) -> str:
    return "".join(element.id for element in in_order(room.whiteboard.pages["1"]))


@pytest.mark.parametrize(
    ("ops", "expected"),
    [
        ([Order("a", "front")], "bcda"),
        ([Order("d", "back")], "dabc"),
        ([Order("a", "forward")], "bacd"),
        ([Order("c", "forward")], "abdc"),
        ([Order("c", "backward")], "acbd"),
        ([Order("b", "backward")], "bacd"),
        ([Order("a", "forward"), Order("a", "forward")], "bcad"),
        ([Order("a", "front"), Order("b", "front"), Order("a", "backward"), Order("a", "backward")], "acdb"),
        ([Delete("b"), Put("e", {}), Order("a", "forward"), Order("e", "backward")], "caed"),
        ([Order("c", "back"), Put("c", {"x": 1}), Order("c", "forward")], "acbd"),
    ],
)
def test_elements_move_past_each_other(room: RoomState, ops: list[Op], expected: str) -> None:
    assert order(draw(room, *ops)) == expected


def test_one_by_one_it_comes_out_the_same(room: RoomState) -> None:
    for op in (Order("a", "forward"), Order("d", "backward"), Order("a", "forward"), Order("c", "back")):
        room = draw(room, op)
    assert order(room) == "cbda"


@pytest.mark.parametrize("op", [Order("d", "front"), Order("d", "forward"), Order("gone", "front")])
def test_what_stands_there_already_or_is_gone_is_left_out(room: RoomState, op: Order) -> None:
    assert granted(room, "Bo", Apply([op])) == []


def test_the_lowest_goes_no_lower(room: RoomState) -> None:
    room = draw(room, Order("d", "back"))
    assert granted(room, "Bo", Apply([Order("d", "back"), Order("d", "backward")])) == []


def test_the_event_says_how_high(room: RoomState) -> None:
    assert granted(room, "Bo", Apply([Order("a", "front")])) == [Applied([Ordered("a", 4)])]
    assert granted(room, "Bo", Apply([Order("a", "back")])) == []
    assert granted(room, "Bo", Apply([Order("b", "back")])) == [Applied([Ordered("b", -1)])]


def test_who_draws_does_not_say_how_high(room: RoomState) -> None:
    assert granted(room, "Bo", Apply([Put("e", {}, -7)])) == [Applied([Put("e", {})])]


def test_two_that_change_places_for_ever_come_to_no_harm(room: RoomState) -> None:
    for _ in range(200):
        wish = Apply([Order("a", "forward"), Order("b", "forward")])
        events = decide(room, wish, context(room, "Bo"))
        assert not isinstance(events, Refusal)
        room = after(room, "Bo", wish)
    assert sorted(order(room)) == list("abcd")
    assert order(draw(room, Order("b", "front"), Order("a", "back")))[::3] == "ab"


# --- locks


@pytest.mark.parametrize(
    "op", [Put("a", {}), Patch("a", {"x": 1}), Patch("a", {"locked": True}), Delete("a"), Order("a", "front")]
)
def test_what_is_locked_is_changed_by_nobody(room: RoomState, op: Op) -> None:
    room = draw(room, Patch("a", {"locked": True}))
    for name in ("Ann", "Bo", "Cy"):
        assert_refused(room, name, Apply([op]), "forbidden")


@pytest.mark.parametrize("unlock", [Patch("a", {"locked": None}), Patch("a", {"locked": False, "x": 1})])
def test_who_locked_it_or_a_host_unlocks_it(room: RoomState, unlock: Op) -> None:
    room = draw(room, Patch("a", {"locked": True}))

    assert_refused(room, "Cy", Apply([unlock]), "forbidden")
    for name in ("Ann", "Bo"):
        assert granted(draw(room, unlock, name=name), "Cy", Apply([Delete("a")])) != []
    assert granted(room, "Bo", Apply([unlock, Delete("a")])) != []


def test_what_a_host_locked_its_author_does_not_unlock(room: RoomState) -> None:
    room = draw(room, Patch("a", {"locked": True}), name="Ann")
    assert_refused(room, "Bo", Apply([Patch("a", {"locked": None})]), "forbidden")
