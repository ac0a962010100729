"""What a process leaves undone when it does not keep up, in a fixed order, and when it begins with that. Pure.

A level rises when a few looks in a row have seen more pressure, and falls one by one after many quiet ones, so that
neither a pause nor the relief that shedding brings makes it swing.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from meetserver import limits, wire
from meetserver.chat.messages import Mark, Typing
from meetserver.errors import Busy, Refusal
from meetserver.framing import text_frame
from meetserver.messages import Command, DurableCommand
from meetserver.presence.messages import Set as SetPresence
from meetserver.whiteboard.messages import PointerMove, Preview

Thresholds: TypeAlias = tuple[float, ...]

REPLACEABLE: Final = (PointerMove, Preview, Typing)
"""The next one makes up for one that was lost: answered ok, and told to nobody."""
TYPING_KEY: Final = "typing"


class Standing(Struct, frozen=True):
    """A level, and how many looks in a row spoke for another: `least` is the least that those saw who saw more."""

    level: int = 0
    worse: int = 0
    least: int = 0
    better: int = 0


class Shed(Struct, frozen=True):
    """A command that is not carried out. Without a refusal it is answered ok."""

    refusal: Refusal | None = None


DROPPED: Final = Shed()
REFUSED: Final = Shed(Busy("the server has too much to do", retry_after_s=limits.SHED_RETRY_S).refusal)


def level_of(measures: Sequence[tuple[float, Thresholds]], before: Standing) -> Standing:
    """`measures` are what a look saw, each with where its levels begin; the worst counts."""
    up = max(_rank(measure, thresholds) for measure, thresholds in measures)
    down = max(_rank(2 * measure, thresholds) for measure, thresholds in measures)
    if up > before.level:
        least = min(up, before.least) if before.worse else up
        worse = before.worse + 1
        return Standing(least) if worse == limits.PRESSURE_LOOKS_WORSE else Standing(before.level, worse, least)
    if down < before.level:
        better = before.better + 1
        if better == limits.PRESSURE_LOOKS_BETTER:
            return Standing(before.level - 1)
        return Standing(before.level, better=better)
    return Standing(before.level)


def _rank(measure: float, thresholds: Thresholds) -> int:
    return sum(measure >= threshold for threshold in thresholds)


def shed(command: Command, level: int, durable_level: int) -> Shed | None:
    """None: it is carried out. Pointers and previews go first, then typing and what people show of themselves, then
    calls; what would be stored goes by `durable_level`, last, and never without a word."""
    match command:
        case PointerMove() | Preview():
            return DROPPED if level >= 1 else None
        case Typing():
            return DROPPED if level >= 2 else None
        case SetPresence() if not command.is_durable:
            return REFUSED if level >= 2 else None
        case Mark():
            return REFUSED if level >= 2 else None
        case DurableCommand() | SetPresence():
            return REFUSED if durable_level >= 3 else None
        case _:
            return REFUSED if level >= 3 else None


def shed_frame(command_id: int | str, one: Shed) -> bytes:
    """The reply to a command that is shed, framed."""
    if one.refusal is None:
        return text_frame(wire.ok_frame(command_id, {}))
    return text_frame(wire.error_frame(command_id, one.refusal))


def sheds_told(key: str | None, level: int) -> bool:
    """Whether what others' pointers and the like tell (an ephemeral's `coalesce` key) is not passed on to sockets."""
    return key is not None and level >= (2 if key == TYPING_KEY else 1)
