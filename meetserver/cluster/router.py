"""Finds a room's owner and starts it there. In one process that is always here.

Also what services see of rooms (`ports.Rooms`), and the end of it all at SIGTERM.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.actors.edge import EdgeRoom
from meetserver.actors.envelopes import DoorAsked, FromServer, Question, StateWanted, Stop
from meetserver.actors.hello import token_hash
from meetserver.actors.mailbox import MailboxFull
from meetserver.actors.room import RoomActor
from meetserver.actors.supervisor import Supervisor
from meetserver.close_codes import DRAIN, NOT_VALID, QUARANTINED
from meetserver.cluster.local_ref import LocalRef
from meetserver.errors import Busy, NotFound, Refusal, Timeout, Unauthenticated, Unavailable, refused
from meetserver.framing import text_frame
from meetserver.ids import RoomId, SessionId
from meetserver.messages import Command, Role
from meetserver.ports import RoomLog, RoomReply
from meetserver.rooms.messages import Drain, Join, Quarantined
from meetserver.wire import ephemeral_frame

T = TypeVar("T")

log = logging.getLogger(__name__)

STALE_PAUSE_S = 0.2
"""Before a room that was taken by another process is asked for again."""
SPREAD_SESSIONS_PER_S = 400
"""Sockets closed a second while draining, so that those who come back do not come all at once."""
LONGEST_SPREAD_S = 5.0


class Router:
    """Implements `ports.Rooms`. `make_actor` makes a room's actor, not yet running."""

    def __init__(self, store: RoomLog, make_actor: Callable[[RoomId], RoomActor], supervisor: Supervisor) -> None:
        self._store = store
        self._make_actor = make_actor
        self._supervisor = supervisor
        self._background = Background()
        self._refs: dict[RoomId, LocalRef] = {}
        self._edges: dict[RoomId, EdgeRoom] = {}
        self._quarantined: set[RoomId] = set()
        self._changed = asyncio.Condition()
        self.is_draining = False

    # --- for sockets

    async def edge(self, room: RoomId) -> EdgeRoom:
        """The room's edge in this process; the room starts if it sleeps. Raises Unavailable."""
        ref = await self._ref(room)
        edge = self._edges.get(room)
        if edge is None:
            edge = EdgeRoom(room, ref, self._store, self._background.start, self._forget_edge)
            self._edges[room] = edge
        return edge

    async def edge_of_session(self, room: RoomId, session: SessionId, token: str) -> EdgeRoom:
        """As `edge`, for whoever wants to come back: a token that the room never gave out wakes no room. Raises
        Unauthenticated, Unavailable."""
        if room not in self._refs and not await self._store.had_session(room, session, token_hash(token)):
            raise Unauthenticated("this session is over")
        return await self.edge(room)

    def _forget_edge(self, edge: EdgeRoom) -> None:
        edge.close()
        if self._edges.get(edge.room) is edge:
            del self._edges[edge.room]

    # --- for services

    async def ask(self, room: RoomId, command: Command, *, role: Role = "host") -> RoomReply | None:
        answer: asyncio.Future[RoomReply | Refusal] = asyncio.get_running_loop().create_future()
        ref = await self._ref(room)
        try:
            ref.tell(FromServer(command, role, answer))
        except MailboxFull:
            raise Busy("the room has too much to do", retry_after_s=1) from None
        try:
            reply = await asyncio.wait_for(answer, limits.ANSWER_TIMEOUT_S)
        except TimeoutError:
            raise Timeout("the room did not answer in time", retry_after_s=1) from None
        if isinstance(reply, Refusal):
            raise refused(reply)
        return reply

    async def state(self, room: RoomId) -> bytes | None:
        answer: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        return await self._ask_awake(room, StateWanted(answer), answer)

    async def would_admit(self, room: RoomId, join: Command, address: str) -> Refusal | None:
        assert isinstance(join, Join)
        answer: asyncio.Future[Refusal | None] = asyncio.get_running_loop().create_future()
        return await self._ask_awake(room, DoorAsked(join, address, answer), answer)

    async def _ask_awake(self, room: RoomId, question: Question, answer: asyncio.Future[T | None]) -> T | None:
        """None where the room sleeps or cannot answer in time."""
        ref = self._refs.get(room)
        if ref is None:
            return None
        try:
            ref.tell_control(question)
            return await asyncio.wait_for(answer, limits.ANSWER_TIMEOUT_S)
        except (TimeoutError, MailboxFull):
            return None

    # --- starting and ending rooms

    async def _ref(self, room: RoomId) -> LocalRef:
        if self.is_draining:
            raise Unavailable("this server is about to stop", retry_after_s=1)
        if room in self._quarantined:
            raise Unavailable("this room failed again and again and rests until an operator releases it")
        if (ref := self._refs.get(room)) is None:
            ref = self._refs[room] = LocalRef(room, self._make_actor(room))
            await self._start(ref)
        return ref

    async def _start(self, ref: LocalRef) -> None:
        await self._supervisor.keep(
            f"room {ref.room}",
            lambda: None if self.is_draining and ref.is_replaced else ref.actor,
            on_crash=lambda _: self._replace_actor(ref),
            on_end=lambda is_quarantined: self._ended(ref, is_quarantined),
        )

    def _replace_actor(self, ref: LocalRef) -> None:
        """At once, though it may have to wait before it runs: what is sent meanwhile is in its mailbox."""
        self._answer_rest(ref, Unavailable("the room has just failed", retry_after_s=1).refusal)
        ref.replace(self._make_actor(ref.room))
        if (edge := self._edges.get(ref.room)) is not None:
            edge.owner_restarted()

    @staticmethod
    def _answer_rest(ref: LocalRef, refusal: Refusal) -> None:
        """Services wait for an answer; what sockets sent, their edge sends again."""
        for message in ref.actor.rest():
            if isinstance(message, FromServer | Question):
                ref.actor.refuse(message, refusal)

    def _ended(self, ref: LocalRef, is_quarantined: bool) -> None:
        edge = self._edges.get(ref.room)
        self._answer_rest(ref, Unavailable("the room has just stopped", retry_after_s=1).refusal)
        if is_quarantined:
            self._quarantined.add(ref.room)
            if edge is not None:
                farewell = text_frame(ephemeral_frame(Quarantined("The room failed again and again and rests now.")))
                edge.close_all(None, code=QUARANTINED, farewell=farewell)
        elif edge is not None and ref.actor.end == "gone":
            edge.close_all(NotFound("there is no such room").refusal, code=NOT_VALID)
        elif edge is not None and not self.is_draining:
            self._background.start(self._start_again(ref))
            return
        self._refs.pop(ref.room, None)
        self._background.start(self._tell_of_change())

    async def _start_again(self, ref: LocalRef) -> None:
        """Somebody is still here: a room owned elsewhere, or one that slept in the moment they came."""
        pause_s = STALE_PAUSE_S if ref.actor.end == "stale" else 0
        self._replace_actor(ref)
        await asyncio.sleep(pause_s)
        await self._start(ref)

    async def _tell_of_change(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def wake_rooms(self) -> int:
        """Load the rooms that somebody may come back to, or must be seen to leave; answers how many."""
        rooms = await self._store.rooms_with_sessions()
        for room in rooms:
            await self._ref(room)
        return len(rooms)

    @property
    def room_ids(self) -> list[RoomId]:
        """The rooms that are awake here."""
        return list(self._refs)

    async def drain(self) -> None:
        """Close all sockets, let the rooms finish and save themselves; after `limits.DRAIN_S` go without them. Once."""
        if self.is_draining:
            return
        self.is_draining = True
        try:
            async with asyncio.timeout(limits.DRAIN_S):
                await self._drain()
        except TimeoutError:
            log.error("action=drain_timed_out rooms=%s", ",".join(self._refs))

    async def _drain(self) -> None:
        edges = list(self._edges.values())
        sessions = sum(len(edge) for edge in edges)
        spread_s = min(LONGEST_SPREAD_S, sessions / SPREAD_SESSIONS_PER_S)
        farewell = text_frame(ephemeral_frame(Drain(retry_after_ms=1000)))
        for edge in edges:
            await asyncio.sleep(spread_s * len(edge) / max(1, sessions) if spread_s > 0.1 else 0)
            edge.close_all(None, code=DRAIN, farewell=farewell)
        for ref in list(self._refs.values()):
            ref.tell_control(Stop())
        async with self._changed:
            await self._changed.wait_for(lambda: not self._refs)

    async def close(self) -> None:
        for edge in list(self._edges.values()):
            edge.close()
        await self._background.close()
        await self._supervisor.close()
