"""Versions: the board as it was, kept under a name. They share with it, and with each other, all that is the same."""

from collections.abc import Iterable
from typing import Final

from immutables import Map
from msgspec.structs import replace

from meetserver import limits
from meetserver.errors import Refusal
from meetserver.messages import Context, Event, Meta
from meetserver.whiteboard import drawing, entries
from meetserver.whiteboard.messages import Discard, Discarded, PageAdded, Restore, Restored, Save, Saved, VersionShown
from meetserver.whiteboard.state import BoardPage, BoardState, Version, in_order, total_bytes
from meetserver.wire import timestamp


def save(board: BoardState, command: Save, ctx: Context) -> list[Event] | Refusal:
    if not command.name.isprintable():
        return Refusal("bad_message", "a version's name is made of printable characters")
    if len(board.versions) >= limits.BOARD_VERSIONS:
        return Refusal("too_large", f"a whiteboard has at most {limits.BOARD_VERSIONS} versions: discard one first")
    if total_bytes(board.versions) + board.size_bytes > limits.BOARD_VERSIONS_BYTES:
        return Refusal("too_large", "the versions of this whiteboard are too large together: discard one first")
    return [Saved(ctx.id, command.name)]


def saved(board: BoardState, event: Saved, meta: Meta) -> BoardState:
    about = VersionShown(event.kept, event.name, meta.by, timestamp(meta.at), meta.seq)
    kept = Version(about, board.pages, board.sheets, board.order)
    return replace(board, versions=(*board.versions, kept))


def find(board: BoardState, version: str) -> Version | None:
    return next((one for one in board.versions if one.about.id == version), None)


def discard(board: BoardState, command: Discard) -> list[Event] | Refusal:
    return [Discarded(command.version)] if find(board, command.version) else _NO_VERSION


def discarded(board: BoardState, event: Discarded) -> BoardState:
    return replace(board, versions=tuple(one for one in board.versions if one.about.id != event.kept))


def restore(board: BoardState, command: Restore) -> list[Event] | Refusal:
    """Whatever is different, as new ops. Pages that were removed come back; what pages are called stays."""
    version = find(board, command.version)
    if version is None:
        return _NO_VERSION
    every = [*version.order, *sorted(version.pages), *sorted(board.pages)]
    wanted = every if command.page is None else [command.page]
    by_page = {name: _differences(board.page(name), _page(version, name)) for name in dict.fromkeys(wanted)}
    made = [name for name in by_page if name in version.sheets and name not in board.sheets]
    if (refusal := drawing.overflow(board, _restored(board, version, by_page, made))) is not None:
        return refusal
    applied = entries.of(by_page)
    if len(applied) > limits.BOARD_CHANGE_ENTRIES:
        return Refusal("too_large", "too much is different: restore it page by page")
    added = [PageAdded(name, version.order.index(name), version.sheets[name]) for name in made]
    return [Restored(command.version, command.page), *added, *applied] if added or applied else []


def _page(version: Version, name: str) -> BoardPage:
    return version.pages.get(name, BoardPage())


def _restored(board: BoardState, version: Version, names: Iterable[str], made: Iterable[str]) -> BoardState:
    """As far as limits ask."""
    then = {name: _page(version, name) for name in names}
    now = {name: page for name, page in board.pages.items() if name not in then}
    pages = Map(now | {name: page for name, page in then.items() if page.elements})
    sheets = {**board.sheets, **{name: version.sheets[name] for name in made}}
    return replace(board, pages=pages, sheets=Map(sheets), order=tuple(sheets))


def _differences(now: BoardPage, then: BoardPage) -> list[entries.Group]:
    gone = [drawing.as_ops(one.id, one, None) for one in in_order(now) if one.id not in then.elements]
    groups = [drawing.as_ops(element.id, now.elements.get(element.id), element) for element in in_order(then)]
    return [*gone, *(group for group in groups if group)]


_NO_VERSION: Final = Refusal("not_found", "no such version of this whiteboard")
