"""Gets what an edge is missing from the log, with what comes while it is being read."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from meetserver import limits
from meetserver.actors.batch import live_frame
from meetserver.actors.envelopes import LiveFrame
from meetserver.errors import MeetError, Unavailable
from meetserver.ids import RoomId
from meetserver.ports import RoomLog

log = logging.getLogger(__name__)


class Follower(Protocol):
    """An edge, as far as it follows the log."""

    room: RoomId

    @property
    def applied(self) -> int | None:
        """The seq up to which it has everything; None: it follows no room yet."""

    def durable(self, frames: list[LiveFrame]) -> None: ...
    def lost_track(self) -> None: ...


class Gaps:
    def __init__(self, edge: Follower, store: RoomLog, background: Callable[[Coroutine[Any, Any, Any]], None]) -> None:
        self._edge = edge
        self._store = store
        self._background = background
        self._is_pulling = False
        self._wanted_seq = 0

    def pull(self, until_seq: int) -> None:
        """Frames up to here are missing."""
        self._wanted_seq = max(self._wanted_seq, until_seq)
        if not self._is_pulling:
            self._is_pulling = True
            self._background(self._pull_from_log())

    async def _pull_from_log(self) -> None:
        edge = self._edge
        try:
            while edge.applied is not None and edge.applied < self._wanted_seq:
                page = await self._store.page(edge.room, edge.applied, limits.LOG_PAGE_EVENTS)
                if not page or page[0].seq > edge.applied + 1:
                    raise Unavailable("the log does not go on where this edge stands")
                edge.durable([live_frame(entry) for entry in page])
        except MeetError as error:
            log.warning("action=pull_failed room=%s error=%s", edge.room, error)
            edge.lost_track()
        finally:
            self._is_pulling = False
