"""The whiteboard: which wishes are granted, and what they make of it. Ops of one command are granted all or none."""

from typing import assert_never

from meetserver.errors import Refusal
from meetserver.messages import Context, Event, Meta, Tell
from meetserver.whiteboard import drawing, pages, undo, versions
from meetserver.whiteboard.elements import encode, flaw
from meetserver.whiteboard.messages import (
    AddPage,
    Applied,
    Apply,
    ChangePage,
    Clear,
    Cleared,
    Discard,
    Discarded,
    Fact,
    MovePage,
    PageAdded,
    PageChanged,
    PageMoved,
    PageRemoved,
    PointerMove,
    PointerMoved,
    Preview,
    Previewed,
    Redo,
    RemovePage,
    Restore,
    Restored,
    Save,
    Saved,
    Undo,
    Wish,
)
from meetserver.whiteboard.state import BoardState


def decide(board: BoardState, wish: Wish, ctx: Context) -> list[Event] | Refusal:
    match wish:
        case Apply():
            return drawing.apply(board, wish, ctx)
        case Clear():
            return drawing.clear(board, wish, ctx)
        case Undo() | Redo():
            return undo.decide(board, wish, ctx)
        case Save():
            return versions.save(board, wish, ctx)
        case Restore():
            return versions.restore(board, wish)
        case Discard():
            return versions.discard(board, wish)
        case AddPage():
            return pages.add(board, wish)
        case ChangePage():
            return pages.change(board, wish, ctx)
        case MovePage():
            return pages.move(board, wish)
        case RemovePage():
            return pages.remove(board, wish)
        case _:
            assert_never(wish)


def evolve(board: BoardState, fact: Fact, meta: Meta) -> BoardState:
    match fact:
        case Applied(undo=int()) | Applied(redo=int()):
            return undo.evolve(board, fact, meta)
        case Applied():
            return drawing.applied(board, fact, meta)
        case Cleared():
            return drawing.cleared(board, fact, meta)
        case Saved():
            return versions.saved(board, fact, meta)
        case Restored():
            return board
        case Discarded():
            return versions.discarded(board, fact)
        case PageAdded():
            return pages.added(board, fact)
        case PageChanged():
            return pages.changed(board, fact)
        case PageMoved():
            return pages.moved(board, fact)
        case PageRemoved():
            return pages.removed(board, fact)
        case _:
            assert_never(fact)


def react(board: BoardState, command: Preview | PointerMove, ctx: Context) -> list[Tell] | Refusal:
    match command:
        case Preview():
            return pages.shut(board, command.page, ctx) or _preview(command)
        case PointerMove():
            return [Tell(PointerMoved(command.x, command.y, command.tool, command.color))]


def _preview(command: Preview) -> list[Tell] | Refusal:
    body = encode(command.element)
    if isinstance(body, Refusal):
        return body
    return flaw(body, command.element) or [Tell(Previewed(command.id, command.element, command.page))]
