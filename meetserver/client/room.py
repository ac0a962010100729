"""A client's place in a room, which outlives its sockets: it comes back, resumes, and asks again what got no answer."""

import asyncio
import contextlib
import itertools
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self

import aiohttp
import msgspec
from msgspec import Raw

from meetserver import limits
from meetserver.client.api import JoinOffer
from meetserver.client.backoff import ABNORMAL, Backoff, NextStep, next_step
from meetserver.client.connection import Connection, Disconnected
from meetserver.client.errors import (
    ClientError,
    CommandRefused,
    ConnectionLost,
    ProtocolViolation,
    RoomClosed,
    Unanswered,
    WireRefusal,
)
from meetserver.client.feed import EVENTS, Feed, FeedFull
from meetserver.client.frames import (
    Admitted,
    Attached,
    Drain,
    DurableEvent,
    HelloOk,
    Incoming,
    RoomEvent,
    command_frame,
    decode_data,
    durable_event,
    ephemeral_event,
    needs_txn,
)
from meetserver.client.hello import say_hello
from meetserver.client.state import Receipt, RoomState
from meetserver.client.unanswered import UnansweredCommands, Waiting
from meetserver.messages import Command
from meetserver.rooms.frames import Bye, Hello, ResumePoint
from meetserver.rooms.messages import RoleSet

BYE_TIMEOUT_S = 2.0
SEND_TIMEOUT_S = 60.0


class RoomClient:
    """One participant's client in one room. Made by `join`."""

    def __init__(
        self,
        offer: JoinOffer,
        http: aiohttp.ClientSession,
        *,
        on_event: Callable[[RoomEvent], None] | None = None,
        renew: Callable[[], Awaitable[JoinOffer]] | None = None,
        backoff: Backoff = Backoff(),  # noqa: B008 (frozen)
        give_up_s: float = limits.RESUME_WINDOW_S,
        silence_s: float | None = None,
        events_kept: int = EVENTS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.state = RoomState()
        self._offer = offer
        self._http = http
        self._feed = Feed(events_kept)
        self._hand_on = on_event or self._feed.put
        self._renew = renew
        self._backoff = backoff
        self._give_up_s = give_up_s
        self._silence_s = silence_s
        self._chance = chance
        self._ids = itertools.count(1)
        self._unanswered = UnansweredCommands()
        self._slots = asyncio.Semaphore(limits.UNANSWERED_COMMANDS)
        self._connection: Connection | None = None
        self._resume_token = ""
        self._drain_s = 0.0
        self._is_leaving = False
        self._ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._admitted: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    @classmethod
    @contextlib.asynccontextmanager
    async def join(
        cls, offer: JoinOffer, *, http: aiohttp.ClientSession | None = None, **options: Any
    ) -> AsyncIterator[Self]:
        """Enter the room, or its lobby (then `state.state` is "waiting"; see `admitted`); leaving the context says bye.

        `on_event` is called with every event, from the first; without it they are kept for `events()`.
        `renew` gets a new offer when the server takes neither ticket nor session any more.
        `backoff` and `give_up_s` (seconds) bound the tries to come back; `silence_s`: see Connection.open.
        `events_kept`: who lets more events wait in `events()` is taken off the room until it has read half of them.
        `http` is a session to share. Raises RoomClosed, CommandRefused, ApiError, ConnectionLost, ProtocolViolation.
        """
        async with contextlib.AsyncExitStack() as stack:
            if http is None:
                http = await stack.enter_async_context(aiohttp.ClientSession())
            room = cls(offer, http, **options)
            await room._enter()
            follower = asyncio.create_task(room._follow())
            try:
                yield room
            finally:
                await room._leave(follower)

    @property
    def is_attached(self) -> bool:
        """Whether there is a socket and the server has taken the hello."""
        return self._connection is not None

    async def send(self, command: Command, *, txn: str | None = None, timeout_s: float = SEND_TIMEOUT_S) -> Receipt:
        """Send a command and wait for its ok, over reconnects if it is a durable one.

        A durable one gets a fresh `txn` unless the caller has one, for a command that it sends again.
        Raises CommandRefused; Unanswered after `timeout_s` or when the connection or the room is gone.
        """
        if txn is None and needs_txn(command):
            txn = secrets.token_hex(12)
        try:
            async with asyncio.timeout(timeout_s), self._slots:
                return await self._ask(command, txn)
        except TimeoutError:
            raise Unanswered(txn, f"no answer in {timeout_s:g} s") from None

    async def tell(self, command: Command) -> bool:
        """Send an ephemeral command and do not wait for its reply. False: not connected or too busy, so not sent."""
        if self._connection is None or self._slots.locked():
            return False
        waiting = self._add(command, None)
        await self._slots.acquire()  # at once: it is not locked
        waiting.answer.add_done_callback(self._tell_answered)
        await self._write()
        return True

    async def events(self) -> AsyncIterator[RoomEvent]:
        """Every event since joining, in order, for one reader. Ends after bye; raises what ended the room otherwise."""
        while (event := await self._feed.take()) is not None:
            yield event

    async def admitted(self) -> None:
        """Wait in the lobby until let in; nothing to wait for where there is none. Raises what ended the room first:
        RoomClosed when sent away."""
        error = await asyncio.shield(self._admitted)
        if error is not None:
            raise error

    async def ended(self) -> Exception | None:
        """Wait until the client is out of the room for good: None after bye, else why."""
        return await asyncio.shield(self._ended)

    async def bye(self) -> None:
        """Leave at once; the server releases the session."""
        self._is_leaving = True
        if self._connection is not None:
            with contextlib.suppress(ClientError):
                await self.send(Bye(), timeout_s=BYE_TIMEOUT_S)
        if self._connection is not None:
            await self._connection.close()
        self._end(None)

    def drop(self) -> None:
        """Cut the socket as a failing network does; the client will notice and come back."""
        if self._connection is not None:
            self._connection.cut()

    # --- coming and going

    async def _enter(self) -> None:
        try:
            await self._attach()
        except Disconnected as lost:
            if lost.code == ABNORMAL:
                raise ConnectionLost(lost.reason) from lost
            await self._attach_again(lost)

    async def _leave(self, follower: asyncio.Task[None]) -> None:
        try:
            await self.bye()
        finally:
            follower.cancel()
            await asyncio.wait([follower])
            error = self._ended.result()
            if error is not None and not isinstance(error, ClientError):
                raise error  # the caller's own, from `on_event` or `renew`

    async def _follow(self) -> None:
        """Read until the room is over for this client."""
        try:
            while True:
                lost = await self._read()
                if self._is_leaving:
                    return
                await self._attach_again(lost)
        except Exception as error:
            self._end(error)

    async def _read(self) -> Disconnected:
        """Take frames until the socket is gone."""
        assert self._connection is not None
        connection = self._connection
        try:
            while True:
                self._take(await connection.receive())
        except Disconnected as lost:
            return lost
        except FeedFull:
            # What had no place is not counted in `seq`: the resume brings it again.
            connection.cut()
            self._lose_connection()
            await self._feed.has_room()
            return Disconnected(ABNORMAL, "the reader of events was behind")
        finally:
            self._lose_connection()
            await connection.close()

    def _lose_connection(self) -> None:
        if self._connection is not None:
            self._connection = None
            self._unanswered.connection_lost()

    async def _attach_again(self, lost: Disconnected) -> None:
        """Come back as the close code says. Raises RoomClosed and ConnectionLost beside `_attach`'s."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._give_up_s
        for wait_s in self._backoff.waits(self._chance):
            await self._prepare(lost)
            await asyncio.sleep(max(wait_s, self._drain_s))
            self._drain_s = 0.0
            try:
                await self._attach()
            except Disconnected as error:
                lost = error
            else:
                return
            if loop.time() > give_up_at:
                raise ConnectionLost(f"not reached again in {self._give_up_s:g} s: {lost}")

    async def _prepare(self, lost: Disconnected) -> None:
        step = next_step(lost.code)
        if step is NextStep.STOP or (step is NextStep.NEW_TICKET and self._renew is None):
            raise RoomClosed(lost.code, lost.reason)
        if step is NextStep.NEW_TICKET:
            assert self._renew is not None
            self._offer = await self._renew()
            self._resume_token = ""

    async def _attach(self) -> None:
        """Connect, say hello, and write again what has no answer."""
        connection = await Connection.open(self._http, self._offer.ws_url, self._silence_s)
        try:
            self._take_hello(await say_hello(connection, next(self._ids), self._hello()))
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        # A socket lost while writing is noticed by who reads.
        await self._write()

    def _hello(self) -> Hello:
        if not self._resume_token:
            return Hello(ticket=self._offer.ticket)
        return Hello(resume=ResumePoint(self._resume_token, self.state.epoch, self.state.seq))

    def _take_hello(self, hello: HelloOk) -> None:
        state = self.state
        is_resumed = bool(self._resume_token)
        if hello.recovered and not is_resumed:
            raise ProtocolViolation("recovered, but this was no resume")
        if hello.recovered and hello.seq < state.seq:
            raise ProtocolViolation(f"recovered, but the log ends at {hello.seq} and {state.seq} was seen")
        self._resume_token = hello.resume_token
        state.session, state.participant = hello.session, hello.participant
        state.role, state.state, state.recovered = hello.role, hello.state, hello.recovered
        if not hello.recovered:
            state.epoch, state.seq, state.snapshot = hello.epoch, hello.seq, hello.snapshot_json
        snapshot, presence = hello.snapshot_json, hello.presence_json
        self._hand_on(Attached(hello.epoch, hello.seq, hello.recovered, is_resumed, snapshot, presence))
        if hello.state == "joined":
            self._let_in(None)

    def _let_in(self, error: Exception | None) -> None:
        if not self._admitted.done():
            self._admitted.set_result(error)

    def _end(self, error: Exception | None) -> None:
        if self._ended.done():
            return
        self._ended.set_result(error)
        self._let_in(error or ConnectionLost("left the room"))
        self._unanswered.fail_all(error or ConnectionLost("left the room"))
        self._feed.close(error)

    # --- frames

    async def _ask(self, command: Command, txn: str | None) -> Receipt:
        waiting = self._add(command, txn)
        try:
            await self._write()
            return Receipt(decode_data(await waiting.answer, dict[str, Any]))
        finally:
            self._unanswered.remove(waiting)

    def _add(self, command: Command, txn: str | None) -> Waiting:
        if self._ended.done():
            raise ConnectionLost("out of the room") from self._ended.result()
        command_id = next(self._ids)
        frame = command_frame(command_id, command, txn)
        if len(frame) > limits.FRAME_BYTES:
            raise CommandRefused(WireRefusal("too_large", f"a frame has at most {limits.FRAME_BYTES} bytes"))
        return self._unanswered.add(command_id, txn, frame)

    async def _write(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Disconnected):
                await self._unanswered.write(self._connection)

    def _tell_answered(self, answer: asyncio.Future[Raw]) -> None:
        self._slots.release()
        if not answer.cancelled():
            answer.exception()

    def _take(self, frame: Incoming) -> None:
        if frame.re is not msgspec.UNSET:
            self._unanswered.settle(frame)
        elif frame.seq:
            self._take_durable(durable_event(frame))
        elif frame.type == "drain":
            self._drain_s = decode_data(frame.data, Drain).retry_after_ms / 1000
        elif frame.type == "snapshot":
            self._take_admission(decode_data(frame.data, Admitted))
        else:
            self._hand_on(ephemeral_event(frame))

    def _take_durable(self, event: DurableEvent) -> None:
        state = self.state
        if event.seq <= state.seq or event.epoch < state.epoch:
            was = f"{state.epoch}:{state.seq}"
            raise ProtocolViolation(f"{event.type} at {event.epoch}:{event.seq} after {was}")
        self._hand_on(event)
        state.epoch, state.seq = event.epoch, event.seq
        if isinstance(event.data, RoleSet) and event.data.participant == state.participant:
            state.role = event.data.role

    def _take_admission(self, admitted: Admitted) -> None:
        state = self.state
        state.role, state.state = admitted.role, admitted.state
        state.epoch, state.seq, state.snapshot = admitted.epoch, admitted.seq, bytes(admitted.snapshot)
        self._hand_on(Attached(admitted.epoch, admitted.seq, False, False, state.snapshot))
        self._let_in(None)
