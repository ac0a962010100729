"""What a room knows of its whiteboard: pages of elements, each kept as the JSON that clients get; versions of the board
that were kept under a name; and what each person may take back.

Bodies are decoded only to be patched.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import attrgetter

import msgspec
from immutables import Map
from msgspec import Raw, Struct

from meetserver.ids import ParticipantId, UserId
from meetserver.whiteboard.messages import FIRST_PAGE, Sheet, VersionShown

SLICE = 500
"""Elements that are handled in one go."""
CHANGE_BYTES = 150
"""About what a stored snapshot needs for a change, beside the body of the element that it keeps."""
_ENTRY_BYTES = len('{"id":,"element":,"z":},')
_encode = msgspec.json.Encoder().encode


class Element(Struct, frozen=True, array_like=True, gc=False):
    """`z` says how high it stands; `body` is a JSON object. `stamp` is the seq of the change that made it what it is:
    whoever takes a change back brings the stamp before it back, too. `lock` is who locked it, or empty."""

    id: str
    z: int | float
    body: bytes
    stamp: int = 0
    lock: str = ""

    @property
    def shown_bytes(self) -> int:
        """What it takes in a snapshot, the comma included."""
        return len(self.body) + len(_encode(self.id)) + len(str(self.z)) + _ENTRY_BYTES


class BoardPage(Struct, frozen=True):
    """`size_bytes` is the sum of its elements' `shown_bytes`."""

    elements: Map[str, Element] = Map()
    size_bytes: int = 0


class Change(Struct, frozen=True, array_like=True, gc=False):
    """What one step did to one element: it was `before` (None: not there, which had the stamp `before_stamp`), and got
    the stamp `after_stamp`."""

    page: str
    id: str
    before: Element | None
    before_stamp: int
    after_stamp: int

    @property
    def size_bytes(self) -> int:
        """About what it takes in a stored snapshot."""
        return 100 if self.before is None else CHANGE_BYTES + len(self.before.body)


class Step(Struct, frozen=True, gc=False):
    """What one command did, and what takes it back. `seq` is that of its first entry."""

    seq: int
    changes: tuple[Change, ...]
    size_bytes: int


class Stacks(Struct, frozen=True):
    """One person's steps, the newest last: those to take back, and those taken back."""

    undo: tuple[Step, ...] = ()
    redo: tuple[Step, ...] = ()


class Steps(Struct, frozen=True):
    """Everybody's steps. `gone` has stamps of elements that are not there (any more), by page and id, as far as a step
    may ask for them. `size_bytes` and `changes` count what is in all steps. `away`: whose account those are who have
    left, and have steps."""

    people: Map[ParticipantId, Stacks] = Map()
    gone: Map[tuple[str, str], int] = Map()
    size_bytes: int = 0
    changes: int = 0
    away: Map[ParticipantId, UserId] = Map()


class Version(Struct, frozen=True):
    """The board as it was kept; it shares all that has not changed since."""

    about: VersionShown
    pages: Map[str, BoardPage]
    sheets: Map[str, Sheet]
    order: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        return sum(page.size_bytes for page in self.pages.values())


class BoardState(Struct, frozen=True):
    """`pages` are those with something on them, `sheets` those that were made on purpose, and `order` is theirs. Every
    `z` that an element ever had is from `low_z` on and below `next_z`."""

    pages: Map[str, BoardPage] = Map()
    sheets: Map[str, Sheet] = Map({FIRST_PAGE: Sheet()})
    order: tuple[str, ...] = (FIRST_PAGE,)
    versions: tuple[Version, ...] = ()
    steps: Steps = Steps()
    next_z: int = 0
    low_z: int = 0

    @property
    def size_bytes(self) -> int:
        return sum(page.size_bytes for page in self.pages.values())

    def page(self, name: str) -> BoardPage:
        return self.pages.get(name, BoardPage())

    def sheet(self, page: str) -> Sheet:
        return self.sheets.get(page, Sheet())

    @property
    def all_pages(self) -> tuple[str, ...]:
        """In order; those that are there by their elements alone stand last. The first one, where there is no other."""
        return (*self.order, *sorted(name for name in self.pages if name not in self.sheets)) or (FIRST_PAGE,)


class _Shown(Struct, frozen=True, gc=False):
    id: str
    element: Raw
    z: int | float


def _height(element: Element) -> tuple[float, str]:
    return element.z, element.id


def in_order(page: BoardPage) -> list[Element]:
    """Bottom first."""
    return _sorted(page.elements.values())


def _sorted(elements: Iterable[Element]) -> list[Element]:
    found = sorted(elements, key=attrgetter("z"))
    has_ties = any(one.z == other.z for one, other in pairwise(found))
    return sorted(found, key=_height) if has_ties else found


def in_slices(page: BoardPage) -> Iterator[list[Element]]:
    """`in_order`, some hundreds at a time, as a page may have very many; empty ones while these are looked for."""
    by_height: dict[float, list[Element]] = {}
    for number, element in enumerate(page.elements.values(), 1):
        by_height.setdefault(element.z // SLICE, []).append(element)
        if number % SLICE == 0:
            yield []
    found: list[Element] = []
    for height in sorted(by_height):
        found += _sorted(by_height[height])
        if len(found) >= SLICE:
            yield found
            found = []
    yield found


def shown(page: BoardPage) -> bytes:
    """The page as a snapshot shows it: a JSON list, bottom first."""
    return b"".join(shown_slices(page))


def shown_slices(page: BoardPage) -> Iterator[bytes]:
    """`shown`, piece by piece."""
    comma = b"["
    for elements in in_slices(page):
        piece = _encode([_Shown(one.id, Raw(one.body), one.z) for one in elements])[1:-1]
        yield comma + piece if piece else b""
        comma = b"," if piece else comma
    yield b"]" if comma == b"," else b"[]"


def total_bytes(versions: Iterable[Version]) -> int:
    return sum(version.size_bytes for version in versions)
