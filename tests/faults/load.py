"""People in rooms who chat and draw at a steady rate, each with a history for the checker."""

import asyncio
import contextlib
import gc
import random
import secrets
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator

import aiohttp
from aiohttp.abc import AbstractResolver
from msgspec import Struct

from meetserver.chat import messages as chat
from meetserver.client import (
    Api,
    Attached,
    Backoff,
    ClientError,
    CommandRefused,
    DurableEvent,
    JoinOffer,
    RoomClient,
    RoomEvent,
    Unanswered,
)
from meetserver.messages import Command
from meetserver.signaling import messages as signaling
from meetserver.whiteboard import messages as whiteboard
from tests.faults.checker import Logs
from tests.faults.history import Acked, Broke, Entered, Failed, History, Invoked, Seen, content_of

PASSWORD = "correct horse battery staple"
UNDER_WAY = 16
"""Commands of one person that wait at most; while the server is away no more are given."""
RETRY_S = 0.05
LOOK_S = 0.02
SMALL_BUFFER_BYTES = 4096
"""Of a socket that is not read, so that its server notices before long."""
COME_BACK = Backoff(first_s=0.05, most_s=0.25)


class Person:
    """One client in one room: acts when told to, and writes down what it does and sees."""

    def __init__(
        self, name: str, room: str, others: "list[Person]", chance: random.Random, text_chars: int = 0
    ) -> None:
        self._text_chars = text_chars
        self.history = History(name, room, "", [])
        self.refusals: Counter[str] = Counter()
        self.came_back: list[float] = []
        self.away_s: list[float] = []
        """How long each time that it had no place in the room, as far as LOOK_S can tell."""
        self.rang: list[tuple[str, float]] = []
        """Calls that others told it of, and when."""
        self._others = others
        self._chance = chance
        self._drawn: list[str] = []
        self._seq = 0
        self._acked_given_s = 0.0
        self._gone_at_s: float | None = None
        self._paused: asyncio.Transport | None = None
        self._saw = asyncio.Event()
        self._out = False
        self._acting = asyncio.Semaphore(UNDER_WAY)
        self._acts: set[asyncio.Task[None]] = set()
        self._client: RoomClient | None = None

    @contextlib.asynccontextmanager
    async def in_room(self, offer: JoinOffer, http: aiohttp.ClientSession) -> AsyncIterator[None]:
        async with RoomClient.join(offer, http=http, on_event=self._see, backoff=COME_BACK) as client:
            self._client = client
            self.history.participant = client.state.participant
            try:
                yield
            finally:
                for act in self._acts:
                    act.cancel()
                await asyncio.gather(*self._acts, return_exceptions=True)

    def act(self) -> None:
        """Give one command, unless too many wait already."""
        if not self._acting.locked():
            act = asyncio.create_task(self._act(self._choose()))
            self._acts.add(act)
            act.add_done_callback(self._acts.discard)

    def drop(self) -> None:
        """Its socket is cut, as by a failing network."""
        assert self._client is not None
        self._client.drop()

    def stop_reading(self) -> None:
        """Its socket stays open, and what comes is left in it."""
        assert self._client is not None
        connection = self._client._connection
        open_ = connection._ws._conn if connection is not None else None
        if open_ is not None and open_.transport is not None:
            self._paused = open_.transport
            self._paused.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
            self._paused.pause_reading()

    def read_on(self) -> None:
        if self._paused is not None and not self._paused.is_closing():
            self._paused.resume_reading()
        self._paused = None

    async def answered(self) -> None:
        """Wait until nothing that was given is without an answer."""
        if self._acts:
            await asyncio.wait(set(self._acts))

    async def saw(self, seq: int) -> None:
        """Wait until the client has followed the log to `seq`, or is out of the room for good."""
        while self._seq < seq and not self._is_out():
            self._saw.clear()
            await self._saw.wait()

    async def acked_since(self, at_s: float) -> None:
        """Wait until a command that was given after `at_s` has its ok, or the client is out for good."""
        while self._acked_given_s < at_s and not self._is_out():
            self._saw.clear()
            await self._saw.wait()

    def why_missing(self, at_s: float) -> str:
        """Empty when a command that was given after `at_s` had its ok, and it is not out of the room for good."""
        if self._out:
            return "out of the room"
        if self._acked_given_s >= at_s:
            return ""
        return f"no ack; {len(self._acts)} commands wait" if self._is_attached() else "not attached"

    def look(self, now_s: float) -> None:
        """Is it in the room?"""
        if self._is_attached():
            if self._gone_at_s is not None:
                self.away_s.append(now_s - self._gone_at_s)
            self._gone_at_s = None
        elif self._gone_at_s is None:
            self._gone_at_s = now_s

    def turn_over(self) -> None:
        """A new page of its history: from what it has seen on, and with what it still has no answer for."""
        records = self.history.records
        answered = {record.txn for record in records if isinstance(record, Acked | Failed)}
        unknown = [record for record in records if isinstance(record, Invoked) and record.txn not in answered]
        begins = Entered(self._seq, recovered=False, must_recover=False, at_s=time.monotonic())
        self.history.records = [begins, *unknown]
        self.away_s.clear()
        self.refusals.clear()

    def _is_attached(self) -> bool:
        return self._client is not None and self._client.is_attached

    def _is_out(self) -> bool:
        return self._out

    async def watch(self) -> None:
        """Write down why the client got out of the room, should it."""
        assert self._client is not None
        error = await self._client.ended()
        self._out = True
        if error is not None:
            self.history.records.append(Broke(f"{type(error).__name__}: {error}", time.monotonic()))
        self._saw.set()

    def _choose(self) -> Command:
        dice = self._chance.random()
        if dice < 0.05 and len(self._others) > 1:
            other = self._chance.choice([person for person in self._others if person is not self])
            return chat.Send(text=f"between us {self._chance.random()}", to=[other.history.participant])
        if dice < 0.5:
            text = f"{self.history.client} says {self._chance.random()}"
            return chat.Send(text=text.ljust(self._text_chars, "."))
        element = secrets.token_hex(6)
        self._drawn.append(element)
        points = [self._chance.randrange(1000) for _ in range(20)]
        return whiteboard.Apply(ops=[whiteboard.Put(element, {"kind": "stroke", "points": points})])

    async def ring(self, other: "Person", call: str) -> None:
        """Signal to the other once; whether that arrives is seen in its `rang`."""
        if self._client is not None and other._client is not None:
            with contextlib.suppress(ClientError):
                await self._client.send(signaling.Renegotiate(other._client.state.session, call))

    @property
    def server_port(self) -> int:
        """Of the shard that it is connected to; 0: of none."""
        assert self._client is not None
        connection = self._client._connection
        return 0 if connection is None else int(connection._ws.get_extra_info("peername")[1])

    async def try_to(self, command: Command, txn: str) -> str:
        """Give this one command and wait: "ok", or the code with which it was refused for good."""
        given_s = time.monotonic()
        self.history.records.append(Invoked(txn, command.type, given_s))
        while True:
            try:
                assert self._client is not None
                receipt = await self._client.send(command, txn=txn)
            except Unanswered:
                return "unanswered"  # it may be in the log or not
            except CommandRefused as refused:
                self.refusals[refused.code] += 1
                if not refused.refusal.temporary:
                    self.history.records.append(Failed(txn, refused.code, time.monotonic()))
                    return refused.code
                await asyncio.sleep(refused.refusal.retry_after_s or RETRY_S)
            else:
                self.history.records.append(Acked(txn, receipt.seq, time.monotonic()))
                self._acked_given_s = max(self._acked_given_s, given_s)
                self._saw.set()
                return "ok"

    async def _act(self, command: Command) -> None:
        async with self._acting:
            await self.try_to(command, secrets.token_hex(8))

    def _see(self, event: RoomEvent) -> None:
        now = time.monotonic()
        if isinstance(event, DurableEvent):
            content = content_of(event.type, event.by, event.at, event.raw)
            self.history.records.append(Seen(event.epoch, event.seq, content, now))
            self._seq = event.seq
        elif isinstance(event, Attached):
            entered = Entered(event.seq, event.recovered, must_recover=event.is_resumed, at_s=now)
            self.history.records.append(entered)
            if not event.recovered:
                self._seq = event.seq
            if event.is_resumed:
                self.came_back.append(now)
        elif isinstance(event.data, signaling.RenegotiationAsked):
            self.rang.append((event.data.call, now))
        self._saw.set()


class Shape(Struct, frozen=True):
    """How much load: commands a second over all clients together."""

    clients: int = 50
    rooms: int = 5
    rate_per_s: float = 200
    text_chars: int = 0
    """Chat messages are at least so long."""


class Load:
    """A running load; made by `load`."""

    def __init__(
        self, people: list[Person], shape: Shape, meetings: list[str], host: Api, http: aiohttp.ClientSession
    ) -> None:
        self.people = people
        self.meetings = meetings
        self.host = host
        self.http = http
        self._shape = shape
        self._pacer: asyncio.Task[None] | None = None
        self._watchers = [asyncio.create_task(person.watch()) for person in people]
        self._watchers.append(asyncio.create_task(self._look()))

    def go(self) -> None:
        """Everybody acts in turn, at the shape's rate."""
        self._pacer = asyncio.create_task(self._pace())

    async def rest(self, timeout_s: float) -> None:
        """No new commands; returns when all given ones have their answer, or after `timeout_s`."""
        await self.stop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                for person in self.people:
                    await person.answered()

    async def missing_since(self, at_s: float, timeout_s: float) -> list[str]:
        """Wait until everybody had an ack of what was given after `at_s`; who has not, and why, after `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                for person in self.people:
                    await person.acked_since(at_s)
        return [f"{person.history.client}: {why}" for person in self.people if (why := person.why_missing(at_s))]

    async def rooms_acked_since(self, at_s: float, rooms: Collection[str], timeout_s: float) -> bool:
        """Wait until each of the rooms has acked something that was given after `at_s`; False after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            acked = {person.history.room for person in self.people if not person.why_missing(at_s)}
            if acked >= set(rooms):
                return True
            await asyncio.sleep(LOOK_S)
        return False

    async def saw_all(self, logs: Logs, timeout_s: float) -> None:
        """Wait until everybody has seen all that is for them; who has not after a while is the checker's affair."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                for person in self.people:
                    history = person.history
                    due = [entry.seq for entry in logs.get(history.room, []) if entry.is_for(history.participant)]
                    await person.saw(max(due, default=0))

    async def stop(self) -> None:
        """No new commands."""
        if self._pacer is not None:
            await _end([self._pacer])

    def turn_over(self) -> None:
        """A new page of everybody's history; call it when all is answered and seen."""
        for person in self.people:
            person.turn_over()
        gc.collect()

    @property
    def histories(self) -> list[History]:
        return [person.history for person in self.people]

    @property
    def refusals(self) -> Counter[str]:
        return sum((person.refusals for person in self.people), Counter())

    async def close(self) -> None:
        await self.stop()
        await _end(self._watchers)

    async def _look(self) -> None:
        while True:
            now_s = time.monotonic()
            for person in self.people:
                person.look(now_s)
            await asyncio.sleep(LOOK_S)

    async def _pace(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for person in self.people:
                person.act()
                due = max(due + 1 / self._shape.rate_per_s, loop.time() - 1)
                await asyncio.sleep(max(0, due - loop.time()))


@contextlib.asynccontextmanager
async def load(
    base_url: str, shape: Shape, seed: int = 0, resolver: AbstractResolver | None = None
) -> AsyncIterator[Load]:
    """Meetings, made by one user, with `shape.clients` people in them: the user is in the first, guests elsewhere.

    `resolver` says each time to which server they go.
    """
    chance = random.Random(seed)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_no_garbage_collected())
        connector = aiohttp.TCPConnector(limit=0, resolver=resolver, use_dns_cache=False)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        api, guest = Api(base_url, http=http), Api(base_url, http=http)
        email = f"host-{secrets.token_hex(4)}@example.org"
        await api.register(email, PASSWORD, "Host")
        await api.login(email, PASSWORD)
        meetings = [await api.create_meeting(f"Room {n}") for n in range(shape.rooms)]
        in_room: dict[str, list[Person]] = {meeting.room_id: [] for meeting in meetings}
        people = []
        for n in range(shape.clients):
            meeting = meetings[n % len(meetings)]
            others = in_room[meeting.room_id]
            person = Person(f"client {n}", meeting.room_id, others, chance, shape.text_chars)
            offer = await (api.join(meeting.id) if not others else guest.join(meeting.id, name=f"Guest {n}"))
            await stack.enter_async_context(person.in_room(offer, http))
            others.append(person)
            people.append(person)
        running = Load(people, shape, [meeting.id for meeting in meetings], api, http)
        try:
            yield running
        finally:
            await running.close()


@contextlib.contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Looking through long histories takes whole seconds, in which all these clients would seem to be away."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
