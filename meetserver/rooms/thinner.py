"""Has what happened go, where its meeting, or the server, keeps it for so many days only.

First the room is told, so that nobody is shown it any more. Then its log gets a base: the room as it was when the last
of it happened, without what was said. From there on the log is read, and behind it the entries go. What is interrupted
the next run finishes, as entries behind a base are there still.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from meetserver import limits
from meetserver.chat.messages import Sent
from meetserver.errors import MeetError, NotFound, Unavailable
from meetserver.ids import MeetingId, ParticipantId, RoomId
from meetserver.ports import (
    LASTING,
    Aging,
    ChatFiles,
    Clock,
    Entry,
    LogErasure,
    LogExpiry,
    RoomHistory,
    RoomLog,
    Rooms,
)
from meetserver.rooms.attached import delete_with
from meetserver.rooms.catalog import decode_event
from meetserver.rooms.emptier import empty_base, renew_snapshot
from meetserver.rooms.expiry import base_of, remnant
from meetserver.rooms.messages import Erased, Expire
from meetserver.rooms.reducer import fold
from meetserver.rooms.snapshot import FOLDED_AT_ONCE, decoding, encoding
from meetserver.rooms.state import RoomState, empty
from meetserver.turns import in_turns

log = logging.getLogger(__name__)

EXPIRE: Final = "rooms.expire"
YOUNGEST: Final = timedelta(days=1)
"""Nothing younger goes: whoever sends a command again, within a day, is to get its first reply."""


class Log(RoomLog, RoomHistory, Protocol):
    """Rooms' logs, and what is read of their past."""


class Thinner:
    """`server_days`: of the setting; 0: none."""

    def __init__(
        self,
        server_days: int,
        rooms: Rooms,
        log: Log,
        expiry: LogExpiry,
        erasure: LogErasure,
        files: ChatFiles,
        clock: Clock,
    ) -> None:
        self._server_days = server_days
        self._rooms = rooms
        self._log = log
        self._expiry = expiry
        self._erasure = erasure
        self._files = files
        self._clock = clock

    async def run(self, _: object = None) -> None:
        """Every room in which something is too old; one that cannot be thinned now is none of the others' business."""
        async for room, base in self._unfinished():
            await self._apart(room, self._finish(room, base))
        now = self._clock.now()
        async for aging in self._aging(now - YOUNGEST):
            if aging.began_at is None or (days := self._days(aging)) is None:
                continue
            if aging.began_at <= (cutoff := now - timedelta(days=days)):
                await self._apart(aging.room, self._expire_before(aging, cutoff))

    def _days(self, aging: Aging) -> int | None:
        return min((days for days in (self._server_days, aging.days) if days), default=None)

    async def _unfinished(self) -> AsyncIterator[tuple[RoomId, int]]:
        after = RoomId("")
        while found := await self._expiry.unfinished(after, limits.SWEEP_ROWS):
            for one in found:
                yield one
            after = found[-1][0]

    async def _aging(self, before: datetime) -> AsyncIterator[Aging]:
        after, in_all = MeetingId(""), bool(self._server_days)
        while found := await self._expiry.aging(after, before, limits.RETENTION_ROOMS, in_all=in_all):
            for one in found:
                yield one
            after = found[-1].meeting

    async def _apart(self, room: RoomId, work: Awaitable[Any]) -> None:
        try:
            await work
        except NotFound:
            pass  # the meeting was deleted meanwhile
        except MeetError as error:
            log.warning("action=not_thinned room=%s error=%s", room, error)

    async def _expire_before(self, aging: Aging, cutoff: datetime) -> None:
        await self.expire(aging.meeting, aging.room, await self._log.seq_at(aging.room, cutoff))

    async def expire(self, meeting: MeetingId, room: RoomId, until: int) -> None:
        """Have all up to this seq go. Raises MeetError."""
        await self._rooms.ask(room, Expire(until))
        state = await self._state_at(meeting, room, until)
        await self._expiry.set_base(room, until, await in_turns(encoding(base_of(state))))
        await self._finish(room, until)

    async def _state_at(self, meeting: MeetingId, room: RoomId, until: int) -> RoomState:
        snapshot = await self._log.snapshot_at(room, until)
        state = empty(room, meeting) if snapshot is None else await in_turns(decoding(snapshot.data))
        while state.seq < until:
            page = await self._log.page(room, state.seq, FOLDED_AT_ONCE, until_seq=until)
            if not page or page[0].seq != state.seq + 1:
                raise Unavailable("somebody else thins this room's log")
            state = fold(state, page)
        return state

    async def _finish(self, room: RoomId, base: int) -> None:
        """What the base covers goes: out of what is stored of the room, and with its files, then out of the log."""
        if gone := await self._erased(room, base):  # since, or while the base was made
            await empty_base(self._erasure, room, gone)
        await renew_snapshot(self._log, room)
        kept = _Kept(self._log, room, base)
        async for messages in self._covered(room, base, [Sent.type]):
            await delete_with(kept, self._files, messages)
        async for entries in self._covered(room, base, LASTING):
            await self._rewrite(room, entries)
        after = base
        while entries := await self._expiry.told_later(room, base, after, limits.LOG_PAGE_EVENTS):
            await self._rewrite(room, entries)
            after = entries[-1].seq
        await self._expiry.sweep(room, base)
        log.info("action=room_thinned room=%s base=%d", room, base)

    async def _erased(self, room: RoomId, after: int) -> set[ParticipantId]:
        gone: set[ParticipantId] = set()
        while page := await self._log.entries_of_type(
            room, Erased.type, before_seq=None, after_seq=after, limit=limits.LOG_PAGE_EVENTS
        ):
            for entry in page:
                event = decode_event(entry.type, entry.v, entry.data)
                assert isinstance(event, Erased)
                gone |= {*event.participants}
            after = page[-1].seq
        return gone

    async def _covered(self, room: RoomId, base: int, types: Sequence[str]) -> AsyncIterator[Sequence[Entry]]:
        after = 0
        while page := await self._expiry.covered(room, base, types, after, limits.LOG_PAGE_EVENTS):
            yield page
            after = page[-1].seq

    async def _rewrite(self, room: RoomId, entries: Sequence[Entry]) -> None:
        await self._erasure.rewrite(room, [left for entry in entries if (left := remnant(entry)) is not None])


class _Kept:
    """The log without what goes: a file that is in nothing else goes, too."""

    def __init__(self, log: RoomLog, room: RoomId, base: int) -> None:
        self._log = log
        self._room = room
        self._base = base

    async def receipts(
        self, room: RoomId, keys: Sequence[tuple[ParticipantId, str]]
    ) -> Mapping[tuple[str, str], Entry]:
        found = await self._log.receipts(room, keys)
        return {key: entry for key, entry in found.items() if room != self._room or entry.seq > self._base}
