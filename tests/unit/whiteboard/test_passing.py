"""whiteboard.preview and pointer.move: told, not kept."""

import pytest

from meetserver import limits
from meetserver.messages import Command, Tell
from meetserver.rooms.live import LiveState
from meetserver.whiteboard.messages import PointerMove, PointerMoved, Preview, Previewed
from tests.builders import assert_told_off, given_room, told, with_settings


def test_a_stroke_under_way_is_told() -> None:
    told_now = told(given_room(), "Ann", Preview("s", {"points": [[0, 1]]}, "2"))

    assert told_now == (LiveState(), [Tell(Previewed("s", {"points": [[0, 1]]}, "2"))])


def test_a_pointer_is_told() -> None:
    _, tells = told(given_room(), "Ann", PointerMove(1.5, -2, "pen", "#fff"))

    assert tells == [Tell(PointerMoved(1.5, -2, "pen", "#fff"))]


def test_a_preview_is_held_to_what_an_element_may_be() -> None:
    assert_told_off(given_room(), "Ann", Preview("s", {"x": "\0"}), "bad_message")
    assert_told_off(given_room(), "Ann", Preview("s", {"x": "\ud83d"}), "bad_message")
    assert_told_off(given_room(), "Ann", Preview("s", {"x": "x" * limits.BOARD_ELEMENT_BYTES}), "too_large")


@pytest.mark.parametrize("command", [Preview("s", {}), PointerMove(0, 0)])
def test_both_are_refused_where_nobody_may_draw(command: Command) -> None:
    assert_told_off(with_settings(given_room(), whiteboard=False), "Ann", command, "forbidden")
    assert_told_off(given_room(viewers=["Vi"]), "Vi", command, "forbidden")
    assert_told_off(given_room(ended=True), "Ann", command, "room_ended")
