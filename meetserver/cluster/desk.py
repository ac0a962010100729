"""What services ask of rooms (`ports.Rooms`), here or in another shard; and the answers to other shards' calls."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import Raw

from meetserver import limits, wire
from meetserver.actors.envelopes import DoorAsked, FromServer, PartWanted, Question, StateWanted
from meetserver.actors.mailbox import MailboxFull
from meetserver.cluster import parcels
from meetserver.cluster.calls import Calls
from meetserver.cluster.link import Link
from meetserver.cluster.local_ref import LocalRef
from meetserver.cluster.owned import OwnedRooms
from meetserver.cluster.parcels import AdmitQuestion, Answer, Call, Order, RoomCommand, StatusQuestion
from meetserver.cluster.placement import Placement
from meetserver.errors import Busy, NotFound, Refusal, Refused, Timeout, Unavailable, refused
from meetserver.ids import ParticipantId, RoomId, ShardId
from meetserver.messages import Command, Role
from meetserver.ports import Pieces, RoomReply
from meetserver.rooms.catalog import decode_command
from meetserver.rooms.messages import Join
from meetserver.rooms.views import Part

T = TypeVar("T")

log = logging.getLogger(__name__)

TRIES = 20
"""To reach a room that moves from shard to shard."""

Operator = Callable[[StatusQuestion | Order], Awaitable[Any]]


class Links(Protocol):
    def link(self, shard: ShardId) -> Link | None: ...


class Desk:
    """Implements `ports.Rooms` and `inbox.Desk`. `operator` answers what is no room's business."""

    def __init__(self, owned: OwnedRooms, placement: Placement, links: Links, calls: Calls, operator: Operator) -> None:
        self._owned = owned
        self._placement = placement
        self._links = links
        self._calls = calls
        self._operator = operator

    # --- ports.Rooms

    async def ask(
        self, room: RoomId, command: Command, *, role: Role = "host", by: ParticipantId | None = None
    ) -> RoomReply | None:
        asked = RoomCommand(room, command.type, wire.encode(command), role, by)
        for _ in range(TRIES):
            shard = await self._placement.place(room)
            if shard == self._placement.me:
                return await _tell(await self._owned.start(room), command, role, by)
            answer = await self._calls.ask(self._links.link(shard), asked)
            if answer.refusal is not None:
                raise refused(answer.refusal)
            if not answer.is_elsewhere:
                return msgspec.msgpack.decode(answer.data, type=RoomReply | None)
            await asyncio.sleep(limits.SEEK_PAUSE_S)
        raise Unavailable("the room is on the move", retry_after_s=1)

    async def is_awake(self, room: RoomId) -> bool:
        try:
            return await self._placement.owner(room) is not None
        except NotFound:
            return False

    async def state(self, room: RoomId) -> bytes | None:
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        return await self._ask_awake(room, StateWanted(answer), answer)

    async def part(self, room: RoomId, part: Part) -> Pieces | None:
        answer: asyncio.Future[Pieces | None] = asyncio.get_running_loop().create_future()
        return await self._ask_awake(room, PartWanted(part, answer), answer)

    async def would_admit(self, room: RoomId, join: Command, address: str) -> Refusal | None:
        assert isinstance(join, Join)
        if self._owned.get(room) is not None:
            return await self._would_admit(room, join, address)
        try:
            shard = await self._placement.owner(room)
            if shard is None or shard == self._placement.me:
                return None
            answer = await self._calls.ask(self._links.link(shard), AdmitQuestion(room, join, address))
        except Refused:  # nobody can say just now
            return None
        return msgspec.msgpack.decode(answer.data, type=Refusal | None)

    async def _would_admit(self, room: RoomId, join: Join, address: str) -> Refusal | None:
        answer: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
        return await self._ask_awake(room, DoorAsked(join, address, answer), answer)

    async def _ask_awake(self, room: RoomId, question: Question, answer: asyncio.Future[T | None]) -> T | None:
        """None where the room sleeps, is elsewhere, or cannot answer in time."""
        ref = self._owned.get(room)
        if ref is None:
            return None
        try:
            ref.tell_control(question)
            return await asyncio.wait_for(answer, limits.ANSWER_TIMEOUT_S)
        except (TimeoutError, MailboxFull):
            return None

    # --- other shards' calls

    async def answer(self, link: Link, call: Call) -> None:
        session = link.session
        try:
            answer = await self._answer(call)
        except Refused as error:
            answer = Answer(call.number, refusal=error.refusal)
        except Exception:
            log.exception("action=call_failed type=%s", type(call.asked).__name__)
            answer = Answer(call.number, refusal=Refusal("internal", "the server failed at this"))
        if link.session == session:
            link.send(answer)

    async def _answer(self, call: Call) -> Answer:
        reply: Any
        match call.asked:
            case RoomCommand(room, type_, data, role, by):
                if await self._placement.place(room) != self._placement.me:
                    return Answer(call.number, is_elsewhere=True)
                reply = await _tell(await self._owned.start(room), decode_command(type_, data), role, by)
            case AdmitQuestion(room, join, address):
                reply = await self._would_admit(room, join, address)
            case StatusQuestion() | Order():
                reply = await self._operator(call.asked)
        return Answer(call.number, Raw(parcels.encode(reply)))


async def _tell(ref: LocalRef, command: Command, role: Role, by: ParticipantId | None) -> RoomReply | None:
    """Raises Refused."""
    answer: asyncio.Future[RoomReply | Refusal] = asyncio.get_running_loop().create_future()
    try:
        ref.tell(FromServer(command, role, answer, by=by))
    except MailboxFull:
        raise Busy("the room has too much to do", retry_after_s=1) from None
    try:
        reply = await asyncio.wait_for(answer, limits.ANSWER_TIMEOUT_S)
    except TimeoutError:
        raise Timeout("the room did not answer in time", retry_after_s=1) from None
    if isinstance(reply, Refusal):
        raise refused(reply)
    return reply
