"""Writes into the security log who was sent out of a room by somebody in it, and who may come in again.

In the background: a room waits for nobody. Whoever it was is found by the participant's id in the room's own log.
"""

import logging

from meetserver.actors.background import Background
from meetserver.errors import MeetError
from meetserver.ids import RoomId, UserId
from meetserver.messages import Event
from meetserver.ports import Origin, SecurityEventType, SecurityLog
from meetserver.rooms.messages import Banned, Removed, Unbanned

log = logging.getLogger(__name__)


class DoorLog:
    def __init__(self, security_log: SecurityLog) -> None:
        self._security_log = security_log
        self._background = Background()

    def on_fact(self, room: RoomId, event: Event, user: UserId | None) -> None:
        """`user` is the account of whoever caused the event, None for a guest."""
        match event:
            case Removed():
                self._record("participant.removed", room, user, event.participant, event.ban)
            case Banned():
                self._record("participant.banned", room, user, event.participant, event.ban)
            case Unbanned():
                self._record("participant.unbanned", room, user, "", event.ban)
            case _:
                pass

    def _record(self, type_: SecurityEventType, room: RoomId, user: UserId | None, subject: str, ban: str) -> None:
        self._background.start(self._write(type_, room, user, subject, ban))

    async def _write(self, type_: SecurityEventType, room: RoomId, user: UserId | None, subject: str, ban: str) -> None:
        try:
            await self._security_log.record(type_, Origin(), actor=user, subject=subject, room=room, ban=ban)
        except MeetError as error:
            log.error("action=door_not_logged type=%s room=%s ban=%s error=%s", type_, room, ban, error)

    async def close(self) -> None:
        """When the rooms have stopped: what they told is written down first."""
        await self._background.finish()
