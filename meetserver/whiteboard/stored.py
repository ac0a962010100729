"""A whiteboard as a stored snapshot has it: each element once, in however many versions it is.

The pages as they are have their elements in full. Versions and steps name theirs by a place in one list: first all
elements of these pages, then those that are not on them any more.
"""

from collections.abc import Sequence

from immutables import Map
from msgspec import Struct

from meetserver.ids import ParticipantId
from meetserver.whiteboard import steps
from meetserver.whiteboard.messages import Sheet, VersionShown
from meetserver.whiteboard.state import BoardPage, BoardState, Change, Element, Stacks, Step, Version, in_order


class StoredPage(Struct, frozen=True):
    """Elements bottom first. `next_z` is that of older snapshots, which lack `size_bytes`."""

    name: str
    elements: list[Element]
    next_z: int = 0
    size_bytes: int = 0


class _OldPage(Struct, frozen=True, array_like=True):
    """A page of a version."""

    name: str
    size_bytes: int
    elements: list[int]


class _StoredVersion(Struct, frozen=True):
    about: VersionShown
    pages: list[_OldPage]
    sheets: dict[str, Sheet]
    order: tuple[str, ...]


class _StoredChange(Struct, frozen=True, array_like=True, gc=False):
    """`before` is a place in the list of elements; -1: none."""

    page: str
    id: str
    before: int
    before_stamp: int
    after_stamp: int


class _StoredStep(Struct, frozen=True, array_like=True):
    seq: int
    changes: list[_StoredChange]


class _StoredStacks(Struct, frozen=True, array_like=True):
    person: ParticipantId
    undo: list[_StoredStep]
    redo: list[_StoredStep]


class StoredBoard(Struct, frozen=True):
    """All but the pages. `others` are elements that are not on them."""

    order: tuple[str, ...]
    sheets: dict[str, Sheet]
    versions: list[_StoredVersion]
    stacks: list[_StoredStacks]
    gone: list[tuple[str, str, int]]
    others: list[Element]
    next_z: int
    low_z: int


class _Places:
    """Where each element stands in the one list. What steps replaced is hardly ever on the pages: those are looked
    through for versions alone."""

    def __init__(self, pages: Sequence[StoredPage], *, with_versions: bool) -> None:
        self._first = sum(len(page.elements) for page in pages)
        every = (element for page in pages for element in page.elements) if with_versions else ()
        self._at = {element: at for at, element in enumerate(every)}
        self.others: list[Element] = []

    def of(self, element: Element | None) -> int:
        if element is None:
            return -1
        at = self._at.setdefault(element, self._first + len(self.others))
        if at == self._first + len(self.others):
            self.others.append(element)
        return at


def stored_pages(board: BoardState) -> list[StoredPage]:
    return [
        StoredPage(name, in_order(page), size_bytes=page.size_bytes)
        for name, page in sorted(board.pages.items(), key=_name)
    ]


def stored_board(board: BoardState, pages: Sequence[StoredPage]) -> StoredBoard:
    """`pages` are those of the board, as they are stored."""
    places = _Places(pages, with_versions=bool(board.versions))
    return StoredBoard(
        board.order,
        dict(sorted(board.sheets.items())),
        [_version(version, places) for version in board.versions],
        [
            _StoredStacks(person, _stack(stacks.undo, places), _stack(stacks.redo, places))
            for person, stacks in sorted(board.steps.people.items(), key=_person)
        ],
        sorted((page, id_, stamp) for (page, id_), stamp in board.steps.gone.items()),
        places.others,
        board.next_z,
        board.low_z,
    )


def _version(version: Version, places: _Places) -> _StoredVersion:
    pages = [
        _OldPage(name, page.size_bytes, [places.of(element) for element in in_order(page)])
        for name, page in sorted(version.pages.items(), key=_name)
    ]
    return _StoredVersion(version.about, pages, dict(sorted(version.sheets.items())), version.order)


def _stack(stack: Sequence[Step], places: _Places) -> list[_StoredStep]:
    return [
        _StoredStep(
            step.seq,
            [
                _StoredChange(change.page, change.id, places.of(change.before), change.before_stamp, change.after_stamp)
                for change in step.changes
            ],
        )
        for step in stack
    ]


def board_of(pages: Sequence[StoredPage], stored: StoredBoard | None) -> BoardState:
    """The board that was stored. Older snapshots have pages alone."""
    now = Map((page.name, _page(page)) for page in pages)
    if stored is None:
        return BoardState(now, next_z=max((page.next_z for page in pages), default=0))
    every = [element for page in pages for element in page.elements] + stored.others
    people = {one.person: Stacks(_steps(one.undo, every), _steps(one.redo, every)) for one in stored.stacks}
    gone = Map(((page, id_), stamp) for page, id_, stamp in stored.gone)
    versions = tuple(_kept(version, every) for version in stored.versions)
    return BoardState(
        now, Map(stored.sheets), stored.order, versions, steps.of_people(people, gone), stored.next_z, stored.low_z
    )


def _page(stored: StoredPage) -> BoardPage:
    elements = Map((element.id, element) for element in stored.elements)
    size_bytes = stored.size_bytes or sum(element.shown_bytes for element in stored.elements)
    return BoardPage(elements, size_bytes)


def _kept(stored: _StoredVersion, every: Sequence[Element]) -> Version:
    pages = {
        page.name: BoardPage(Map((every[at].id, every[at]) for at in page.elements), page.size_bytes)
        for page in stored.pages
    }
    return Version(stored.about, Map(pages), Map(stored.sheets), stored.order)


def _steps(stored: Sequence[_StoredStep], every: Sequence[Element]) -> tuple[Step, ...]:
    return tuple(
        steps.of_changes(
            step.seq,
            (
                Change(
                    change.page,
                    change.id,
                    None if change.before < 0 else every[change.before],
                    change.before_stamp,
                    change.after_stamp,
                )
                for change in step.changes
            ),
        )
        for step in stored
    )


def _name(item: tuple[str, BoardPage]) -> str:
    return item[0]


def _person(item: tuple[ParticipantId, Stacks]) -> ParticipantId:
    return item[0]
