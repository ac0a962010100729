"""Several memberships over one lease store that can be in trouble, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from meetserver.adapters.memory.clock import LoopClock
from meetserver.adapters.memory.leases import MemoryLeases
from meetserver.adapters.memory.random import SeededRandom
from meetserver.cluster import membership as module
from meetserver.cluster.membership import Membership
from meetserver.errors import Unavailable
from meetserver.ids import ShardId
from meetserver.ports import Lease
from tests.simulation.virtual_time import run_virtual

TTL_S = 9.0
LOOKED_S = module.LOOK_S + 0.1
"""After so long everybody has seen what happened."""


class Leases(MemoryLeases):
    """A store that can be away for all or for some, for writes alone, or slow."""

    def __init__(self) -> None:
        super().__init__(LoopClock())
        self.trouble: Exception | None = None
        self.writes_fail = False
        self.looks = 0
        self.taken: list[str] = []
        """Who took a name, in the order of time."""
        self.look_takes_s = 0.0

    async def renew(self, *args: Any, **more: Any) -> bool:
        self._check(is_write=True)
        return await super().renew(*args, **more)

    async def acquire(self, *args: Any, **more: Any) -> Lease:
        self._check(is_write=True)
        self.taken.append(args[0])
        return await super().acquire(*args, **more)

    async def release(self, *args: Any) -> None:
        self._check(is_write=True)
        await super().release(*args)

    async def live(self) -> list[Lease]:
        self.looks += 1
        seen = await super().live()
        await asyncio.sleep(self.look_takes_s)
        self._check(is_write=False)
        return seen

    def _check(self, *, is_write: bool) -> None:
        if self.trouble is not None and (is_write or not self.writes_fail):
            raise self.trouble


AWAY = Unavailable("the database cannot be reached")


class Cluster:
    """Shards that share one lease store."""

    def __init__(self) -> None:
        self.leases = Leases()
        self._shards: list[Membership] = []
        self.told: list[str] = []

    async def start(self, name: str, *, may_share: bool = True, **more: Any) -> Membership:
        shard = Membership(
            self.leases,
            ShardId(name),
            TTL_S,
            SeededRandom(f"{name} {len(self._shards)}"),
            lambda: self.told.append(f"{name} superseded"),
            may_share=may_share,
            **more,
        )
        await shard.join()
        self._shards.append(shard)
        return shard

    @staticmethod
    def kill(shard: Membership) -> None:
        """Nothing of it runs any more, and its lease stays."""
        assert shard._task is not None
        shard._task.cancel()

    async def close(self) -> None:
        self.leases.trouble = None
        for shard in self._shards:
            await shard.leave()


def in_cluster(scene: Callable[[Cluster], Awaitable[None]]) -> None:
    async def run() -> None:
        cluster = Cluster()
        await scene(cluster)
        await cluster.close()

    run_virtual(run())


def names(shard: Membership) -> str:
    return " ".join(member.shard for member in shard.members)
