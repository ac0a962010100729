"""Brings the index of messages' words on to where rooms' logs are."""

import logging

from meetserver import limits
from meetserver.errors import MeetError, NotFound
from meetserver.ids import RoomId
from meetserver.ports import MessageIndex
from meetserver.rooms.indexing import changing
from meetserver.turns import in_turns

log = logging.getLogger(__name__)

INDEX = "rooms.index_messages"


class Indexer:
    def __init__(self, index: MessageIndex) -> None:
        self._index = index
        self._took_out = False

    async def follow(self, room: RoomId) -> None:
        """Up to the end of this room's log, or out with all of it where the meeting wants none. Raises MeetError."""
        try:
            place = await self._index.place(room)
            while place.is_behind:
                await self._step(room, place.until, place.last_seq, is_wanted=place.is_wanted)
                place = await self._index.place(room)
        except NotFound:
            pass  # the meeting was deleted meanwhile, and all of this with it

    async def _step(self, room: RoomId, seen: int | None, last_seq: int, *, is_wanted: bool) -> None:
        if not is_wanted:
            self._took_out = True
            await self._index.clear(room)
            return
        until = min((seen or 0) + limits.INDEX_STRETCH, last_seq)
        change = await in_turns(changing(await self._index.stretch(room, seen or 0, until)))
        self._took_out |= bool(change.now or change.gone or change.erased or change.expired)
        await self._index.bring_on(room, seen, until, change)

    async def run(self, _: object = None) -> None:
        """All rooms of which the index has not all; one that cannot be read is none of the others' business. Safe to be
        done again, and by several at once."""
        after = RoomId("")
        while places := await self._index.places(after, limits.INDEX_ROOMS):
            for place in places:
                if place.is_behind:
                    await self._apart(place.room)
            after = places[-1].room
        if self._took_out:
            self._took_out = False
            await self._index.tidy()

    async def _apart(self, room: RoomId) -> None:
        try:
            await self.follow(room)
        except MeetError as error:
            log.warning("action=not_indexed room=%s error=%s", room, error)
