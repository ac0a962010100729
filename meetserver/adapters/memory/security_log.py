"""ports.SecurityLog in memory."""

from msgspec import Struct

from meetserver.ports import Origin, SecurityEventType


class Recorded(Struct, frozen=True):
    type: SecurityEventType
    origin: Origin
    actor: str | None
    subject: str
    data: dict[str, str | int]


class MemorySecurityLog:
    """`events` are all, oldest first."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []

    async def record(
        self, type_: SecurityEventType, origin: Origin, *, actor: str | None, subject: str = "", **data: str | int
    ) -> None:
        self.events.append(Recorded(type_, origin, actor, subject, data))

    def types(self) -> list[SecurityEventType]:
        return [event.type for event in self.events]
