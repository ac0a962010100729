"""What deleted messages said leaves the log right after their deletion is in it. What this misses, as the database or
the process is away, the job of the same work finds (rooms/emptier.py)."""

import logging
from typing import Protocol

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.chat.messages import Deleted
from meetserver.errors import MeetError
from meetserver.ids import RoomId, UserId
from meetserver.messages import Event

log = logging.getLogger(__name__)


class Empties(Protocol):
    async def empty(self, room: RoomId, seqs: list[int]) -> None: ...


class Emptying:
    def __init__(self, emptier: Empties) -> None:
        self._emptier = emptier
        self._waiting: dict[RoomId, list[int]] = {}
        self._count = 0
        self._background = Background()
        self._is_busy = False

    def on_fact(self, room: RoomId, event: Event, _user: UserId | None) -> None:
        seq = event.subject() if isinstance(event, Deleted) else None
        if seq is None or self._count >= limits.EMPTYING_WAITING:
            return
        self._waiting.setdefault(room, []).append(seq)
        self._count += 1
        if not self._is_busy:
            self._is_busy = True
            self._background.start(self._work())

    async def _work(self) -> None:
        try:
            while self._waiting:
                room, seqs = self._waiting.popitem()
                self._count -= len(seqs)
                try:
                    await self._emptier.empty(room, seqs)
                except MeetError as error:
                    log.warning("action=not_emptied room=%s messages=%d error=%s", room, len(seqs), error)
        finally:
            self._is_busy = False

    async def close(self) -> None:
        await self._background.finish()
