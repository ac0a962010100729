"""Shards in one loop: real routers and memberships over one log, one lease store and a bus that fails by seed."""

import random

from meetserver.actors.pressure import Pressure
from meetserver.actors.room import RoomActor
from meetserver.actors.supervisor import Supervisor
from meetserver.adapters.memory.chat_files import MemoryChatFiles
from meetserver.adapters.memory.leases import MemoryLeases
from meetserver.cluster.committer import Committer
from meetserver.cluster.membership import Membership
from meetserver.cluster.router import Router
from meetserver.errors import Unavailable
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Lease
from tests.simulation.bus import SimulatedBus, SimulatedNetwork
from tests.simulation.world import Crash, World

TTL_S = 5.0


class ReachableLeases(MemoryLeases):
    """The shared leases as one shard reaches them, or does not."""

    def __init__(self, shared: MemoryLeases) -> None:
        self._clock, self._leases = shared._clock, shared._leases
        self.is_cut = False

    def _held(self, shard: ShardId, incarnation: str) -> Lease | None:
        self._reach()
        return super()._held(shard, incarnation)

    async def live(self) -> list[Lease]:
        self._reach()
        return await super().live()

    def _reach(self) -> None:
        if self.is_cut:
            raise Unavailable("this shard is cut off")


class Shard:
    def __init__(self, world: World, name: str, network: SimulatedNetwork, leases: MemoryLeases) -> None:
        self._world = world
        self.name = ShardId(name)
        self.bus = SimulatedBus(network)
        self.leases = ReachableLeases(leases)
        self.members = Membership(self.leases, self.name, TTL_S, world.random, lambda: None, may_share=True)
        self.committer = Committer(world.log)
        self.pressure = Pressure()
        self.router = Router(
            world.log,
            self._make_actor,
            Supervisor(close_timeout_s=1),
            self.members,
            self.bus,
            world.clock,
            self.pressure,
            lambda: None,
        )

    def _make_actor(self, room: RoomId) -> RoomActor:
        world = self._world
        return RoomActor(
            room,
            self.name,
            store=world.log,
            committer=self.committer,
            files=MemoryChatFiles(),
            clock=world.clock,
            random=world.random,
            admits=lambda _address, _roles: None,
            on_fact=lambda _room, _event, _user: None,
            on_turned_away=lambda _room, _user, _address, _whose: None,
            pressure=self.pressure,
        )

    async def start(self) -> None:
        await self.members.join()
        await self.router.start()

    def cut(self, *, on: bool) -> None:
        """No bus and no leases, as for a process that stands still."""
        self.bus.is_cut = self.leases.is_cut = on

    def crash(self, room: RoomId) -> None:
        if (ref := self.router.rooms.get(room)) is not None:
            ref.tell_control(Crash())

    async def drain(self) -> None:
        await self.router.drain()
        await self._end()

    async def kill(self) -> None:
        """Nobody is told, and the lease stays until it runs out."""
        self.cut(on=True)
        await self._end()

    async def _end(self) -> None:
        await self.router.close()
        await self.committer.close()
        await self.members.leave()
        await self.bus.close()


class Place:
    """Where one person connects: at any live shard, another one each time."""

    def __init__(self, chance: random.Random, shards: dict[str, Shard]) -> None:
        self.chance = chance
        self._shards = shards
        self.at = ""

    @property
    def router(self) -> Router:
        self.at = self.chance.choice(sorted(self._shards))
        return self._shards[self.at].router
