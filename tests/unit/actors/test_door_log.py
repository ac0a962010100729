"""What a room tells the security log."""

import asyncio

from meetserver.actors.door_log import DoorLog
from meetserver.adapters.memory.security_log import MemorySecurityLog
from meetserver.errors import Busy
from meetserver.ids import MeetingId, ParticipantId, RoomId, UserId
from meetserver.ports import Origin, SecurityEventType
from meetserver.rooms.messages import Banned, Muted, Removed, Unbanned

ROOM, BO, ANN = RoomId("room"), ParticipantId("bo"), UserId("ann")


async def test_it_writes_down_who_was_sent_out_and_who_may_come_again() -> None:
    log = MemorySecurityLog()
    doors = DoorLog(log)
    for event in (Removed(BO, "b1"), Muted(BO, "audio"), Banned(BO, "b2"), Unbanned("b1")):
        doors.on_fact(ROOM, event, ANN)
    await doors.close()
    assert [(one.type, one.actor, one.subject, one.data) for one in log.events] == [
        ("participant.removed", "ann", "bo", {"room": "room", "ban": "b1"}),
        ("participant.banned", "ann", "bo", {"room": "room", "ban": "b2"}),
        ("participant.unbanned", "ann", "", {"room": "room", "ban": "b1"}),
    ]


async def test_it_writes_down_who_was_turned_away_for_their_address() -> None:
    log = MemorySecurityLog()
    doors = DoorLog(log)
    doors.on_turned_away(MeetingId("weekly"), ANN, "192.0.2.7", "meeting")
    doors.on_turned_away(MeetingId("weekly"), None, "192.0.2.8", "server")
    await doors.close()
    assert [(one.type, one.actor, one.subject, one.origin, one.data) for one in log.events] == [
        ("ip.refused", "ann", "weekly", Origin("192.0.2.7"), {"rules": "meeting"}),
        ("ip.refused", None, "weekly", Origin("192.0.2.8"), {"rules": "server"}),
    ]


class SlowLog(MemorySecurityLog):
    async def record(
        self, type_: SecurityEventType, origin: Origin, *, actor: str | None, subject: str = "", **data: str | int
    ) -> None:
        await asyncio.sleep(0.01)
        if subject == "ed":
            raise Busy("too much to do")
        await super().record(type_, origin, actor=actor, subject=subject, **data)


async def test_closing_waits_for_what_is_on_its_way_and_one_failure_is_no_other_s() -> None:
    log = SlowLog()
    doors = DoorLog(log)
    doors.on_fact(ROOM, Banned(ParticipantId("ed"), "b1"), None)
    doors.on_fact(ROOM, Banned(BO, "b2"), None)
    await doors.close()
    assert [one.subject for one in log.events] == ["bo"]
