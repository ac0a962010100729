"""What somebody left in rooms: their names and what they said, in each room's state, its log and its snapshot."""

from collections.abc import AsyncIterator, Container, Mapping, Sequence

import msgspec

from meetserver import limits
from meetserver.errors import NotFound
from meetserver.ids import ParticipantId, RoomId, UserId
from meetserver.ports import Entry, LogErasure, RoomLog, Rooms
from meetserver.rooms.emptier import empty_base, renew_snapshot
from meetserver.rooms.erasure import TELLING, emptied
from meetserver.rooms.messages import Erase
from meetserver.wire import timestamp


class RoomEraser:
    """ports.Eraser."""

    name = "rooms"

    def __init__(self, rooms: Rooms, log: RoomLog, erasure: LogErasure) -> None:
        self._rooms = rooms
        self._log = log
        self._erasure = erasure

    async def erase(self, user: UserId) -> Mapping[str, int]:
        """First the room is told, so that neither it nor its edges keep anything; then its log is emptied, then its
        snapshots made anew; at last nobody knows any more where they have been. Each step may come twice."""
        rooms, entries = 0, 0
        for room, participants in (await self._erasure.participants_of(user)).items():
            try:
                await self._tell(room, participants)
                entries += await self._empty_log(room, frozenset(participants))
                await empty_base(self._erasure, room, frozenset(participants))
                await renew_snapshot(self._log, room)
            except NotFound:
                continue  # the meeting was deleted meanwhile, and all of this with it
            rooms += 1
        await self._erasure.forget(user)
        return {"rooms": rooms, "entries": entries}

    async def export(self, user: UserId) -> Mapping[str, object]:
        """What they have said and what they were called, room by room."""
        told: dict[str, object] = {}
        for room, participants in (await self._erasure.participants_of(user)).items():
            mine = frozenset(participants)
            told[room] = [_told(entry) async for entry in self._entries(room) if emptied(entry, mine) is not None]
        return told

    async def _tell(self, room: RoomId, participants: Sequence[ParticipantId]) -> None:
        for first in range(0, len(participants), limits.ERASED_TOGETHER):
            some = tuple(participants[first : first + limits.ERASED_TOGETHER])
            await self._rooms.ask(room, Erase(some))

    async def _empty_log(self, room: RoomId, gone: Container[ParticipantId]) -> int:
        count = 0
        found: list[Entry] = []
        async for entry in self._entries(room):
            left = emptied(entry, gone)
            if left is not None:
                found.append(left)
            if len(found) == limits.LOG_PAGE_EVENTS:
                await self._erasure.rewrite(room, found)
                count, found = count + len(found), []
        await self._erasure.rewrite(room, found)
        return count + len(found)

    async def _entries(self, room: RoomId) -> AsyncIterator[Entry]:
        """Those that may say something about a person."""
        after = 0
        while page := await self._log.page(room, after, limits.LOG_PAGE_EVENTS):
            for entry in page:
                if entry.type in TELLING:
                    yield entry
            after = page[-1].seq


def _told(entry: Entry) -> dict[str, object]:
    return {"type": entry.type, "seq": entry.seq, "at": timestamp(entry.at), "data": msgspec.Raw(entry.data)}
