"""A person at a simulated socket: joins, says and draws things, is cut off, comes back, and remembers everything."""

import asyncio
from itertools import count
from random import Random
from typing import Any, Protocol

import msgspec

from meetserver.access import ServerRole
from meetserver.actors.edge import EdgeRoom
from meetserver.actors.session import Session
from meetserver.chat import messages as chat
from meetserver.cluster.router import Router
from meetserver.errors import Refusal, Refused
from meetserver.ids import ParticipantId, RoomId, SessionId, UserId
from meetserver.messages import Command, Role
from meetserver.rooms.frames import ResumePoint
from meetserver.rooms.messages import Join
from meetserver.whiteboard import messages as whiteboard
from tests.faults.history import Acked, Broke, Entered, Failed, History, Invoked, Seen, content_of
from tests.simulation.picture import Picture

_links = count(1)
KERNEL_BYTES = 32 * 1024
"""What the network takes off the server's hands."""


class Place(Protocol):
    """Where a person connects: a world, or one shard of several."""

    chance: Random

    @property
    def router(self) -> Router: ...


class SimulatedConnection:
    """Implements `actors.session.Connection`. Bytes arrive after a delay; a stalled reader takes none."""

    def __init__(self, person: "Person") -> None:
        self._person = person
        self._unread: list[bytes] = []
        self.is_open = True
        self.is_stalled = False
        self.closed_with: int | None = None
        self.refusal: Refusal | None = None

    def write(self, frames: bytes) -> None:
        assert self.closed_with is None, "a frame after the close"
        if self.is_open:
            self._unread.append(frames)
            asyncio.get_running_loop().call_later(self._person.delay_s(), self.read)

    def unsent_bytes(self) -> int:
        return max(0, sum(map(len, self._unread)) - KERNEL_BYTES)

    def read(self) -> None:
        """All that has come, in order."""
        if self.is_stalled:
            return
        unread, self._unread = self._unread, []
        for frames in unread:
            for text in split_frames(frames):
                self._person.heard(self, msgspec.json.decode(text))

    def close(self, refusal: Refusal | None, *, code: int | None = None) -> None:
        self.closed_with = code or (1000 if refusal is None else -1)
        self.refusal = refusal
        self.is_stalled = False
        asyncio.get_running_loop().call_later(self._person.delay_s(), self._closed)

    def _closed(self) -> None:
        self.read()
        self.is_open = False
        if self._person.connection is self:
            self._person.lost.set()


def split_frames(data: bytes) -> list[bytes]:
    """Payloads of unmasked text frames (RFC 6455, section 5.2), whatever way they were joined."""
    payloads: list[bytes] = []
    at = 0
    while at < len(data):
        assert data[at] == 0x81
        length, start = data[at + 1], at + 2
        if length >= 126:
            width = 2 if length == 126 else 8
            length, start = int.from_bytes(data[start : start + width], "big"), start + width
        payloads.append(data[start : start + length])
        at = start + length
    return payloads


class Person:
    """`state` is what the server last said: "joined", "waiting", or "" before; `turned_away` the code by which it said
    that there is no coming back."""

    def __init__(
        self,
        world: Place,
        room: RoomId,
        name: str,
        role: Role = "participant",
        *,
        keys: tuple[str, ...] = (),
        user: str | None = None,
        passes_lobby: bool = False,
        address: str = "",
        roles: tuple[ServerRole, ...] = (),
    ) -> None:
        self._world = world
        self._loop = asyncio.get_running_loop()
        self.room = room
        self.name = name
        self.role = role
        self.participant = ParticipantId(name)
        self.keys = keys
        self.user = None if user is None else UserId(user)
        self.passes_lobby = passes_lobby
        self.address = address
        self.roles = roles
        self.state = ""
        self.turned_away = ""
        self.history = History(name, room, self.participant)
        self.heard_frames: list[dict[str, Any]] = []
        self.ephemerals: list[dict[str, Any]] = []
        self.replies: dict[int, dict[str, Any]] = {}
        self.snapshot: dict[str, Any] | None = None
        self.picture = Picture()
        self.given: dict[str, Command] = {}
        """By txn."""
        self.recovered: list[bool] = []
        self.token = ""
        self.epoch = self.seq = 0
        self.lost = asyncio.Event()
        self.connection: SimulatedConnection | None = None
        self._edge: EdgeRoom | None = None
        self._session: Session | None = None
        self._ids = count(1)
        self._txns = count(1)
        self.unanswered: dict[int, tuple[Command, str | None]] = {}

    def delay_s(self) -> float:
        return self._world.chance.uniform(0, 0.02)

    # --- connecting

    async def join(self) -> None:
        connection = self._connect()
        session = SessionId(f"{self.name}-session")
        join = Join(
            self.participant, session, self.name, self.role, self.user, self.keys, self.passes_lobby, self.roles
        )
        self.token = f"{session}.secret"
        self._edge = await self._world.router.edge(self.room)
        self._session = self._edge.open_by_ticket(
            next(_links), connection, 0, join, self.token, f"jti-{self.name}", address=self.address
        )
        await self._session.opened.wait()
        await self._wait(lambda: 0 in self.replies)

    async def resume(self) -> bool:
        """Come back to the session; False when the server does not take it right now."""
        connection = self._connect()
        point = ResumePoint(self.token, self.epoch, self.seq)
        session = SessionId(self.token.partition(".")[0])
        try:
            self._edge = await self._world.router.edge_of_session(self.room, session, self.token)
        except Refused:
            self.lost.set()
            return False
        self.replies.pop(0, None)
        self._session = self._edge.open_by_resume(next(_links), connection, 0, session, point, address=self.address)
        await self._session.opened.wait()
        await self._wait(lambda: 0 in self.replies or self.lost.is_set())
        if "ok" not in self.replies.get(0, {}) or self.lost.is_set():
            return False
        for command_id, (command, txn) in list(self.unanswered.items()):
            self._edge.command(self._session, command_id, command, txn)
        return True

    @property
    def is_connected(self) -> bool:
        """As far as this person knows."""
        return self.connection is not None and self.connection.closed_with is None and not self.lost.is_set()

    def _connect(self) -> SimulatedConnection:
        self.drop()
        self.lost.clear()
        self.connection = SimulatedConnection(self)
        return self.connection

    def drop(self) -> None:
        """The network goes: the server notices, this person hears no more."""
        if self.connection is not None and self.connection.is_open:
            self.connection.is_open = False
            self.connection.is_stalled = True
        if self._edge is not None and self._session is not None:
            self._edge.detach(self._session)
        self._let_go()
        self.lost.set()

    def _let_go(self) -> None:
        """Nobody waits for what this session's server will say."""
        if self._session is not None:
            self._session.opened.set()
        self._session = None

    def forget_server(self) -> None:
        """The server's process is dead: nobody is told."""
        self._let_go()
        self._edge = None
        self.drop()

    # --- saying

    def command(self, command: Command, *, txn: str | None = None) -> int:
        """Send it; a durable one is remembered until it is answered."""
        command_id = next(self._ids)
        if command.durable or txn is not None:
            txn = txn or f"{self.name}-{next(self._txns)}"
            self.unanswered[command_id] = (command, txn)
            self.given[txn] = command
            self._record(Invoked(txn, command.type, self._loop.time()))
        if self._edge is not None and self._session is not None:
            self._edge.command(self._session, command_id, command, txn)
        return command_id

    async def ask(self, command: Command, *, txn: str | None = None) -> dict[str, Any]:
        """Send it and wait for the reply."""
        command_id = self.command(command, txn=txn)
        await self._wait(lambda: command_id in self.replies)
        return self.replies[command_id]

    @property
    def last(self) -> Command | None:
        """What they wished last."""
        return next(reversed(self.given.values()), None)

    def say_something(self) -> None:
        self.command(chat.Send(text=f"{self.name} says {self._world.chance.randrange(10**6)}"))

    def whisper_to(self, other: "Person") -> None:
        self.command(chat.Send(text="psst", to=[other.participant]))

    def draw_something(self) -> None:
        stroke = whiteboard.Put(f"{self.name}-{self._world.chance.randrange(50)}", {"kind": "pen", "points": [0, 1]})
        self.command(whiteboard.Apply([stroke]))

    # --- hearing

    def heard(self, connection: SimulatedConnection, frame: dict[str, Any]) -> None:
        if connection is not self.connection:
            return
        self.heard_frames.append(frame)
        if "re" in frame:
            self._replied(frame)
        elif frame["type"] == "snapshot":
            self._entered(frame["data"] | {"recovered": False})
        elif self.state == "waiting" and frame["type"] not in ("drain", "room.quarantined"):
            self._record(Broke(f"heard {frame['type']} while waiting", self._loop.time()))
        elif "seq" in frame:
            self._saw(frame)
        else:
            self.ephemerals.append(frame)

    def _replied(self, frame: dict[str, Any]) -> None:
        self.replies[frame["re"]] = frame
        if frame["re"] == 0:
            if "ok" in frame:
                self._entered(frame["ok"])
            elif not frame["error"].get("temporary"):
                self.turned_away = frame["error"]["code"]
            return
        _, txn = self.unanswered.get(frame["re"], (None, None))
        if txn is None:
            return
        if "ok" in frame:
            self._record(Acked(txn, frame["ok"]["seq"], self._loop.time()))
        elif not frame["error"].get("temporary"):
            self._record(Failed(txn, frame["error"]["code"], self._loop.time()))
        else:
            self._loop.call_later(0.1, self._again, frame["re"], self._session)
            return
        del self.unanswered[frame["re"]]

    def _again(self, command_id: int, session: Session | None) -> None:
        """Who came back meanwhile has said it already."""
        if (
            command_id in self.unanswered
            and self._edge is not None
            and session is not None
            and session is self._session
        ):
            command, txn = self.unanswered[command_id]
            self._edge.command(session, command_id, command, txn)

    def _entered(self, ok: dict[str, Any]) -> None:
        is_return = self.state == "joined"
        if ok["state"] == "waiting":
            self.state, self.epoch, self.seq = "waiting", ok["epoch"], ok["seq"]
            if is_return or "snapshot" in ok:
                self._record(Broke("sent back to the lobby, or shown what is inside", self._loop.time()))
            return
        self.state = "joined"
        self.recovered.append(ok["recovered"])
        self.epoch = max(self.epoch, ok["epoch"])
        if not ok["recovered"]:
            self.snapshot, self.seq = ok["snapshot"], ok["seq"]
            self.picture = Picture.of_snapshot(ok["snapshot"])
        self._record(Entered(self.seq, ok["recovered"], is_return, self._loop.time()))

    def _saw(self, frame: dict[str, Any]) -> None:
        if frame["seq"] <= self.seq:
            self._record(Broke(f"seq {frame['seq']} after {self.seq}", self._loop.time()))
        self.epoch, self.seq = frame["epoch"], frame["seq"]
        self.picture.hear(frame["type"], frame["seq"], frame["by"], frame["data"])
        content = content_of(frame["type"], frame["by"], frame["at"], msgspec.json.encode(frame["data"]))
        self._record(Seen(frame["epoch"], frame["seq"], content, self._loop.time()))

    def _record(self, record: Any) -> None:
        self.history.records.append(record)

    async def _wait(self, is_done: Any) -> None:
        async with asyncio.timeout(60):
            while not is_done():  # noqa: ASYNC110  (time is virtual)
                await asyncio.sleep(0.01)
