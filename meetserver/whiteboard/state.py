"""What a room knows of its whiteboard: pages of elements, each kept as the JSON that clients get.

A page is there as long as it has elements. Bodies are decoded only to be patched.
"""

from operator import attrgetter

import msgspec
from immutables import Map
from msgspec import Raw, Struct

_ENTRY_BYTES = len('{"id":,"element":},')
_encode = msgspec.json.Encoder().encode


class Element(Struct, frozen=True, array_like=True, gc=False):
    """`z` rises with each first put of a page; `body` is a JSON object."""

    id: str
    z: int
    body: bytes

    @property
    def shown_bytes(self) -> int:
        """What it takes in a snapshot, the comma included."""
        return len(self.body) + len(_encode(self.id)) + _ENTRY_BYTES


class BoardPage(Struct, frozen=True):
    """`size_bytes` is the sum of its elements' `shown_bytes`."""

    elements: Map[str, Element] = Map()
    next_z: int = 0
    size_bytes: int = 0


class BoardState(Struct, frozen=True):
    pages: Map[str, BoardPage] = Map()

    @property
    def size_bytes(self) -> int:
        return sum(page.size_bytes for page in self.pages.values())


class _Shown(Struct, frozen=True, gc=False):
    id: str
    element: Raw


def in_order(page: BoardPage) -> list[Element]:
    """Bottom first."""
    return sorted(page.elements.values(), key=attrgetter("z"))


def shown(page: BoardPage) -> bytes:
    """The page as a snapshot shows it: a JSON list, bottom first."""
    return _encode([_Shown(element.id, Raw(element.body)) for element in in_order(page)])
