"""What a room knows of its whiteboard: pages of elements, each kept as the JSON that clients get; versions of the board
that were kept under a name; and what each person may take back.

Bodies are decoded only to be patched.
"""

from collections.abc import Iterable
from itertools import pairwise
from operator import attrgetter

import msgspec
from immutables import Map
from msgspec import Raw, Struct

from meetserver.ids import ParticipantId
from meetserver.whiteboard.messages import FIRST_PAGE, Sheet, VersionShown

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
        return 100 if self.before is None else 150 + len(self.before.body)


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
    may ask for them. `size_bytes` and `changes` count what is in all steps."""

    people: Map[ParticipantId, Stacks] = Map()
    gone: Map[tuple[str, str], int] = Map()
    size_bytes: int = 0
    changes: int = 0


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
        """In order; those that are there by their elements alone stand last."""
        return (*self.order, *sorted(name for name in self.pages if name not in self.sheets))


class _Shown(Struct, frozen=True, gc=False):
    id: str
    element: Raw
    z: int | float


def _height(element: Element) -> tuple[float, str]:
    return element.z, element.id


def in_order(page: BoardPage) -> list[Element]:
    """Bottom first."""
    found = sorted(page.elements.values(), key=attrgetter("z"))
    has_ties = any(one.z == other.z for one, other in pairwise(found))
    return sorted(found, key=_height) if has_ties else found


def shown(page: BoardPage) -> bytes:
    """The page as a snapshot shows it: a JSON list, bottom first."""
    return _encode([_Shown(element.id, Raw(element.body), element.z) for element in in_order(page)])


def total_bytes(versions: Iterable[Version]) -> int:
    return sum(version.size_bytes for version in versions)
