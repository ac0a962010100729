"""How many people are in rooms, as other shards know it."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from meetserver import limits
from meetserver.adapters.memory.cache import MemoryCache
from meetserver.adapters.memory.random import SeededRandom
from meetserver.cache.cached import Cached
from meetserver.cache.occupancy import Occupancy
from meetserver.ids import RoomId, ShardId
from tests.simulation.virtual_time import run_virtual

ONE, TWO = ShardId("shard-1"), ShardId("shard-2")
WEEKLY, DAILY, ASLEEP = RoomId("weekly"), RoomId("daily"), RoomId("asleep")


class Shards:
    """Two of them, which share what they cache."""

    def __init__(self) -> None:
        shared = MemoryCache()
        self.live = [ONE, TWO]
        self.people: dict[ShardId, dict[RoomId, int]] = {ONE: {WEEKLY: 3}, TWO: {DAILY: 12, ASLEEP: 0}}
        self.shards = {shard: self._occupancy(shard, shared) for shard in self.live}
        self.telling: dict[ShardId, asyncio.Task[None]] = {}

    def _occupancy(self, shard: ShardId, shared: MemoryCache) -> Occupancy:
        cached = Cached(shared, SeededRandom())
        return Occupancy(cached, shard, lambda: self.live, lambda: self.people[shard])

    def begin(self) -> None:
        self.telling = {shard: asyncio.create_task(occupancy.tell()) for shard, occupancy in self.shards.items()}

    async def seen_by(self, shard: ShardId) -> list[int | None]:
        found = await self.shards[shard].of([WEEKLY, DAILY, ASLEEP])
        return [found[room] for room in (WEEKLY, DAILY, ASLEEP)]


def virtual(work: Coroutine[Any, Any, None]) -> None:
    run_virtual(work)


def test_a_shard_knows_its_own_now_and_the_others_soon() -> None:
    async def life() -> None:
        shards = Shards()
        assert await shards.seen_by(ONE) == [3, None, None], "the other one has said nothing yet"
        shards.begin()
        await asyncio.sleep(limits.CACHE_LOCAL_S)
        assert await shards.seen_by(ONE) == await shards.seen_by(TWO) == [3, 12, 0]
        shards.people[TWO][DAILY] = 13
        assert (await shards.seen_by(TWO))[1] == 13
        await asyncio.sleep(limits.OCCUPANCY_S + limits.CACHE_LOCAL_S)
        assert (await shards.seen_by(ONE))[1] == 13

    virtual(life())


def test_a_silent_shard_is_believed_for_a_while_and_a_dead_one_has_nobody() -> None:
    async def life() -> None:
        shards = Shards()
        shards.begin()
        await asyncio.sleep(limits.CACHE_LOCAL_S)
        shards.telling[TWO].cancel()
        await asyncio.sleep(limits.OCCUPANCY_LIFE_S - limits.CACHE_LOCAL_S - 0.1)
        assert await shards.seen_by(ONE) == [3, 12, 0]
        await asyncio.sleep(limits.OCCUPANCY_S + limits.CACHE_LOCAL_S)
        assert await shards.seen_by(ONE) == [3, None, None]
        shards.live.remove(TWO)
        assert await shards.seen_by(ONE) == [3, 0, 0]

    assert limits.OCCUPANCY_LIFE_S > 2 * limits.OCCUPANCY_S, "one word may be lost"
    virtual(life())
