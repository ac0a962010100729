"""whiteboard.apply: put, patch, delete, what is left out and what is refused."""

from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from meetserver import limits
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import Applied, Apply, Delete, Op, Patch, Put
from meetserver.whiteboard.state import BoardPage, in_order, shown
from tests.builders import after, assert_refused, given_room, granted, meta_after, with_settings


def draw(room: RoomState, *ops: Op, page: str = "1") -> RoomState:
    return after(room, "Ann", Apply(list(ops), page))


def drawn(room: RoomState, page: str = "1") -> dict[str, Any]:
    """The page's elements, bottom first."""
    elements = in_order(room.whiteboard.pages.get(page, BoardPage()))
    return {element.id: msgspec.json.decode(element.body) for element in elements}


@pytest.fixture
def room() -> RoomState:
    return draw(given_room(), Put("a", {"x": 1}), Put("b", {"x": 2}))


def test_put_adds_an_element_and_its_page() -> None:
    room = given_room()
    assert drawn(room, "plan") == {}

    assert granted(room, "Ann", Apply([Put("a", {"x": 1})], "plan")) == [Applied([Put("a", {"x": 1})], "plan")]
    assert drawn(draw(room, Put("a", {"x": 1}), page="plan"), "plan") == {"a": {"x": 1}}


def test_put_of_an_element_that_is_there_replaces_it_in_its_place(room: RoomState) -> None:
    room = draw(room, Put("a", {"y": 9}))

    assert list(drawn(room).items()) == [("a", {"y": 9}), ("b", {"x": 2})]


def test_put_after_a_delete_comes_on_top(room: RoomState) -> None:
    room = draw(room, Delete("a"), Put("a", {"x": 1}))

    assert list(drawn(room)) == ["b", "a"]


def test_patch_sets_fields_and_takes_those_that_are_null_away(room: RoomState) -> None:
    room = draw(room, Patch("a", {"x": None, "y": [1.5, None], "not there": None}))

    assert list(drawn(room).items()) == [("a", {"y": [1.5, None]}), ("b", {"x": 2})]


def test_delete_takes_it_away(room: RoomState) -> None:
    assert drawn(draw(room, Delete("a"))) == {"b": {"x": 2}}


def test_a_page_goes_with_its_last_element(room: RoomState) -> None:
    assert "1" not in draw(room, Delete("a"), Delete("b")).whiteboard.pages


def test_ops_on_what_is_not_there_are_left_out(room: RoomState) -> None:
    ops: list[Op] = [Patch("gone", {"x": 1}), Delete("gone"), Delete("a"), Patch("a", {"x": 2}), Patch("b", {"x": 3})]

    assert granted(room, "Ann", Apply(ops)) == [Applied([Delete("a"), Patch("b", {"x": 3})])]


def test_nothing_left_is_no_event(room: RoomState) -> None:
    assert granted(room, "Ann", Apply([Delete("gone"), Patch("gone", {"x": 1})])) == []
    assert granted(room, "Ann", Apply([Delete("a")], "another")) == []


def test_the_log_may_hold_what_is_out_of_place_and_means_nothing(room: RoomState) -> None:
    from meetserver.whiteboard.reducer import evolve

    assert (
        evolve(room.whiteboard, Applied([Delete("gone"), Patch("gone", {})], "another"), meta_after(room))
        == room.whiteboard
    )


@pytest.mark.parametrize(
    "element",
    [
        {"nul": "a\0b"},
        {"nul\0": 1},
        {"deep": [[{"nul": "\0"}]]},
        {"half a pair": "\ud83d"},
        {"x": float("inf")},
        {"x": [1, float("nan")]},
        {"x": object()},
    ],
)
def test_what_cannot_be_kept_is_refused(room: RoomState, element: dict[str, Any]) -> None:
    assert_refused(room, "Ann", Apply([Put("b", {"fine": 1}), Put("c", element)]), "bad_message")
    assert_refused(room, "Ann", Apply([Patch("a", element)]), "bad_message")


def test_a_null_and_the_letters_of_an_escape_are_fine(room: RoomState) -> None:
    assert drawn(draw(room, Put("c", {"x": None, "y": "\\u0000"})))["c"] == {"x": None, "y": "\\u0000"}


def nested(levels: int) -> dict[str, Any]:
    inner: Any = []
    for level in range(levels - 2):
        inner = [inner, inner] if level == 0 else [inner]
    return {"x": inner}


def test_an_element_is_only_so_deep(room: RoomState) -> None:
    assert granted(room, "Ann", Apply([Put("c", nested(limits.BOARD_ELEMENT_DEPTH))]))
    assert_refused(room, "Ann", Apply([Put("c", nested(limits.BOARD_ELEMENT_DEPTH + 1))]), "bad_message")


def test_brackets_in_a_text_are_no_depth(room: RoomState) -> None:
    assert granted(room, "Ann", Apply([Put("c", {"text": '[{"\\' * 100, "points": [[0, 1]] * 100})]))


@pytest.mark.parametrize("id_", ["nul\0", "line\n", "\ud83d"])
def test_an_id_is_printable(room: RoomState, id_: str) -> None:
    assert_refused(room, "Ann", Apply([Put(id_, {})]), "bad_message")


def test_an_element_is_only_so_large(room: RoomState) -> None:
    most = "x" * (limits.BOARD_ELEMENT_BYTES - len('{"x":""}'))
    room = draw(room, Put("c", {"x": most}))

    assert_refused(room, "Ann", Apply([Put("d", {"x": most + "x"})]), "too_large")
    assert_refused(room, "Ann", Apply([Patch("c", {"y": 1})]), "too_large")


def test_a_page_has_only_so_many_elements(room: RoomState) -> None:
    with patch.object(limits, "BOARD_ELEMENTS", 2):
        assert_refused(room, "Ann", Apply([Put("c", {})]), "too_large")
        assert granted(room, "Ann", Apply([Put("a", {"x": 5})]))
        assert granted(room, "Ann", Apply([Put("c", {}), Delete("a")]))
    with patch.object(limits, "BOARD_ELEMENTS", 1):
        assert granted(room, "Ann", Apply([Patch("a", {"x": 5})]))
        assert granted(room, "Ann", Apply([Delete("a")]))


def test_a_board_has_only_so_many_pages(room: RoomState) -> None:
    with patch.object(limits, "BOARD_PAGES", 1):
        assert_refused(room, "Ann", Apply([Put("a", {})], "2"), "too_large")
        assert granted(room, "Ann", Apply([Put("c", {})], "1"))


def test_a_board_has_only_so_many_bytes(room: RoomState) -> None:
    with patch.object(limits, "BOARD_BYTES", room.whiteboard.size_bytes):
        assert_refused(room, "Ann", Apply([Put("c", {})]), "too_large")
        assert_refused(room, "Ann", Apply([Patch("a", {"x": 10})], "1"), "too_large")
        assert granted(room, "Ann", Apply([Patch("a", {"x": 3})]))


def test_a_page_knows_how_large_its_view_is(room: RoomState) -> None:
    room = draw(room, Put('"quoted"', {"x": "ü"}), Patch("a", {"long": "x" * 50}), Delete("b"), Put("a", {"y": 1}))
    page = room.whiteboard.pages["1"]

    assert page.size_bytes == len(shown(page)) - 1


def test_one_refused_op_refuses_them_all(room: RoomState) -> None:
    assert_refused(room, "Ann", Apply([Put("c", {}), Put("d", {"x": "\0"}), Delete("a")]), "bad_message")


def test_a_whiteboard_can_be_turned_off_and_viewers_only_look() -> None:
    assert_refused(with_settings(given_room(), whiteboard=False), "Ann", Apply([Put("a", {})]), "forbidden")
    assert_refused(given_room(viewers=["Vi"]), "Vi", Apply([Put("a", {})]), "forbidden")
    assert_refused(given_room(ended=True), "Ann", Apply([Put("a", {})]), "room_ended")
