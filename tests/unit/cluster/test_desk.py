"""What a service asks of a room that another shard runs."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from meetserver.adapters.memory.leases import MemoryLeases
from meetserver.errors import Refused
from meetserver.ids import ParticipantId, RoomId
from meetserver.rooms.messages import End
from meetserver.whiteboard.messages import Apply, Put, Undo
from tests.simulation.bus import SimulatedNetwork
from tests.simulation.cluster import Place, Shard
from tests.simulation.person import Person
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

ROOM = RoomId("room")


def elsewhere(scene: Callable[[World, Shard, Person], Awaitable[None]]) -> None:
    """Two shards; Bo is in a room, and the scene has the shard that does not run it."""

    async def run() -> None:
        world = World()
        network, leases = SimulatedNetwork(world.chance), MemoryLeases(world.clock)
        shards = {name: Shard(world, name, network, leases) for name in "ab"}
        for shard in shards.values():
            await shard.start()
        world.given_room(ROOM)
        bo = Person(Place(world.chance, shards), ROOM, "bo")
        await bo.join()
        other = next(shard for shard in shards.values() if shard.router.rooms.get(ROOM) is None)
        async with asyncio.timeout(600):
            await scene(world, other, bo)
        for shard in shards.values():
            await shard.drain()
        await world.close()

    run_virtual(run())


def test_what_somebody_does_through_another_shard_is_theirs() -> None:
    async def scene(world: World, other: Shard, bo: Person) -> None:
        reply = await other.router.desk.ask(ROOM, Apply([Put("a", {})]), by=bo.participant)
        assert reply is not None
        entry = world.log.rooms[ROOM].entries[-1]
        assert (entry.seq, entry.by) == (reply.seq, "bo")
        assert (await bo.ask(Undo()))["ok"]["seq"] == entry.seq + 1

    elsewhere(scene)


def test_they_may_no_more_than_in_the_room() -> None:
    async def scene(world: World, other: Shard, bo: Person) -> None:
        for by in (bo.participant, ParticipantId("nobody")):
            with pytest.raises(Refused) as refused:
                await other.router.desk.ask(ROOM, End(), by=by)
            assert refused.value.refusal.code == ("forbidden" if by == "bo" else "not_found")
        assert await other.router.desk.ask(ROOM, End()) is not None

    elsewhere(scene)
