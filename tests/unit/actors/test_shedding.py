"""What is shed at which level, and when levels change: pure."""

from collections.abc import Sequence

import pytest

from meetserver import limits
from meetserver.actors.shedding import DROPPED, REFUSED, Shed, Standing, level_of, shed, sheds_told
from meetserver.chat import messages as chat
from meetserver.messages import Command, DurableCommand
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from meetserver.rooms.catalog import WIRE_COMMANDS
from meetserver.signaling import messages as signaling
from meetserver.whiteboard import messages as whiteboard

THRESHOLDS = (10.0, 20.0, 30.0)

POINTER = whiteboard.PointerMove(1, 2)
PREVIEW = whiteboard.Preview("stroke", {})
TYPING = chat.Typing(True)
MICROPHONE = presence.Set(audio=True)
CALL = signaling.Renegotiate("session", "call")
HAND = presence.Set(hand=True)
HAND_AND_MICROPHONE = presence.Set(hand=True, audio=True)
MESSAGE = chat.Send(text="hi")


def after(looks: Sequence[float], standing: Standing = Standing()) -> int:  # noqa: B008  (frozen)
    for look in looks:
        standing = level_of([(look, THRESHOLDS)], standing)
    return standing.level


# --- levels


@pytest.mark.parametrize(("look", "level"), [(9.9, 0), (10, 1), (19.9, 1), (20, 2), (29.9, 2), (30, 3), (1e9, 3)])
def test_each_level_has_its_threshold(look: float, level: int) -> None:
    assert after([look] * limits.PRESSURE_LOOKS_WORSE) == level


def test_a_level_rises_after_so_many_looks_and_not_one_before() -> None:
    assert after([30] * (limits.PRESSURE_LOOKS_WORSE - 1)) == 0
    assert after([30] * limits.PRESSURE_LOOKS_WORSE) == 3


def test_a_pause_is_no_pressure() -> None:
    """A machine that slept, a process that was stopped: one look is very late, the next is not."""
    assert after([1000, 0, 1000, 0, 1000, 0]) == 0


def test_it_rises_to_the_least_that_all_these_looks_saw() -> None:
    assert after([30, 10, 30]) == 1


def test_it_falls_one_by_one_after_many_quiet_looks() -> None:
    high = Standing(3)
    assert after([0] * (limits.PRESSURE_LOOKS_BETTER - 1), high) == 3
    assert after([0] * limits.PRESSURE_LOOKS_BETTER, high) == 2
    assert after([0] * 3 * limits.PRESSURE_LOOKS_BETTER, high) == 0


def test_it_stays_while_it_is_not_less_than_half_of_where_it_begins() -> None:
    assert after([10] * 1000, Standing(2)) == 2  # 20 begins it
    assert after([9.9] * limits.PRESSURE_LOOKS_BETTER, Standing(2)) == 1


def test_a_relapse_begins_the_count_anew() -> None:
    nearly = [0.0] * (limits.PRESSURE_LOOKS_BETTER - 1)
    assert after([*nearly, 20, *nearly], Standing(2)) == 2


def test_the_worst_measure_counts() -> None:
    standing = Standing()
    for _ in range(limits.PRESSURE_LOOKS_WORSE):
        standing = level_of([(0, THRESHOLDS), (25, THRESHOLDS)], standing)
    assert standing.level == 2


# --- what goes


@pytest.mark.parametrize(
    ("command", "first_level", "how"),
    [
        (POINTER, 1, DROPPED),
        (PREVIEW, 1, DROPPED),
        (TYPING, 2, DROPPED),
        (MICROPHONE, 2, REFUSED),
        (chat.Mark(read=1), 2, REFUSED),
        (CALL, 3, REFUSED),
        (HAND, 3, REFUSED),
        (HAND_AND_MICROPHONE, 3, REFUSED),
        (MESSAGE, 3, REFUSED),
        (rooms.End(), 3, REFUSED),
    ],
)
def test_each_goes_from_its_level_on(command: Command, first_level: int, how: Shed) -> None:
    for level in range(4):
        assert shed(command, level, level) == (how if level >= first_level else None)


def test_what_is_refused_may_come_again() -> None:
    assert REFUSED.refusal is not None
    assert REFUSED.refusal.code == "busy"
    assert REFUSED.refusal.temporary
    assert REFUSED.refusal.retry_after_s == limits.SHED_RETRY_S


def test_a_slow_database_ends_no_calls_and_stops_no_pointers() -> None:
    assert [shed(command, 0, 3) for command in (POINTER, PREVIEW, TYPING, MICROPHONE, CALL)] == [None] * 5
    assert shed(MESSAGE, 0, 3) == shed(HAND, 0, 3) == REFUSED


def test_every_command_that_is_durable_is_refused_and_never_just_dropped() -> None:
    for command in WIRE_COMMANDS:
        if command.durable:
            assert issubclass(command, DurableCommand), command.type


@pytest.mark.parametrize(
    ("key", "first_level"),
    [("pointer", 1), (whiteboard.Previewed("stroke", {}).coalesce(), 1), (chat.TypingTold(True).coalesce(), 2)],
)
def test_what_others_show_is_not_passed_on_from_the_same_levels(key: str, first_level: int) -> None:
    assert [sheds_told(key, level) for level in range(4)] == [level >= first_level for level in range(4)]


def test_what_is_not_replaced_by_the_next_is_always_passed_on() -> None:
    told = presence.ChangedLive(None, away=True)  # type: ignore[arg-type]
    assert not sheds_told(told.coalesce(), 3)
