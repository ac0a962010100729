"""What was said goes into the index of words soon after it is in the log. What this misses, as the database or the
process is away, the job of the same work finds (rooms/indexer.py)."""

import asyncio
import logging
from typing import Protocol

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.chat.messages import Deleted, Edited, Sent
from meetserver.errors import MeetError
from meetserver.ids import RoomId, UserId
from meetserver.messages import Event

log = logging.getLogger(__name__)


class Follows(Protocol):
    async def follow(self, room: RoomId) -> None: ...


class Indexing:
    def __init__(self, indexer: Follows) -> None:
        self._indexer = indexer
        self._waiting: dict[RoomId, None] = {}
        self._background = Background()
        self._is_busy = False

    def on_fact(self, room: RoomId, event: Event, _user: UserId | None) -> None:
        if isinstance(event, Sent | Edited | Deleted):
            self.soon(room)

    def soon(self, room: RoomId) -> None:
        """There is something about this room that the index has not."""
        if len(self._waiting) >= limits.INDEX_WAITING:
            return
        self._waiting[room] = None
        if not self._is_busy:
            self._is_busy = True
            self._background.start(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(limits.INDEX_GATHER_S)
                some, self._waiting = self._waiting, {}
                for room in some:
                    await self._follow(room)
        finally:
            self._is_busy = False

    async def _follow(self, room: RoomId) -> None:
        try:
            await self._indexer.follow(room)
        except MeetError as error:
            log.warning("action=not_indexed room=%s error=%s", room, error)

    async def close(self) -> None:
        """What still waits is left to the job."""
        await self._background.close()
