"""Redis goes away, comes back, forgets all, or stands still. It holds nothing that lasts."""

import asyncio

import redis

from tests.faults.cluster import LEASE_S
from tests.faults.matrix.row import Row, Within
from tests.faults.matrix.scene import Scene, Struck, now_s

LEAST_S = 0.5
MOST_S = 3 * LEASE_S


async def kill(scene: Scene) -> Struck:
    """Recovery counts from its return: a room with nobody at its owner's shard waits for that."""
    await asyncio.to_thread(scene.cluster.valkey.kill)
    await scene.some_time(LEAST_S, MOST_S)
    await asyncio.to_thread(scene.cluster.valkey.start)
    return Struck(now_s(), now_s())


async def restart(scene: Scene) -> Struck:
    since_s = now_s()
    await asyncio.to_thread(scene.cluster.valkey.restart)
    return Struck(since_s, now_s())


async def flush(scene: Scene) -> Struck:
    since_s = now_s()
    with redis.Redis.from_url(scene.cluster.valkey.url) as connection:
        connection.flushall()
    return Struck(since_s, now_s())


async def freeze(scene: Scene) -> Struck:
    scene.cluster.valkey.freeze()
    await scene.some_time(LEAST_S, MOST_S)
    scene.cluster.valkey.thaw()
    return Struck(now_s(), now_s())


WITHIN = (Within("rooms", 5.0), Within("people", 5.0))
KILLED = Row("redis-killed", "Redis: SIGKILL, started again", kill, WITHIN, ci=10, full=100)
RESTARTED = Row("redis-restarted", "Redis: restarted", restart, WITHIN, ci=10, full=100)
FLUSHED = Row("redis-flushed", "Redis: FLUSHALL", flush, WITHIN, ci=10, full=100)
FROZEN = Row("redis-frozen", "Redis: SIGSTOP, SIGCONT", freeze, WITHIN, ci=10, full=100)
ROWS = (KILLED, RESTARTED, FLUSHED, FROZEN)
