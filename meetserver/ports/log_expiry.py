"""How a room's log comes to begin later, where its meeting keeps the past for so long only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from msgspec import Struct

from meetserver.ids import MeetingId, RoomId
from meetserver.ports.room_log import Entry

LASTING: Final = ("participant.barred", "participant.unbanned")
"""Types of entries that stay behind the base: who was sent out must not read, however long ago that was."""


class Aging(Struct, frozen=True):
    """A room, and when the first entry of its log was made, if that may expire; None: it is young, or says itself that
    something expired and is the last. `days`: how long its meeting keeps them; None: it does not say."""

    meeting: MeetingId
    room: RoomId
    base: int
    began_at: datetime | None
    days: int | None


class LogExpiry(Protocol):
    """Every call may come twice, and the process may die between any two: what the base does not cover stays."""

    async def aging(self, after: MeetingId, before: datetime, limit: int, *, in_all: bool) -> list[Aging]:
        """At most `limit`, by meeting, after that one, of rooms that do not rest: those alone whose meetings say how
        long they keep what happens, or `in_all`. An entry may expire that was made `before` then."""

    async def unfinished(self, after: RoomId, limit: int) -> list[tuple[RoomId, int]]:
        """At most `limit`, by room, after that one: rooms with entries that their base covers, and that base."""

    async def set_base(self, room: RoomId, seq: int, data: bytes) -> None:
        """The log begins after `seq` from now on, `data` is the room as of then. A later base stays."""

    async def told_later(self, room: RoomId, base: int, after_seq: int, limit: int) -> Sequence[Entry]:
        """Entries after `after_seq` about entries that the base covers; at most `limit`, rising."""

    async def covered(
        self, room: RoomId, base: int, types: Sequence[str], after_seq: int, limit: int
    ) -> Sequence[Entry]:
        """Entries of these types after `after_seq` that the base covers; at most `limit`, rising."""

    async def sweep(self, room: RoomId, base: int) -> None:
        """Delete the entries that the base covers, but for LASTING."""
