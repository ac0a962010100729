"""What somebody may take back and do again just now, as their clients are told when they come: buttons show it."""

from collections.abc import Sequence

from msgspec import Struct

from meetserver.ids import ParticipantId
from meetserver.whiteboard import steps
from meetserver.whiteboard.state import BoardState, Stacks, Step


class OpenStep(Struct, frozen=True):
    """A change of the viewer's own, at this seq, of which something can be taken back on these pages: now, or after
    those that came later."""

    seq: int
    pages: list[str]


class OpenSteps(Struct, frozen=True):
    """Of the viewer's changes of the whiteboard, oldest first: those to take back, and those taken back."""

    undo: list[OpenStep]
    redo: list[OpenStep]


def open_steps(board: BoardState, person: ParticipantId) -> OpenSteps:
    stacks = board.steps.people.get(person, Stacks())
    return OpenSteps(_open(board, stacks.undo), _open(board, stacks.redo))


def _open(board: BoardState, stack: Sequence[Step]) -> list[OpenStep]:
    """As if each were taken back after those that came later, which leaves elements with the stamps from before."""
    stamps: dict[steps.Key, int] = {}
    found: list[OpenStep] = []
    for step in reversed(stack):
        pages: dict[str, None] = {}
        for change in step.changes:
            key = steps.key(change)
            if stamps.get(key) == change.after_stamp if key in stamps else steps.fits(board, change):
                stamps[key] = change.before_stamp
                pages[change.page] = None
        if pages:
            found.append(OpenStep(step.seq, list(pages)))
    return found[::-1]
