"""An edge between a room and sockets, where it once hung, skipped something, or held too much."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from meetserver import limits
from meetserver.actors.edge import EdgeRoom
from meetserver.actors.envelopes import Hello, LiveFrame
from meetserver.actors.session import Session
from meetserver.chat import messages as chat
from meetserver.errors import Refusal, StoreError
from meetserver.framing import text_frame
from meetserver.ids import ParticipantId, RoomId, SessionId
from meetserver.ports import Commit, Entry
from meetserver.rooms.messages import Join
from tests.simulation.person import Person, split_frames
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

ROOM = RoomId("room")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN = ParticipantId("ann")


class Socket:
    """Takes everything and sends nothing while it is stuck."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.unsent = 0
        self.most_unsent = 0
        self.is_stuck = False
        self.closed_with: int | None = None

    def write(self, frames: bytes) -> None:
        assert self.closed_with is None
        self.frames += split_frames(frames)
        if self.is_stuck:
            self.unsent += len(frames)
        self.most_unsent = max(self.most_unsent, self.unsent)

    def unsent_bytes(self) -> int:
        return self.unsent

    def close(self, refusal: Refusal | None, *, code: int | None = None) -> None:
        self.closed_with = code or -1


class Owner:
    def tell(self, message: Any) -> None: ...
    def tell_control(self, message: Any) -> None: ...


class SlowLog:
    """Holds `entries`; a page is read when asked for and comes when `go` is set."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.go = asyncio.Event()

    async def page(self, room: RoomId, after_seq: int, limit: int, *, until_seq: int | None = None) -> list[Entry]:
        found = [entry for entry in self.entries if entry.seq > after_seq][:limit]
        await self.go.wait()
        return found


def entry(seq: int, size: int = 0) -> Entry:
    return Entry(1, seq, NOON, ANN, "chat.sent", 1, b'{"n":%d,"x":"%s"}' % (seq, b"x" * size))


def live(seq: int, size: int = 0) -> LiveFrame:
    return LiveFrame(1, seq, NOON, ANN, text_frame(entry(seq, size).data))


class Edge:
    """An edge with sockets that are live from seq 0 on."""

    def __init__(self) -> None:
        self.log = SlowLog()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.edge = EdgeRoom(ROOM, Owner(), self.log, self._start, lambda _: None)  # type: ignore[arg-type]
        self.sockets: list[Socket] = []
        self.sessions: list[Session] = []

    def _start(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._tasks.add(asyncio.ensure_future(coroutine))

    def add(self) -> Socket:
        socket, link = Socket(), len(self.sockets) + 1
        name = f"p{link}"
        join = Join(ParticipantId(name), SessionId(name), name, "participant")
        session = self.edge.open_by_ticket(link, socket, 0, join, "token", f"jti-{link}")
        if link == 1:
            self.edge.attached(1, 0, [])
        self.edge.opened(link, Hello(SessionId(name), ParticipantId(name), name, "participant", 0, text_frame(b"{}")))
        self.sockets.append(socket)
        self.sessions.append(session)
        return socket


class Endless(AssertionError):
    pass


async def _stalled_with_an_unanswered_command(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    socket = edge.add()
    await asyncio.sleep(0.2)
    socket.is_stuck, socket.unsent = True, 10 * limits.SEND_QUEUE_BYTES
    edge.edge.durable([live(1)])
    await asyncio.sleep(limits.LAG_S - limits.ANSWER_TIMEOUT_S - 1)
    edge.edge.command(edge.sessions[0], 1, chat.Send(text="hi"), "txn")
    # The process is stopped for a while (a laptop's lid, a SIGSTOP, a busy machine): both limits are over at once.
    loop = asyncio.get_running_loop()
    loop._jumping.now += 60  # type: ignore[attr-defined]
    replied, calls = edge.edge.replied, 0

    def counted(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > 1000:
            raise Endless
        replied(*arguments)

    monkeypatch.setattr(edge.edge, "replied", counted)
    failures: list[Any] = []
    loop.set_exception_handler(lambda _, context: failures.append(context.get("exception")))
    await asyncio.sleep(1)
    assert failures == []
    assert socket.closed_with == 3008


def test_a_session_cut_for_its_lag_with_an_overdue_command_does_not_stop_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """This one was an endless loop in `_give_up_unanswered`: the whole process hung."""

    async def run() -> None:
        await _stalled_with_an_unanswered_command(Edge(), monkeypatch)

    run_virtual(run())


def test_a_frame_that_shows_a_gap_during_a_pull_is_not_forgotten() -> None:
    async def run() -> None:
        edge = Edge()
        socket = edge.add()
        await asyncio.sleep(0.1)
        edge.log.entries = [entry(seq) for seq in range(1, 6)]
        edge.edge.durable([live(5)])  # 1 to 4 are missing: a pull begins, and reads 1 to 5
        await asyncio.sleep(0.1)
        edge.log.entries += [entry(6), entry(7)]
        edge.edge.durable([live(7)])  # the last one for a long time
        edge.log.go.set()
        await asyncio.sleep(5)
        numbers = [frame for frame in socket.frames if b'"n"' in frame]
        assert len(numbers) == 7

    run_virtual(run())


def test_who_catches_up_is_not_sent_more_at_once_than_a_send_queue_holds() -> None:
    async def run() -> None:
        edge = Edge()
        socket = edge.add()
        await asyncio.sleep(0.1)
        socket.is_stuck, socket.unsent = True, limits.SEND_QUEUE_BYTES + 1
        for seq in range(1, 201):
            edge.edge.durable([live(seq, 32_000)])
            await asyncio.sleep(0)
        socket.unsent = 0  # it read everything once, and then stands still again
        await asyncio.sleep(1)
        assert socket.most_unsent <= 4 * limits.SEND_QUEUE_BYTES

    run_virtual(run())


def test_all_of_a_large_room_get_the_last_event_before_they_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FANOUT_SLICE_S", -1.0)  # each slice is over after the fewest writes

    async def run() -> None:
        edge = Edge()
        sockets = [edge.add() for _ in range(100)]
        await asyncio.sleep(0.1)
        edge.edge.durable([live(1)])
        for link in range(1, 101):
            edge.edge.closed(link, Refusal("room_ended", "the meeting has ended"))
        await asyncio.sleep(1)
        assert all(socket.closed_with for socket in sockets)
        assert sum(any(b'"n":1' in frame for frame in socket.frames) for socket in sockets) == 100

    run_virtual(run())


# --- with a room behind


def test_a_stalled_talker_without_answers_does_not_stop_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same endless loop, met without any pause of the process: a slow log, and somebody who talks and does not
    read."""

    async def run() -> None:
        world = World(slowest_statement_s=0)
        room = world.given_room()
        ann, bo = Person(world, room, "ann", "host"), Person(world, room, "bo")
        await ann.join()
        await bo.join()
        assert bo.connection is not None
        bo.connection.is_stalled = True
        for _ in range(40):
            assert "ok" in await ann.ask(chat.Send(text="x" * limits.CHAT_TEXT_CHARS))
        commit, stuck = world.log.commit, asyncio.Event()

        async def hangs(commits: Sequence[Commit]) -> list[StoreError | None]:
            await stuck.wait()
            return await commit(commits)

        monkeypatch.setattr(world.log, "commit", hangs)
        assert bo._edge is not None
        assert bo._session is not None
        edge, session = bo._edge, bo._session
        replied, idle = edge.replied, 0

        def counted(*arguments: Any) -> None:
            nonlocal idle
            idle = idle + 1 if session.mode == "closed" else 0
            if idle > 1000:
                raise Endless
            replied(*arguments)

        monkeypatch.setattr(edge, "replied", counted)
        failures: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context.get("exception")))
        assert session.lag_since is not None
        loop = asyncio.get_running_loop()
        await asyncio.sleep(session.lag_since + limits.LAG_S - limits.ANSWER_TIMEOUT_S - 0.3 - loop.time())
        for number in range(limits.UNANSWERED_COMMANDS):
            edge.command(session, number, chat.Send(text="y"), f"t{number}")
            await asyncio.sleep(0.01)
        await asyncio.sleep(limits.LAG_S)
        assert bo.connection.closed_with == 3008
        assert failures == []
        stuck.set()
        await world.close()

    run_virtual(run())
