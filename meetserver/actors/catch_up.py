"""Those who are behind their room, as they read slowly or have just come back: each is written what it lacks, from the
edge's ring or from the log, until it is level.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from meetserver import limits
from meetserver.actors.batch import live_frame
from meetserver.actors.envelopes import LiveFrame
from meetserver.actors.ring import Ring
from meetserver.actors.session import Session
from meetserver.close_codes import RESYNC, TOO_SLOW
from meetserver.errors import MeetError, Refusal
from meetserver.ids import RoomId
from meetserver.ports import RoomLog

log = logging.getLogger(__name__)

CATCH_UP_FRAMES = 256
"""Frames of the ring written to one session at a time."""


class Edge(Protocol):
    """An edge, as far as whoever catches up needs it."""

    room: RoomId

    @property
    def applied(self) -> int | None:
        """The seq up to which its ring has everything; None: no room was heard yet."""

    def level(self, session: Session) -> None: ...
    def watch(self) -> None: ...
    def end(self, session: Session, refusal: Refusal | None, *, code: int | None = None) -> None: ...


class CatchUp:
    def __init__(
        self, edge: Edge, ring: Ring, store: RoomLog, background: Callable[[Coroutine[Any, Any, Any]], None]
    ) -> None:
        self._edge = edge
        self._ring = ring
        self._store = store
        self._background = background

    def advance(self, session: Session) -> None:
        """Write what the session lacks, as far as its transport takes it; level with the room, it is live."""
        while session.mode == "behind" and not session.is_reading_log and not session.is_full:
            applied = self._edge.applied
            if applied is None or session.cursor > applied:
                break
            if session.cursor == applied:
                self._edge.level(session)
            elif self._ring.has(session.cursor + 1):
                self._write_frames(session, self._ring.after(session.cursor, CATCH_UP_FRAMES))
            elif session.is_resuming:
                session.is_reading_log = True
                self._background(self._read_log(session))
            else:
                self._edge.end(session, None, code=TOO_SLOW)
        if session.mode == "behind":
            self._edge.watch()

    def _write_frames(self, session: Session, frames: list[LiveFrame]) -> None:
        """About a send queue's worth of them; the rest follows when the transport has drained."""
        assert session.hello is not None
        me = session.hello.participant
        mine: list[bytes] = []
        size = 0
        for frame in frames:
            session.cursor = frame.seq
            if frame.is_for(me):
                mine.append(frame.frame)
                size += len(frame.frame)
                if size > limits.SEND_QUEUE_BYTES:
                    break
        session.connection.write(b"".join(mine))

    async def _read_log(self, session: Session) -> None:
        try:
            page = await self._store.page(self._edge.room, session.cursor, limits.LOG_PAGE_EVENTS)
        except MeetError as error:
            log.warning("action=catch_up_failed room=%s error=%s", self._edge.room, error)
            page = []
        session.is_reading_log = False
        if session.mode != "behind":
            return
        if not page or page[0].seq != session.cursor + 1:
            self._edge.end(session, None, code=RESYNC)
            return
        frames = [live_frame(entry) for entry in page]
        while frames and not session.is_full:
            self._write_frames(session, frames)
            frames = frames[session.cursor - frames[0].seq + 1 :]
        session.lag_since = asyncio.get_running_loop().time()
        self.advance(session)
