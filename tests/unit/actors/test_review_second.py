"""A second look, at what the first one's mending left or brought."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
import pytest

from meetserver import limits
from meetserver.actors.edge import EdgeRoom
from meetserver.chat import messages as chat
from meetserver.errors import Refusal, StoreError, Unavailable, UnknownOutcome
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Commit, Started
from meetserver.rooms import messages as rooms
from tests.simulation.person import Person
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

ROOM = RoomId("room")
Scene = Callable[[World, Person, Person], Awaitable[None]]


def play(scene: Scene, *, slowest_statement_s: float = 0.03) -> None:
    """Ann (host) and Bo are in a room; `scene` goes on from there."""

    async def run() -> None:
        world = World(slowest_statement_s=slowest_statement_s)
        room = world.given_room()
        ann, bo = Person(world, room, "ann", "host"), Person(world, room, "bo")
        await ann.join()
        await bo.join()
        async with asyncio.timeout(600):
            await scene(world, ann, bo)
            await world.close()

    run_virtual(run())


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

    play(scene)


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

    play(scene)


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

    play(scene)


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

    play(scene)


def test_who_joined_by_a_commit_whose_answer_got_lost_is_not_away() -> None:
    """The room finds them in its log, without a socket, and then gives their hello its answer."""

    async def scene(world: World, ann: Person, bo: Person) -> None:
        cy = Person(world, ROOM, "cy")
        world.log.fail_next("unknown_committed")
        await cy.join()
        await asyncio.sleep(1)
        told = [frame["data"] for frame in ann.ephemerals if frame["data"].get("participant") == "cy"]
        assert not told or told[-1]["away"] is False, told
        state = await world.router.state(ROOM)
        assert state is not None
        (shown,) = [who for who in msgspec.json.decode(state)["participants"] if who["id"] == "cy"]
        assert not shown.get("away")

    play(scene)
