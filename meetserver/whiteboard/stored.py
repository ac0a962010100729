"""A whiteboard as a stored snapshot has it: each element once, in however many versions it is.

Elements stand in slices, first all that are on the pages as they are, then those that are not on them any more.
Versions and steps name theirs by their place. There may be very many: what looks at each does so in turns.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice
from typing import TypeAlias

from immutables import Map
from msgspec import Struct

from meetserver.ids import ParticipantId, UserId
from meetserver.turns import Turns
from meetserver.whiteboard import steps
from meetserver.whiteboard.messages import Sheet, VersionShown
from meetserver.whiteboard.state import (
    SLICE,
    BoardPage,
    BoardState,
    Change,
    Element,
    Stacks,
    Step,
    Version,
    in_slices,
)

Slice: TypeAlias = list[Element]


class StoredPage(Struct, frozen=True):
    """Its elements, bottom first, are the next `slices`. Older snapshots have them in `elements`, and the oldest lack
    `size_bytes` and have a `next_z`."""

    name: str
    elements: Slice = []
    next_z: int = 0
    size_bytes: int = 0
    slices: int = 0


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
    """All but the pages. `others` are elements that are not on them, in older snapshots: now they are what slices are
    left."""

    order: tuple[str, ...]
    sheets: dict[str, Sheet]
    versions: list[_StoredVersion]
    stacks: list[_StoredStacks]
    gone: list[tuple[str, str, int]]
    others: Slice
    next_z: int
    low_z: int
    away: dict[ParticipantId, UserId] = {}


class Stored(Struct, frozen=True):
    """All of a board. `slices` are kept one by one, the rest in one piece."""

    pages: list[StoredPage]
    board: StoredBoard
    slices: list[Slice]


class _Places:
    """Where each element stands. What steps replaced is hardly ever on the pages: those are looked through for versions
    alone."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._at: dict[Element, int] = {}
        self.others: Slice = []

    def see(self, elements: Iterable[Element]) -> None:
        """They are the next ones on the pages."""
        self._at.update(zip(elements, count(len(self._at)), strict=False))

    def of(self, element: Element | None) -> int:
        if element is None:
            return -1
        at = self._at.setdefault(element, self._first + len(self.others))
        if at == self._first + len(self.others):
            self.others.append(element)
        return at


def storing(board: BoardState) -> Turns[Stored]:
    pages: list[StoredPage] = []
    slices: list[Slice] = []
    for name, page in sorted(board.pages.items(), key=_name):
        before = len(slices)
        for some in in_slices(page):
            yield
            slices += [some] if some else []
        pages.append(StoredPage(name, size_bytes=page.size_bytes, slices=len(slices) - before))
    places = _Places(sum(map(len, slices)))
    for some in slices if board.versions else ():
        yield
        places.see(some)
    versions: list[_StoredVersion] = []
    for version in board.versions:
        versions += [(yield from _version(version, places))]
    stacks: list[_StoredStacks] = []
    for person, own in sorted(board.steps.people.items(), key=_person):
        yield
        stacks.append(_StoredStacks(person, _stack(own.undo, places), _stack(own.redo, places)))
    about = StoredBoard(
        board.order,
        dict(sorted(board.sheets.items())),
        versions,
        stacks,
        sorted((page, id_, stamp) for (page, id_), stamp in board.steps.gone.items()),
        [],
        board.next_z,
        board.low_z,
        dict(sorted(board.steps.away.items())),
    )
    return Stored(pages, about, [*slices, *_sliced(places.others)])


def _sliced(elements: Slice) -> Iterator[Slice]:
    for first in range(0, len(elements), SLICE):
        yield elements[first : first + SLICE]


def _version(version: Version, places: _Places) -> Turns[_StoredVersion]:
    pages: list[_OldPage] = []
    for name, page in sorted(version.pages.items(), key=_name):
        found: list[int] = []
        for some in in_slices(page):
            yield
            found += map(places.of, some)
        pages.append(_OldPage(name, page.size_bytes, found))
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


def restoring(pages: Sequence[StoredPage], stored: StoredBoard | None, slices: Iterator[Slice]) -> Turns[BoardState]:
    """The board that was stored. The oldest snapshots have pages alone."""
    now: dict[str, BoardPage] = {}
    every: Slice = []
    for page in pages:
        elements = Map[str, Element]().mutate()
        for some in chain([page.elements], islice(slices, page.slices)):
            yield
            elements.update((element.id, element) for element in some)
            every += some
        there = elements.finish()
        now[page.name] = BoardPage(there, page.size_bytes or sum(element.shown_bytes for element in page.elements))
    if stored is None:
        return BoardState(Map(now), next_z=max((page.next_z for page in pages), default=0))
    for some in chain([stored.others], slices):
        yield
        every += some
    people = {one.person: Stacks(_steps(one.undo, every), _steps(one.redo, every)) for one in stored.stacks}
    gone = Map(((page, id_), stamp) for page, id_, stamp in stored.gone)
    versions: list[Version] = []
    for version in stored.versions:
        versions += [(yield from _kept(version, every))]
    steps_ = steps.of_people(people, gone, stored.away)
    return BoardState(Map(now), Map(stored.sheets), stored.order, tuple(versions), steps_, stored.next_z, stored.low_z)


def _kept(stored: _StoredVersion, every: Sequence[Element]) -> Turns[Version]:
    pages: dict[str, BoardPage] = {}
    for page in stored.pages:
        elements = Map[str, Element]().mutate()
        for first in range(0, len(page.elements), SLICE):
            yield
            elements.update((every[at].id, every[at]) for at in page.elements[first : first + SLICE])
        pages[page.name] = BoardPage(elements.finish(), page.size_bytes)
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
