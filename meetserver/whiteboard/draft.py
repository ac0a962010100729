"""A page while ops are applied to it: `decide` looks at what comes of them, `evolve` keeps it; one meaning of an op."""

from bisect import bisect_left, bisect_right, insort
from math import floor
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from meetserver.messages import Json
from meetserver.whiteboard.elements import decode
from meetserver.whiteboard.messages import Delete, Done, Order, Ordered, Patch, Put
from meetserver.whiteboard.state import BoardPage, BoardState, Element

_encode = msgspec.json.Encoder().encode
_GOLDEN: Final = 0.6180339887498949


class Draft:
    """Starts as a page of `board`, and leaves that as it is; ask `finish` for the new one. `stamp` is the seq of the
    change that is made, `by` who makes it; `before` has each element that was touched as it was."""

    def __init__(self, board: BoardState, page: str, by: str, stamp: int) -> None:
        self._board = board
        self._name = page
        self._page = board.page(page)
        self.elements = self._page.elements.mutate()
        self.size_bytes = self._page.size_bytes
        self.before: dict[str, Element | None] = {}
        self._next_z = board.next_z
        self._low_z = board.low_z
        self._by = by
        self._stamp = stamp
        self._heights: list[int | float] | None = None
        self._places = 0

    def get(self, id_: str) -> Element | None:
        found: Element | None = self.elements.get(id_)
        return found

    def apply(self, op: Done) -> Element | None:
        """The element as it is now, or was before its delete; None: no such element, nothing changed."""
        match op:
            case Put():
                return self._put(op)
            case Patch():
                return self._patch(op)
            case Delete():
                return self._delete(op.id)
            case Ordered():
                return self._place(op)
            case _:
                assert_never(op)

    def _put(self, op: Put) -> Element:
        old = self.get(op.id)
        z = old.z if old is not None else self._next_z if op.z is None else op.z
        return self._set(Element(op.id, z, _encode(op.element), self._stamp, self._lock(op.element)), old)

    def _patch(self, op: Patch) -> Element | None:
        old = self.get(op.id)
        if old is None:
            return None
        fields = decode(old.body) | op.fields
        fields = {name: value for name, value in fields.items() if value is not None}
        return self._set(Element(op.id, old.z, _encode(fields), self._stamp, self._lock(fields)), old)

    def _lock(self, fields: dict[str, Json]) -> str:
        return self._by if fields.get("locked") is True else ""

    def _place(self, op: Ordered) -> Element | None:
        old = self.get(op.id)
        return None if old is None else self._set(Element(op.id, op.z, old.body, self._stamp, old.lock), old)

    def _delete(self, id_: str) -> Element | None:
        old = self.get(id_)
        if old is not None:
            self.before.setdefault(id_, old)
            self.size_bytes -= old.shown_bytes
            del self.elements[id_]
            if self._heights is not None:
                _move(self._heights, old, None)
        return old

    def restore(self, id_: str, element: Element | None) -> None:
        """As it was once, stamp and all; None: gone."""
        if element is None:
            self._delete(id_)
        else:
            self._set(element, self.get(id_))

    def _set(self, new: Element, old: Element | None) -> Element:
        self.before.setdefault(new.id, old)
        if old is not None:
            self.size_bytes -= old.shown_bytes
        self.elements[new.id] = new
        self.size_bytes += new.shown_bytes
        if new.z >= self._next_z:
            self._next_z = floor(new.z) + 1
        self._low_z = min(self._low_z, floor(new.z))
        if self._heights is not None:
            _move(self._heights, old, new)
        return new

    # --- the order

    def place(self, op: Order) -> Ordered | None:
        """Where the wish leads to; None: it stands there already, is not there, or there is no place left."""
        old = self.get(op.id)
        if old is None:
            return None
        match op.to:
            case "front":
                return None if old.z == self._next_z - 1 else Ordered(op.id, self._next_z)
            case "back":
                return None if old.z == self._low_z else Ordered(op.id, self._low_z - 1)
            case "forward":
                return self._past_the_next(old, 1)
            case "backward":
                return self._past_the_next(old, -1)
            case _:
                assert_never(op.to)

    def _past_the_next(self, old: Element, step: int) -> Ordered | None:
        """Between the next one and the one after it."""
        if self._heights is None:
            self._heights = self._sorted()
        next_ = bisect_right(self._heights, old.z) if step > 0 else bisect_left(self._heights, old.z) - 1
        if not 0 <= next_ < len(self._heights):
            return None
        if not 0 <= next_ + step < len(self._heights):
            return Ordered(old.id, self._next_z if step > 0 else self._low_z - 1)
        near, far = self._heights[next_], self._heights[next_ + step]
        # Never the middle: that is where somebody may come back to who stood there before.
        self._places += 1
        z = near + (far - near) * (0.25 + 0.5 * ((self._stamp + self._places) * _GOLDEN % 1))
        return Ordered(old.id, z) if min(near, far) < z < max(near, far) else None

    def _sorted(self) -> list[int | float]:
        """All heights on the page as it is now."""
        heights = sorted([element.z for element in self._page.elements.values()])
        for id_, before in self.before.items():
            _move(heights, before, self.get(id_))
        return heights

    def finish(self) -> BoardState:
        """A page that nobody made comes with its first element and goes with its last."""
        elements, pages = self.elements.finish(), self._board.pages
        if elements:
            pages = pages.set(self._name, BoardPage(elements, self.size_bytes))
        elif self._name in pages:
            pages = pages.delete(self._name)
        return replace(self._board, pages=pages, next_z=self._next_z, low_z=self._low_z)


def _move(heights: list[int | float], old: Element | None, new: Element | None) -> None:
    if old is not None:
        del heights[bisect_left(heights, old.z)]
    if new is not None:
        insort(heights, new.z)
