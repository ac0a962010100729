"""What somebody has in hand at the whiteboard: told, and shown to whoever comes."""

import msgspec
import pytest

from meetserver import limits
from meetserver.messages import Tell
from meetserver.presence.messages import ChangedLive, Pen, Set
from meetserver.rooms.live import LiveState
from meetserver.rooms.snapshot import shared_view
from tests.builders import assert_told_off, given_room, participant_id, told

PEN = Pen("highlighter", "#ff0", 12.5, "2")


def test_a_pen_is_told_once_and_stands_in_the_snapshot() -> None:
    room = given_room()
    live, tells = told(room, "Ann", Set(board=PEN))

    assert tells == [Tell(ChangedLive(participant_id("Ann"), board=PEN))]
    assert told(room, "Ann", Set(board=PEN), live) == (live, [])
    [ann] = msgspec.json.decode(shared_view(room, live))["participants"]
    assert ann["board"] == {"tool": "highlighter", "color": "#ff0", "width": 12.5, "page": "2"}
    assert "board" not in msgspec.json.decode(shared_view(room, LiveState()))["participants"][0]


def test_with_a_hand_it_is_the_part_that_does_not_last() -> None:
    assert Set(hand=True, board=PEN).is_durable
    assert Set(hand=True, board=PEN).is_live
    assert not Set(board=PEN).is_durable


@pytest.mark.parametrize("pen", [Pen("a\nb"), Pen(color="\0"), Pen(page="\ud83d")])
def test_its_words_are_printable(pen: Pen) -> None:
    assert_told_off(given_room(), "Ann", Set(board=pen), "bad_message")


@pytest.mark.parametrize("width", [-1, limits.BOARD_PEN_WIDTH + 1])
def test_it_is_only_so_wide(width: float) -> None:
    assert msgspec.convert({"width": limits.BOARD_PEN_WIDTH}, Pen).width == limits.BOARD_PEN_WIDTH
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"width": width}, Pen)
