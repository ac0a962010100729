"""Writes into the security log who was sent out of a room by somebody in it, who may come in again, and who was
turned away for their address.

In the background: a room waits for nobody. Whoever it was is found by the participant's id in the room's own log.
"""

import logging
from collections.abc import Mapping
from typing import Final

from meetserver.actors.background import Background
from meetserver.actors.door import Whose
from meetserver.errors import MeetError
from meetserver.ids import MeetingId, RoomId, UserId
from meetserver.messages import Event
from meetserver.ports import Origin, SecurityEventType, SecurityLog
from meetserver.rooms.messages import Banned, Removed, Unbanned

log = logging.getLogger(__name__)

NOWHERE: Final = Origin()


class DoorLog:
    def __init__(self, security_log: SecurityLog) -> None:
        self._security_log = security_log
        self._background = Background()

    def on_fact(self, room: RoomId, event: Event, user: UserId | None) -> None:
        """`user` is the account of whoever caused the event, None for a guest."""
        match event:
            case Removed():
                self._record("participant.removed", user, event.participant, room=room, ban=event.ban)
            case Banned():
                self._record("participant.banned", user, event.participant, room=room, ban=event.ban)
            case Unbanned():
                self._record("participant.unbanned", user, "", room=room, ban=event.ban)
            case _:
                pass

    def on_turned_away(self, meeting: MeetingId, user: UserId | None, address: str, rules: Whose) -> None:
        """At a join or on coming back; `user` is their account. The room knows no more of where they are."""
        self._record("ip.refused", user, meeting, Origin(address), rules=rules)

    def _record(
        self, type_: SecurityEventType, user: UserId | None, subject: str, origin: Origin = NOWHERE, **data: str
    ) -> None:
        self._background.start(self._write(type_, origin, user, subject, data))

    async def _write(
        self, type_: SecurityEventType, origin: Origin, user: UserId | None, subject: str, data: Mapping[str, str]
    ) -> None:
        try:
            await self._security_log.record(type_, origin, actor=user, subject=subject, **data)
        except MeetError as error:
            log.error("action=door_not_logged type=%s subject=%s data=%s error=%s", type_, subject, data, error)

    async def close(self) -> None:
        """When the rooms have stopped: what they told is written down first."""
        await self._background.finish()
