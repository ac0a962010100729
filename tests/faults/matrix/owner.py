"""The shard that owns rooms dies, or stands still for longer than its lease and goes on as if nothing had been."""

import asyncio
import signal

from tests.faults.cluster import LEASE_S
from tests.faults.matrix.row import TAKEN_OVER_S, Row, Within
from tests.faults.matrix.scene import Scene, Struck, now_s

FROZEN_S = 3 * LEASE_S


async def kill(scene: Scene) -> Struck:
    shard, rooms = await scene.an_owner()
    await asyncio.to_thread(shard.server.kill)
    since_s = now_s()
    await scene.rooms_acked(since_s, rooms)
    await asyncio.to_thread(shard.server.start)
    return Struck(since_s, now_s(), rooms)


async def freeze(scene: Scene) -> Struck:
    shard, rooms = await scene.an_owner()
    since_s = now_s()
    shard.server.signal(signal.SIGSTOP)
    await asyncio.sleep(FROZEN_S)
    shard.server.signal(signal.SIGCONT)
    return Struck(since_s, now_s(), rooms)


WITHIN = (Within("rooms", TAKEN_OVER_S),)
KILLED = Row("owner-killed", "owner: SIGKILL", kill, WITHIN, ci=20, full=300)
FROZEN = Row("owner-frozen", "owner: SIGSTOP for 3 leases, SIGCONT", freeze, WITHIN, ci=10, full=100)
ROWS = (KILLED, FROZEN)
