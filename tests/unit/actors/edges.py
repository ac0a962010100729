"""A room whose people come through several edges, as through several processes. The owner can die, and begin anew."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, cast

from meetserver.actors.background import Background
from meetserver.actors.edge import EdgeRoom
from meetserver.actors.envelopes import EdgeLost, OpenByTicket
from meetserver.actors.room import RoomActor
from meetserver.adapters.memory.chat_files import MemoryChatFiles
from meetserver.adapters.memory.clock import LoopClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.cluster.committer import Committer
from meetserver.ids import RoomId, SessionId, ShardId
from meetserver.rooms.messages import Join
from tests.simulation.person import Person
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

ROOM = RoomId("room")


class Shard:
    """What a person's process is to them: an edge of the room, which outlives the room's owners."""

    def __init__(self, house: "House") -> None:
        self.chance = house.chance
        self.router = self
        self.room = EdgeRoom(ROOM, house, house.log, house.background.start, lambda _: None)

    async def edge(self, room: RoomId) -> EdgeRoom:
        return self.room

    async def edge_of_session(self, room: RoomId, session: SessionId, token: str) -> EdgeRoom:
        return self.room


class House:
    """One room, three edges. Stands for its owner before the edges (actors.edge.Owner), whoever that is by now."""

    def __init__(self, **settings: object) -> None:
        self.chance = random.Random(0)
        self.log = MemoryRoomLog()
        self.log.create(ROOM, settings=settings)
        self.background = Background()
        self._committer = Committer(self.log)
        self._random = SeededRandom(0)
        self._start()
        self.east, self.west, self.north = Shard(self), Shard(self), Shard(self)

    def _start(self) -> None:
        self.actor = RoomActor(
            ROOM,
            ShardId("owner"),
            store=self.log,
            committer=self._committer,
            files=MemoryChatFiles(),
            clock=LoopClock(),
            random=self._random,
        )
        self._life = asyncio.ensure_future(self.actor.run())

    def tell(self, message: Any) -> None:
        self.actor.tell(message)

    def tell_control(self, message: Any) -> None:
        self.actor.tell_control(message)

    # --- people

    def person(self, shard: Shard, name: str, **more: Any) -> Person:
        return Person(cast(World, shard), ROOM, name, **more)

    async def given(self, shard: Shard, name: str, **more: Any) -> Person:
        """They are in the room, or wait at its door."""
        person = self.person(shard, name, **more)
        await person.join()
        return person

    # --- what happens to the owner

    async def begin_anew(self, *shards: Shard) -> None:
        """The owner dies and another takes the room; these shards find it at once, in this order."""
        await self.lose_owner()
        self._start()
        for shard in shards:
            shard.room.owner_restarted()

    def lose(self, shard: Shard) -> None:
        self.tell_control(EdgeLost(shard.room))

    async def lose_owner(self) -> None:
        """Nobody tells the edges: what they say is not heard."""
        self._life.cancel()
        await asyncio.gather(self._life, return_exceptions=True)

    async def close(self) -> None:
        await self.lose_owner()
        for shard in (self.east, self.west, self.north):
            shard.room.close()
        await self.background.close()
        await self._committer.close()


def play(scene: Callable[[House], Awaitable[None]], **settings: object) -> None:
    async def run() -> None:
        house = House(**settings)
        async with asyncio.timeout(600):
            await scene(house)
        await house.close()

    run_virtual(run())


async def comes_back_unnoticed(person: Person, to: Shard) -> Any:
    """Their socket is dead and its edge does not know yet; they resume at another. Answers the dead connection."""
    dead, person.connection = person.connection, None
    person._session = person._edge = None
    person._world = cast(World, to)
    assert await person.resume()
    return dead


def open_by_ticket(person: Person, edge: Any) -> OpenByTicket:
    """As an edge asks for them; this one is the test's own."""
    session = SessionId(f"{person.name}-session")
    join = Join(person.participant, session, person.name, person.role)
    return OpenByTicket(edge, 0, 0, join, f"{session}.secret", f"jti-{person.name}")
