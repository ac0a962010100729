"""Pages: made, named, moved, locked and removed on purpose. One that nobody made is there while it has elements."""

from typing import Any, Final

from msgspec.structs import asdict, replace

from meetserver import limits
from meetserver.errors import Refusal
from meetserver.messages import Context, Event
from meetserver.whiteboard import steps
from meetserver.whiteboard.messages import (
    AddPage,
    ChangePage,
    MovePage,
    PageAdded,
    PageChanged,
    PageMoved,
    PageRemoved,
    RemovePage,
    Sheet,
)
from meetserver.whiteboard.state import BoardState

MODERATORS: Final = frozenset({"host", "cohost"})


def shut(board: BoardState, page: str, ctx: Context) -> Refusal | None:
    """Why this person may not draw there."""
    if board.sheet(page).locked and ctx.role not in MODERATORS:
        return Refusal("forbidden", "this page is locked: only hosts and cohosts draw on it")
    return None


def add(board: BoardState, command: AddPage) -> list[Event] | Refusal:
    if command.page in board.sheets:
        return Refusal("conflict", "there is a page with this id already")
    if len(board.all_pages) >= limits.BOARD_PAGES and command.page not in board.pages:
        return Refusal("too_large", f"a whiteboard has at most {limits.BOARD_PAGES} pages")
    sheet = Sheet(command.name, command.width, command.height, command.background)
    index = len(board.order) if command.index is None else min(command.index, len(board.order))
    return _unfit(sheet) or [PageAdded(command.page, index, sheet)]


def added(board: BoardState, event: PageAdded) -> BoardState:
    return _at(replace(board, sheets=board.sheets.set(event.page, event.sheet)), event.page, event.index)


def _at(board: BoardState, page: str, index: int) -> BoardState:
    others = tuple(name for name in board.order if name != page)
    return replace(board, order=(*others[:index], page, *others[index:]))


def change(board: BoardState, command: ChangePage, ctx: Context) -> list[Event] | Refusal:
    if command.page not in board.all_pages:
        return _NO_PAGE
    if (refusal := shut(board, command.page, ctx)) is not None:
        return refusal
    wanted: dict[str, Any] = {name: value for name, value in asdict(command).items() if value is not None}
    del wanted["page"]
    before = board.sheet(command.page)
    sheet = replace(before, **wanted)
    return _unfit(sheet) or ([] if sheet == before else [PageChanged(command.page, sheet)])


def changed(board: BoardState, event: PageChanged) -> BoardState:
    """By this it is made on purpose."""
    after = replace(board, sheets=board.sheets.set(event.page, event.sheet))
    return after if event.page in board.order else _at(after, event.page, len(board.order))


def move(board: BoardState, command: MovePage) -> list[Event] | Refusal:
    if command.page not in board.all_pages:
        return _NO_PAGE
    others = [name for name in board.order if name != command.page]
    index = min(command.index, len(others))
    is_there = board.order[index : index + 1] == (command.page,)
    return [] if is_there else [PageMoved(command.page, index)]


def moved(board: BoardState, event: PageMoved) -> BoardState:
    """By this it is made on purpose."""
    after = replace(board, sheets=board.sheets.set(event.page, board.sheet(event.page)))
    return _at(after, event.page, event.index)


def remove(board: BoardState, command: RemovePage) -> list[Event] | Refusal:
    if command.page not in board.all_pages:
        return _NO_PAGE
    if len(board.all_pages) == 1:
        return Refusal("conflict", "the last page stays: clear it instead")
    return [PageRemoved(command.page)]


def removed(board: BoardState, event: PageRemoved) -> BoardState:
    """Nothing of it can be taken back any more; versions still have it."""
    return replace(
        board,
        pages=board.pages.delete(event.page) if event.page in board.pages else board.pages,
        sheets=board.sheets.delete(event.page) if event.page in board.sheets else board.sheets,
        order=tuple(name for name in board.order if name != event.page),
        steps=steps.without_page(board.steps, event.page),
    )


_NO_PAGE: Final = Refusal("not_found", "no such page on this whiteboard")


def _unfit(sheet: Sheet) -> Refusal | None:
    if sheet.name.isprintable() and sheet.background.isprintable():
        return None
    return Refusal("bad_message", "a page's name and background are made of printable characters")
