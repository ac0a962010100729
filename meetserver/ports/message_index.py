"""The words of rooms' messages, by which they are found again."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeAlias

from msgspec import Struct

from meetserver.ids import ParticipantId, RoomId
from meetserver.ports.room_log import Entry

Words: TypeAlias = tuple[str, ...]
"""Of a text, in order, as chat/words.py makes them: nothing but letters, digits, their marks, and signs."""


class Phrase(Struct, frozen=True):
    """These words, one after the other; with `is_prefix` the last may go on."""

    words: Words
    is_prefix: bool = False


class Sought(Struct, frozen=True):
    """All of the one, at least one, and none of the other."""

    wanted: tuple[Phrase, ...]
    unwanted: tuple[Phrase, ...] = ()


class IndexPlace(Struct, frozen=True):
    """How far the index has followed a room's log, whose last seq is `last_seq`; None: not at all. `is_wanted`: whether
    the meeting has its messages in it."""

    room: RoomId
    until: int | None
    last_seq: int
    is_wanted: bool

    @property
    def is_behind(self) -> bool:
        return (self.until or 0) < self.last_seq if self.is_wanted else self.until is not None


class Said(Struct, frozen=True):
    """A message's author, words, and the addressees of a private one; None: it is for everybody."""

    by: ParticipantId
    words: Words
    to: tuple[ParticipantId, ...] | None = None

    @property
    def people(self) -> frozenset[ParticipantId] | None:
        return None if self.to is None else frozenset({self.by, *self.to})


class IndexChange(Struct, frozen=True):
    """What a stretch of a log changes: new messages by seq; what some say now; who and what goes, and all up to the seq
    `expired`."""

    new: Mapping[int, Said] = {}
    now: Mapping[int, Words] = {}
    gone: Collection[int] = frozenset()
    erased: Collection[ParticipantId] = frozenset()
    expired: int = 0


class MessageIndex(Protocol):
    """Every call raises Unavailable. Of two that bring the index on at once, one does nothing."""

    async def find(
        self,
        room: RoomId,
        sought: Sought,
        readers: Collection[ParticipantId],
        *,
        before: int | None,
        after: int | None,
        limit: int,
    ) -> list[int]:
        """Seqs of messages in which it is: the newest `limit` below `before`, falling, or the oldest above `after` (and
        below `before`), rising. It may be in one of them no more. Of private ones those alone that are by or for one of
        `readers`: that there are others must not show, not even in where a page ends."""

    async def place(self, room: RoomId) -> IndexPlace:
        """Raises NotFound."""

    async def standing(self, room: RoomId) -> tuple[int, bool]:
        """How far the index has followed the log, and whether there is more about messages after that."""

    async def places(self, after: RoomId, limit: int) -> list[IndexPlace]:
        """At most `limit` rooms, by id, after this one."""

    async def stretch(self, room: RoomId, after: int, until: int) -> Sequence[Entry]:
        """Entries about messages after the one seq, up to the other; rising."""

    async def bring_on(self, room: RoomId, seen: int | None, until: int, change: IndexChange) -> bool:
        """The index has followed up to `until`, if it had up to `seen`. False: somebody else brought it on, or the room
        is gone."""

    async def clear(self, room: RoomId) -> None:
        """Nothing of this room."""

    async def tidy(self) -> None:
        """What was taken out is not in the database's files any more."""
