"""Rooms, as services see them."""

from collections.abc import Iterator
from typing import Literal, Protocol

from msgspec import Struct

from meetserver.errors import Refusal
from meetserver.ids import ParticipantId, RoomId
from meetserver.messages import Command, Role


class RoomReply(Struct, frozen=True):
    """What a room answers to a service's durable command. `at` as on the wire (RFC 3339)."""

    seq: int
    at: str


class Pieces(Struct, frozen=True):
    """JSON in pieces, as of `seq`: each is made when it is asked for, and some are empty."""

    seq: int
    pieces: Iterator[bytes]


class Rooms(Protocol):
    async def ask(
        self, room: RoomId, command: Command, *, role: Role = "host", by: ParticipantId | None = None
    ) -> RoomReply | None:
        """Have the room's owner carry the command out: as the server, in this role; or as what `by` does, who is in the
        room and may there whatever they may. Raises Refused."""

    async def state(self, room: RoomId) -> bytes | None:
        """The live shared snapshot as JSON when the room is awake in this process, else None: the log has the rest."""

    async def part(self, room: RoomId, part: Literal["whiteboard", "participants"]) -> Pieces | None:
        """This part of the state, whole, when the room is awake in this process, else None."""

    async def is_awake(self, room: RoomId) -> bool:
        """Whether it runs, in whichever process."""

    async def would_admit(self, room: RoomId, join: Command, address: str) -> Refusal | None:
        """Why the room, if it is awake, would not take this `rooms.messages.Join` from this address; None: it would, or
        nobody can say yet. Nothing happens."""
