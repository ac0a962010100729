"""How far people have read: stored, then told, both at most once a second, so that what was told never goes back."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

from meetserver import limits
from meetserver.actors.audience import Audience
from meetserver.chat.messages import Marked
from meetserver.errors import MeetError
from meetserver.ids import ParticipantId, RoomId
from meetserver.messages import Context, Tell
from meetserver.ports import Mark, RoomLog
from meetserver.rooms.state import RoomState

log = logging.getLogger(__name__)


class Host(Protocol):
    room: RoomId
    state: RoomState

    def background(self, coroutine: Coroutine[Any, Any, Any]) -> None: ...


class Marks:
    """`_changed`: persons. `_untold`: those whose change others may know, and the participant whose client said so
    last."""

    def __init__(self, host: Host, audience: Audience, store: RoomLog) -> None:
        self._host = host
        self._audience = audience
        self._store = store
        self._changed: set[str] = set()
        self._untold: dict[str, ParticipantId] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_saving = False
        self._saved_at = float("-inf")

    def changed(self, ctx: Context, before: Mapping[str, Mark]) -> None:
        """The marks are not any more what they were `before`, for somebody said how far they are."""
        person, none = ctx.user or ctx.by, Mark()
        was, now = before.get(person, none), self._audience.live.marks.get(person, none)
        self._changed.add(person)
        if (was.delivered, was.read) != (now.delivered, now.read):
            self._untold[person] = ctx.by
        self._plan()

    def _plan(self) -> None:
        if self._timer is None and not self._is_saving and self._changed:
            loop = asyncio.get_running_loop()
            at = max(loop.time() + limits.MARKS_GATHER_S, self._saved_at + limits.MARKS_PAUSE_S)
            self._timer = loop.call_at(at, self._due)

    def _due(self) -> None:
        self._timer = None
        self._is_saving = True
        self._host.background(self._save_and_plan())

    async def _save_and_plan(self) -> None:
        try:
            await self.save()
        finally:
            self._is_saving = False
            self._saved_at = asyncio.get_running_loop().time()
            self._plan()

    async def save(self) -> None:
        """What changed; what cannot be stored now is tried again with the next change, or after a while."""
        changed, untold, known = self._changed, self._untold, self._audience.live.marks
        self._changed, self._untold = set(), {}
        marks = {person: mark for person in changed if (mark := known.get(person)) is not None}
        if not marks:
            return
        try:
            await self._store.save_marks(self._host.room, marks)
        except MeetError as error:
            log.warning("action=marks_not_stored room=%s people=%d error=%s", self._host.room, len(marks), error)
            self._changed, self._untold = changed | self._changed, untold | self._untold
        else:
            self._tell({untold[person]: mark for person, mark in marks.items() if person in untold})

    def _tell(self, marks: dict[ParticipantId, Mark]) -> None:
        members = self._host.state.participants
        if len(members) > limits.MARKS_TOLD_MEMBERS:
            return
        for who, mark in marks.items():
            if who in members:
                self._audience.tell([Tell(Marked(who, mark.delivered, mark.read))], who)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
