"""Rooms under pressure, from outside: each test is a way in which a room once hung, lied or lost something."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from meetserver import limits
from meetserver.actors.envelopes import FromSession
from meetserver.chat import messages as chat
from meetserver.errors import StoreError, Timeout, Unavailable
from meetserver.ids import ParticipantId, RoomId, SessionId, ShardId
from meetserver.ports import Commit, Started
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from tests.faults.history import Acked
from tests.simulation.person import Person
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

ROOM = RoomId("room")
Scene = Callable[[World, Person, Person], Awaitable[None]]


def play(scene: Scene, *, slowest_statement_s: float = 0.0, closes: bool = True) -> None:
    """Ann (host) and Bo are in a room; `scene` goes on from there."""

    async def run() -> None:
        world = World(slowest_statement_s=slowest_statement_s)
        room = world.given_room()
        ann, bo = Person(world, room, "ann", "host"), Person(world, room, "bo")
        await ann.join()
        await bo.join()
        async with asyncio.timeout(600):
            await scene(world, ann, bo)
            if closes:
                await world.close()

    run_virtual(run())


async def settle(virtual_s: float = 1.0) -> None:
    await asyncio.sleep(virtual_s)


def types(world: World) -> list[str]:
    return [entry.type for entry in world.log.rooms[ROOM].entries]


def send(person: Person, command_id: int, command: Any, txn: str | None = None) -> None:
    assert person._edge is not None
    assert person._session is not None
    person._edge.command(person._session, command_id, command, txn)


class Gate:
    """Commits wait here until it opens."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self._commit = world.log.commit
        self._open = asyncio.Event()
        self.waiting = 0
        monkeypatch.setattr(world.log, "commit", self._wait)

    async def _wait(self, commits: Sequence[Commit]) -> list[StoreError | None]:
        self.waiting += 1
        await self._open.wait()
        return await self._commit(commits)

    def open(self) -> None:
        self._open.set()


async def after_a_restart_from_a_snapshot(world: World, *people: Person) -> None:
    """The room does not know all receipts any more."""
    await world.router.drain()
    await world.kill_and_restart()
    for person in people:
        assert await person.resume()


# --- what comes back from the log


def test_a_command_that_cannot_be_stored_fails_alone_beside_one_that_changes_nothing() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        send(bo, 10, presence.Set(hand=False), "nothing")  # is so already
        send(bo, 11, chat.Send(text="hi"), "nul\0")
        send(bo, 12, chat.Send(text="and me?"), "fine")
        await settle(3)
        assert "ok" in bo.replies[10]
        assert bo.replies[11]["error"]["code"] == "bad_message"
        assert "ok" in bo.replies[12]

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_command_that_cannot_be_stored_fails_alone_beside_a_refused_one() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        send(bo, 10, rooms.End(), "not-mine-to-end")
        send(bo, 11, chat.Send(text="hi"), "nul\0")
        await settle(3)
        assert bo.replies[10]["error"]["code"] == "forbidden"
        assert bo.replies[11]["error"]["code"] == "bad_message"

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_used_ticket_beside_a_command_that_changes_nothing_is_refused() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        eve = Person(world, bo.room, "eve")
        edge = await world.router.edge(bo.room)
        join = rooms.Join(eve.participant, SessionId("eve-session"), "eve", "participant")
        send(bo, 10, presence.Set(hand=False), "nothing")
        edge.open_by_ticket(10_000, eve._connect(), 0, join, "eve-session.secret", "jti-bo")
        await settle(3)
        assert "ok" in bo.replies[10]
        assert eve.replies[0]["error"]["code"] == "unauthenticated"

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_refusal_that_waits_for_a_look_at_the_log_is_told_without_another_command() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await after_a_restart_from_a_snapshot(world, ann, bo)
        send(bo, 10, rooms.End(), "one")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # decided, and the log is being asked
        send(bo, 11, rooms.End(), "two")
        await settle(2)
        assert bo.replies[10]["error"]["code"] == "forbidden"
        assert bo.replies[11]["error"]["code"] == "forbidden"

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_room_stops_though_refusals_waited_for_the_log() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await after_a_restart_from_a_snapshot(world, ann, bo)
        send(bo, 10, rooms.End(), "one")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        send(bo, 11, rooms.End(), "two")
        await settle(1)
        async with asyncio.timeout(limits.DRAIN_S):
            await world.router.drain()

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_repeated_txn_gets_its_first_reply_while_the_log_is_asked_about_another() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        first = await bo.ask(chat.Send(text="hi"), txn="once")
        await after_a_restart_from_a_snapshot(world, ann, bo)
        for command_id in range(10, 30, 2):
            send(bo, command_id, chat.Send(text="hi"), "once")
            send(bo, command_id + 1, rooms.End(), f"refused-{command_id}")
            await settle(2)
            assert bo.replies[command_id].get("ok") == first["ok"], bo.replies[command_id]
            assert bo.replies[command_id + 1]["error"]["code"] == "forbidden"
            await after_a_restart_from_a_snapshot(world, ann, bo)

    play(scene, slowest_statement_s=0.03, closes=False)


# --- the end of a meeting


def test_a_join_just_before_the_end_in_one_commit_does_not_fail_the_room(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        cy = Person(world, ann.room, "cy")
        gate = Gate(world, monkeypatch)
        send(ann, 10, chat.Send(text="hi"), "hi")
        await settle(0.01)
        edge = await world.router.edge(ann.room)
        join = rooms.Join(cy.participant, SessionId("cy-session"), "cy", "participant")
        connection = cy._connect()
        edge.open_by_ticket(10_000, connection, 0, join, "cy-session.secret", "jti-cy")
        send(ann, 11, rooms.End(), "end")
        await settle(0.01)
        gate.open()
        await settle(3)
        assert "actor_crashed" not in caplog.text
        assert "ok" in ann.replies[11]
        assert connection.closed_with is not None

    play(scene, slowest_statement_s=0.03)


def test_an_end_whose_answer_got_lost_closes_every_socket() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        world.log.fail_next("unknown_committed")
        ann.command(rooms.End(), txn="end")
        await settle(2)
        assert types(world)[-1] == "room.ended"
        assert [record for record in ann.history.records if isinstance(record, Acked)]
        for person in (ann, bo):
            assert person.connection is not None
            assert person.connection.closed_with is not None
        await settle(limits.ROOM_IDLE_S + 1)
        assert world.router.room_ids == []

    play(scene)


def test_a_room_that_ended_while_its_owner_failed_sleeps_once_all_are_gone() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        world.log.fail_next("unknown_committed")
        ann.command(rooms.End(), txn="end")
        await settle(limits.ROOM_IDLE_S + 5)
        for person in (ann, bo):
            person.drop()
        await settle(limits.RESUME_WINDOW_S + limits.ROOM_IDLE_S + 1)
        assert world.router.room_ids == []

    play(scene)


# --- replies


def test_a_late_reply_is_not_taken_for_that_of_the_next_command_with_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        gate = Gate(world, monkeypatch)
        send(bo, 7, chat.Send(text="slow"), "slow")
        await settle(limits.ANSWER_TIMEOUT_S + 0.5)
        assert bo.replies.pop(7)["error"]["code"] == "timeout"
        send(bo, 7, rooms.End(), "not-mine-to-end")  # the id is free again
        gate.open()
        await settle(2)
        assert bo.replies[7].get("error", {}).get("code") == "forbidden", bo.replies[7]

    play(scene, slowest_statement_s=0.03)


def test_a_refused_live_part_of_presence_is_not_acknowledged() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        reply = await bo.ask(presence.Set(hand=True, status="bell\x07"), txn="both")
        assert reply.get("error", {}).get("code") == "bad_message", reply

    play(scene)


# --- coming back, leaving


def test_what_is_said_just_before_bye_is_said() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        assert bo._edge is not None
        assert bo._session is not None
        send(bo, 10, chat.Send(text="goodbye"), "bye")
        bo._edge.detach(bo._session, bye=True)
        await settle()
        assert types(world)[-2:] == ["chat.sent", "participant.left"]

    play(scene)


def test_who_said_bye_cannot_resume_while_the_leave_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        gate = Gate(world, monkeypatch)
        assert bo._edge is not None
        assert bo._session is not None
        bo._edge.detach(bo._session, bye=True)
        await settle(0.2)
        is_back = asyncio.ensure_future(bo.resume())
        await settle(0.2)
        gate.open()
        assert await is_back is False
        assert bo.recovered == [False]

    play(scene, slowest_statement_s=0.03)


def test_a_resume_at_the_window_s_end_holds_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        bo.drop()
        await settle(limits.RESUME_WINDOW_S - 1)
        gate = Gate(world, monkeypatch)
        send(ann, 10, chat.Send(text="hi"), "hi")
        await settle(2)  # the leave waits for its turn
        is_back = asyncio.ensure_future(bo.resume())
        await settle(0.2)
        gate.open()
        if await is_back:
            await settle(1)
            assert bo.connection is not None
            assert bo.connection.closed_with is None

    play(scene, slowest_statement_s=0.03)


def test_an_older_attempt_to_resume_does_not_close_the_newer_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        for _ in range(limits.EDGE_EVENTS + 50):
            ann.command(chat.Send(text="x"))
            await asyncio.sleep(0.001)
        await settle(1)
        newest = bo.seq
        bo.drop()
        epoch_at = world.log.epoch_at

        async def slow(room: RoomId, seq: int) -> int | None:
            await asyncio.sleep(1)
            return await epoch_at(room, seq)

        monkeypatch.setattr(world.log, "epoch_at", slow)
        bo.seq = 3  # far back: the log has to be asked
        first = asyncio.ensure_future(bo.resume())
        await settle(0.3)
        bo.drop()
        first.cancel()
        bo.seq = newest
        assert await bo.resume()
        await settle(3)
        assert bo.connection is not None
        assert bo.connection.closed_with is None

    play(scene, slowest_statement_s=0.0)


def test_a_leave_is_not_lost_though_the_room_has_too_much_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        gate = Gate(world, monkeypatch)
        send(ann, 10, chat.Send(text="first"), "first")
        await settle(0.1)
        actor = world.router._refs[ROOM].actor
        edge, session = ann._edge, ann._session
        assert edge is not None
        assert session is not None
        for number in range(limits.DATA_LANE_COMMANDS):
            actor.tell(
                FromSession(
                    edge, session.link, SessionId("ann-session"), ParticipantId("ann"), number, 0, chat.Send(text="x"),
                    f"many-{number}",
                )
            )  # fmt: skip
        await settle(0.1)
        assert bo._edge is not None
        assert bo._session is not None
        bo._edge.detach(bo._session, bye=True)
        await settle(0.1)
        gate.open()
        await settle(limits.RESUME_WINDOW_S + 10)
        left = [entry.data for entry in world.log.rooms[ROOM].entries if entry.type == "participant.left"]
        assert any(b'"bo"' in data for data in left)

    play(scene)


# --- without the database


def test_a_resume_while_the_log_is_away_is_refused_soon_and_kept_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(room: RoomId, shard: ShardId, now_ms: int) -> Started:
        raise Unavailable("the database cannot be reached")

    async def scene(world: World, ann: Person, bo: Person) -> None:
        start = world.log.start
        monkeypatch.setattr(world.log, "start", away)
        world.log.fail_next("unknown_not_committed")
        send(ann, 50, chat.Send(text="hi"), "later")
        await settle()
        for _ in range(20):
            assert not await bo.resume()
            assert bo.replies[0]["error"]["code"] == "unavailable"
        assert len(world.router._refs[ROOM].actor._early) < 5
        monkeypatch.setattr(world.log, "start", start)
        await settle(3)
        assert await bo.resume()

    play(scene)


def test_a_join_that_comes_twice_is_answered_though_a_commit_s_answer_gets_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        gate = Gate(world, monkeypatch)
        send(ann, 10, chat.Send(text="hi"), "hi")
        await settle(0.1)
        edge = await world.router.edge(ann.room)
        again = Person(world, ann.room, "bo")
        connection = again._connect()
        join = rooms.Join(bo.participant, SessionId("bo-session"), "bo", "participant")
        send(ann, 11, chat.Send(text="in one batch with it"), "ho")
        session = edge.open_by_ticket(10_000, connection, 0, join, "bo-session.secret", "jti-bo")
        world.log.fail_next("unknown_committed")
        gate.open()
        # The first commit takes the fault; the second gets one of its own.
        world.log.fail_next("unknown_committed")
        await settle(1)
        assert session.opened.is_set()
        assert "ok" in again.replies[0]

    play(scene)


@pytest.mark.parametrize("hangs_s", [30])
def test_a_drain_ends_though_the_log_is_away(monkeypatch: pytest.MonkeyPatch, hangs_s: int) -> None:
    async def away(room: RoomId, shard: ShardId, now_ms: int) -> Started:
        raise Unavailable("the database cannot be reached")

    async def scene(world: World, ann: Person, bo: Person) -> None:
        monkeypatch.setattr(world.log, "start", away)
        world.log.fail_next("unknown_not_committed")
        send(ann, 50, chat.Send(text="hi"), "later")
        await settle()
        async with asyncio.timeout(hangs_s):
            await world.router.drain()

    play(scene, closes=False)


# --- failing actors


def test_a_drain_ends_though_a_room_has_just_failed() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        world.crash(ann.room)
        await asyncio.sleep(0.01)  # the supervisor waits before it starts the room again
        async with asyncio.timeout(limits.DRAIN_S):
            await world.router.drain()

    play(scene, closes=False)


def test_a_drain_ends_though_a_room_was_just_taken_from_here() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        world.log.fail_next("stale")
        send(ann, 10, chat.Send(text="hi"), "hi")
        await asyncio.sleep(0.05)  # a stale owner waits before it asks again
        async with asyncio.timeout(limits.DRAIN_S):
            await world.router.drain()

    play(scene, closes=False)


@pytest.mark.parametrize("trouble", ["crash", "stale"])
def test_a_room_with_very_many_unanswered_commands_survives_a_new_owner(
    monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        crowd = [Person(world, ann.room, f"p{number}") for number in range(80)]
        for person in crowd:
            await person.join()
        gate = Gate(world, monkeypatch)
        if trouble == "stale":
            world.log.fail_next("stale")
        # As fast as the room takes them, all well below the limit of each connection.
        for person in crowd:
            for number in range(60):
                send(person, 1000 + number, chat.Send(text="x"), f"{person.name}-{number}")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        if trouble == "crash":
            world.crash(ann.room)
        gate.open()
        await settle(8)
        if ann.lost.is_set():  # so much at once is more than the edge keeps: that socket is cut, and comes back
            assert await ann.resume()
        assert "ok" in await ann.ask(chat.Send(text="still here"))

    play(scene, closes=False)


def test_services_are_answered_while_a_failed_room_starts_again() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        world.crash(ann.room)
        await asyncio.sleep(0.01)
        try:
            await world.router.ask(ann.room, rooms.Configure("New title", rooms.Settings()))
        except Timeout:
            pytest.fail("nobody answered")
        except Unavailable:
            pass

    play(scene)
