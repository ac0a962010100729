"""The index of messages' words in memory, over a room log in memory."""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.chat.words import matches
from meetserver.errors import NotFound
from meetserver.ids import ParticipantId, RoomId
from meetserver.ports import Entry, IndexChange, IndexPlace, Said, Sought
from meetserver.rooms.indexing import TYPES, is_searchable


class MemoryMessageIndex:
    def __init__(self, log: MemoryRoomLog) -> None:
        self._log = log
        self._until: dict[RoomId, int] = {}
        self._messages: dict[RoomId, dict[int, Said]] = {}

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
        messages = self._messages.get(room, {}) if room in self._log.rooms else {}
        seen = {seq: one for seq, one in messages.items() if one.people is None or not one.people.isdisjoint(readers)}
        found = [seq for seq, one in sorted(seen.items()) if matches(one.words, sought)]
        found = [seq for seq in found if (before is None or seq < before) and (after is None or seq > after)]
        return (found[::-1] if after is None else found)[:limit]

    async def place(self, room: RoomId) -> IndexPlace:
        if room not in self._log.rooms:
            raise NotFound("no such room")
        rows = self._log.rooms[room]
        return IndexPlace(room, self._until.get(room), rows.last_seq, is_searchable(rows.settings))

    async def places(self, after: RoomId, limit: int) -> list[IndexPlace]:
        rooms = sorted(room for room in self._log.rooms if room > after)
        return [await self.place(room) for room in rooms[:limit]]

    async def standing(self, room: RoomId) -> tuple[int, bool]:
        until = self._until.get(room, 0)
        entries = self._log.rooms[room].there() if room in self._log.rooms else []
        return until, any(entry.seq > until and entry.type in TYPES for entry in entries)

    async def stretch(self, room: RoomId, after: int, until: int) -> Sequence[Entry]:
        entries = self._log.rooms[room].there()
        return [entry for entry in entries if after < entry.seq <= until and entry.type in TYPES]

    async def bring_on(self, room: RoomId, seen: int | None, until: int, change: IndexChange) -> bool:
        if room not in self._log.rooms or self._until.get(room) != seen:
            return False
        self._until[room] = until
        messages = {**change.new, **self._messages.get(room, {})}
        for seq, words in change.now.items():
            if seq in messages:
                messages[seq] = replace(messages[seq], words=words)
        self._messages[room] = {
            seq: one
            for seq, one in messages.items()
            if seq not in change.gone and one.by not in change.erased and seq > change.expired
        }
        return True

    async def clear(self, room: RoomId) -> None:
        self._messages.pop(room, None)
        self._until.pop(room, None)

    async def tidy(self) -> None:
        """It has no files."""
