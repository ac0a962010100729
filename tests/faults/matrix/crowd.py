"""1,000 clients are cut at once, and all come back at once."""

import asyncio

import asyncpg

from meetserver.config import Config
from tests.faults.load import Shape
from tests.faults.matrix.row import Row, Within
from tests.faults.matrix.scene import Scene, Struck, now_s

CLIENTS = 1000
CROWD = Shape(clients=CLIENTS, rooms=100, rate_per_s=300)
COMMITTERS = 2
BESIDE_THE_POOL = 4
"""Connections of one shard that are no requests': the log's readers, locks and listeners."""
LOOK_S = 0.05


async def cut_all(scene: Scene) -> Struck:
    since_s = now_s()
    for person in scene.load.people:
        person.drop()
    most = 0
    connection = await asyncpg.connect(scene.cluster.postgres.url)
    try:
        while any(person.why_missing(since_s) for person in scene.load.people) and now_s() < since_s + 30:
            count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            most = max(most, await connection.fetchval(count) - 1)
            await asyncio.sleep(LOOK_S)
    finally:
        await connection.close()
    allowed = len(scene.cluster.shards) * (Config().database_pool + COMMITTERS + BESIDE_THE_POOL)
    failures = (f"{most} connections to PostgreSQL, {allowed} are allowed",) if most > allowed else ()
    return Struck(since_s, since_s, failures=failures)


ALL_CUT = Row("all-cut", "1,000 clients cut at once", cut_all, (Within("people", 30.0),), ci=1, full=10, shape=CROWD)
ROWS = (ALL_CUT,)
