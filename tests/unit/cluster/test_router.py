"""Rooms that are not there, whose database is away, that fail, or that are owned elsewhere by now."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from meetserver import limits
from meetserver.actors.edge import EdgeRoom
from meetserver.chat import messages as chat
from meetserver.errors import NotFound, Refusal, StoreError, Timeout, Unavailable, UnknownOutcome
from meetserver.ids import RoomId, SessionId, ShardId
from meetserver.ports import Commit, Started
from meetserver.rooms import messages as rooms
from tests.simulation.person import Person
from tests.simulation.scene import ROOM, Gate, play, send, settle
from tests.simulation.world import World


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
        assert len(world.actor(ROOM)._early) < 5
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
            await world.router.desk.ask(ann.room, rooms.Configure("New title", rooms.Settings()))
        except Timeout:
            pytest.fail("nobody answered")
        except Unavailable:
            pass

    play(scene)


def test_a_room_that_failed_while_the_log_was_away_knows_its_sockets_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their edge says once who is here. Whoever forgets that tells them nothing any more, and lets them leave."""

    async def away(room: RoomId, shard: ShardId, now_ms: int) -> Started:
        raise Unavailable("the database cannot be reached")

    async def scene(world: World, ann: Person, bo: Person) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(world.log, "start", away)
            world.crash(ROOM)
            await asyncio.sleep(30)
        await asyncio.sleep(3)
        assert "ok" in await ann.ask(chat.Send(text="are you there?"))
        await asyncio.sleep(1)
        assert bo.seq == world.log.rooms[ROOM].last_seq
        await asyncio.sleep(limits.RESUME_WINDOW_S + 1)
        assert "participant.left" not in [entry.type for entry in world.log.rooms[ROOM].entries]

    play(scene, slowest_statement_s=0.03)


def test_commits_that_never_succeed_are_told_and_do_not_keep_the_room_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk may let a room be taken and read, and still write nothing."""

    async def nothing_written(commits: Sequence[Commit]) -> list[StoreError | None]:
        await asyncio.sleep(0.01)
        return [UnknownOutcome("no space")] * len(commits)

    async def scene(world: World, ann: Person, bo: Person) -> None:
        starts = 0
        start = world.log.start

        async def counted(room: RoomId, shard: ShardId, now_ms: int) -> Started:
            nonlocal starts
            starts += 1
            return await start(room, shard, now_ms)

        monkeypatch.setattr(world.log, "start", counted)
        assert ann._edge is not None
        assert ann._session is not None
        with monkeypatch.context() as patch:
            patch.setattr(world.log, "commit", nothing_written)
            for second in range(20):
                ann._edge.command(ann._session, 1000 + second, chat.Send(text="hi"), f"t{second}")
                await asyncio.sleep(1)
            codes = {ann.replies[1000 + second]["error"]["code"] for second in range(10)}
        assert codes == {"unavailable"}
        assert starts <= 40
        await asyncio.sleep(3)
        assert "ok" in await bo.ask(chat.Send(text="better now"))

    play(scene, slowest_statement_s=0.03)


def test_a_room_that_failed_as_it_ended_says_that_it_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        why: list[str] = []
        closed = EdgeRoom.closed

        def noted(edge: EdgeRoom, link: int, refusal: Refusal) -> None:
            why.append(refusal.code)
            closed(edge, link, refusal)

        def fails(*_: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(EdgeRoom, "closed", noted)
        with monkeypatch.context() as patch:
            patch.setattr("meetserver.actors.room.RoomActor.publish", fails)
            ann.command(rooms.End(), txn="end")
            await asyncio.sleep(0.05)
        await asyncio.sleep(3)
        assert set(why) == {"room_ended"}

    play(scene, slowest_statement_s=0.03)


def test_a_new_owner_does_not_tell_everybody_of_everybody() -> None:
    """Nobody was away, as far as anybody was told: in a room of 1,000 it would be a million frames."""

    async def scene(world: World, ann: Person, bo: Person) -> None:
        crowd = [Person(world, ROOM, f"p{number}") for number in range(40)]
        for person in crowd:
            await person.join()
        await asyncio.sleep(1)
        for person in crowd:
            person.ephemerals.clear()
        world.crash(ROOM)
        await asyncio.sleep(3)
        assert sum(len(person.ephemerals) for person in crowd) <= len(crowd)

    play(scene, slowest_statement_s=0.03)


def test_who_joined_by_a_commit_whose_answer_got_lost_is_not_away() -> None:
    """The room finds them in its log, without a socket, and then gives their hello its answer."""

    async def scene(world: World, ann: Person, bo: Person) -> None:
        cy = Person(world, ROOM, "cy")
        world.log.fail_next("unknown_committed")
        await cy.join()
        await asyncio.sleep(1)
        told = [frame["data"] for frame in ann.ephemerals if frame["data"].get("participant") == "cy"]
        assert not told or told[-1]["away"] is False, told
        state = await world.router.desk.state(ROOM)
        assert state is not None
        (shown,) = [who for who in msgspec.json.decode(state)["participants"] if who["id"] == "cy"]
        assert not shown.get("away")

    play(scene, slowest_statement_s=0.03)


def test_no_such_room() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        with pytest.raises(NotFound):
            await world.router.edge(RoomId("nowhere"))

    play(scene)
