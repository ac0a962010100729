"""Bytes by name, so many at most: what was used longest ago goes first. Pure."""

from collections import OrderedDict
from typing import NamedTuple

ENTRY_BYTES = 200
"""About what an entry costs beside its name and its value."""


class Kept(NamedTuple):
    """Times are whatever clock the owner reads; `until` is when it is of no use any more."""

    value: bytes
    fresh_until: float
    until: float


class Lru:
    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, Kept] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: str, now: float) -> Kept | None:
        kept = self._entries.get(name)
        if kept is None:
            return None
        if kept.until <= now:
            self.drop(name)
            return None
        self._entries.move_to_end(name)
        return kept

    def put(self, name: str, kept: Kept) -> None:
        """What is larger than a sixteenth of all is not kept: it would push out too much."""
        self.drop(name)
        size = _size(name, kept)
        if size > self._most_bytes // 16:
            return
        self._entries[name] = kept
        self.bytes += size
        while self.bytes > self._most_bytes:
            oldest, gone = self._entries.popitem(last=False)
            self.bytes -= _size(oldest, gone)

    def drop(self, name: str) -> None:
        kept = self._entries.pop(name, None)
        if kept is not None:
            self.bytes -= _size(name, kept)

    def clear(self) -> None:
        self._entries.clear()
        self.bytes = 0


def _size(name: str, kept: Kept) -> int:
    return ENTRY_BYTES + len(name) + len(kept.value)
