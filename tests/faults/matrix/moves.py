"""Shards come and go in order: rooms are handed over, and nobody should notice much."""

import asyncio

from tests.faults.matrix.row import Row, Within
from tests.faults.matrix.scene import Scene, Struck, now_s

GONE_S = 1.0


async def join(scene: Scene) -> Struck:
    shard = scene.a_shard()
    await asyncio.to_thread(shard.server.stop)
    await scene.load.missing_since(now_s(), GONE_S * 10)
    since_s = now_s()
    await asyncio.to_thread(shard.server.start)
    return Struck(since_s, now_s())


async def leave(scene: Scene) -> Struck:
    shard, rooms = await scene.an_owner()
    since_s = now_s()
    await asyncio.to_thread(shard.server.stop)
    await scene.some_time(GONE_S, 2 * GONE_S)
    await asyncio.to_thread(shard.server.start)
    return Struck(since_s, now_s(), rooms)


async def roll(scene: Scene) -> Struck:
    since_s = now_s()
    for shard in scene.cluster.shards:
        await asyncio.to_thread(shard.server.stop)
        await asyncio.to_thread(shard.server.start)
    return Struck(since_s, now_s())


WITHIN = (Within("silence", 1.0, 0.99), Within("away", 2.0, 0.99))
JOINS = Row("shard-joins", "a shard joins", join, WITHIN, ci=10, full=100)
LEAVES = Row("shard-leaves", "a shard leaves by SIGTERM", leave, WITHIN, ci=10, full=100)
ROLLING = Row("rolling-restart", "rolling restart of all shards", roll, WITHIN, ci=10, full=100)
ROWS = (JOINS, LEAVES, ROLLING)
