"""Two shards, east and west, over one log in memory: whole routers, and a bus between them that may be cut."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

from msgspec.structs import replace

from meetserver.actors.pressure import Pressure
from meetserver.actors.room import RoomActor
from meetserver.actors.supervisor import Supervisor
from meetserver.adapters.memory.bus import MemoryBus
from meetserver.adapters.memory.chat_files import MemoryChatFiles
from meetserver.adapters.memory.clock import LoopClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.cluster import ring
from meetserver.cluster.committer import Committer
from meetserver.cluster.router import Router
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Lease
from tests.simulation.person import Person
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

EVER = datetime(9999, 1, 1, tzinfo=UTC)
BOTH = tuple(Lease(ShardId(name), "1", EVER) for name in ("east", "west"))
ROOM = next(room for n in count() if ring.owner(room := RoomId(f"room-{n}"), BOTH) == "east")
"""East's, as the ring has it."""


class Members:
    """Who is alive, as a test says it."""

    incarnation = "1"

    def __init__(self, shard: ShardId) -> None:
        self.shard = shard
        self.members: tuple[Lease, ...] = BOTH
        self.on_change: list[Callable[[], None]] = []

    def become(self, *members: Lease) -> None:
        self.members = members
        for told in self.on_change:
            told()

    async def refresh(self) -> None:
        """It is known."""

    async def drain(self) -> None:
        self.become(*(replace(one, is_draining=True) if one.shard == self.shard else one for one in self.members))


class Shard:
    def __init__(self, name: str, log: MemoryRoomLog, peers: list[MemoryBus]) -> None:
        self.name = ShardId(name)
        self.chance = random.Random(name)
        self.log = log
        self.peers = peers
        self.bus = MemoryBus(peers)
        self.members = Members(self.name)
        self.committer = Committer(log)
        self.clock, self.random = LoopClock(), SeededRandom(0)
        self.router = Router(
            log,
            self._actor,
            Supervisor(close_timeout_s=1),
            self.members,
            self.bus,
            self.clock,
            Pressure(),
            lambda: None,
        )

    def _actor(self, room: RoomId) -> RoomActor:
        return RoomActor(
            room,
            self.name,
            store=self.log,
            committer=self.committer,
            clock=self.clock,
            random=self.random,
            files=MemoryChatFiles(),
        )

    async def given(self, name: str, **more: Any) -> Person:
        person = Person(cast(World, self), ROOM, name, **more)
        await person.join()
        return person

    async def close(self) -> None:
        await self.router.close()
        await self.committer.close()


class House:
    def __init__(self) -> None:
        self.log = MemoryRoomLog()
        self.log.create(ROOM, title="Weekly")
        peers: list[MemoryBus] = []
        self.east, self.west = Shard("east", self.log, peers), Shard("west", self.log, peers)

    def types(self) -> list[str]:
        return [entry.type for entry in self.log.rooms[ROOM].entries]


def play(scene: Callable[[House], Awaitable[None]]) -> None:
    async def run() -> None:
        house = House()
        for shard in (house.east, house.west):
            await shard.router.start()
        await asyncio.sleep(1)
        async with asyncio.timeout(600):
            await scene(house)
        for shard in (house.east, house.west):
            await shard.close()

    run_virtual(run())
