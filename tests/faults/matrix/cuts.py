"""One shard's way to the database, or to Redis, is cut: bytes vanish, or connections are reset."""

from collections.abc import Awaitable, Callable

from tests.faults.cluster import LEASE_S, Shard
from tests.faults.matrix.row import Measure, Row, Within
from tests.faults.matrix.scene import Scene, Struck, now_s
from tests.faults.proxy import Mode

LEAST_S = 0.5
MOST_S = 3 * LEASE_S


def _to_postgres(shard: Shard) -> int:
    return shard.to_postgres


def _to_valkey(shard: Shard) -> int:
    return shard.to_valkey


def _cut(way: Callable[[Shard], int], mode: Mode) -> Callable[[Scene], Awaitable[Struck]]:
    async def strike(scene: Scene) -> Struck:
        shard, rooms = await scene.an_owner()
        scene.cluster.turn(way(shard), mode)
        await scene.some_time(LEAST_S, MOST_S)
        scene.cluster.turn(way(shard), "pass")
        return Struck(now_s(), now_s(), rooms)

    return strike


def _row(name: str, fault: str, way: Callable[[Shard], int], mode: Mode, seconds: float) -> Row:
    measures: tuple[Measure, ...] = ("rooms", "people")
    within = tuple(Within(measure, seconds) for measure in measures)
    return Row(name, fault, _cut(way, mode), within, ci=5, full=50, has_ways=True)


ROWS = (
    _row("database-dropped", "shard ↔ database: dropped", _to_postgres, "drop", 10.0),
    _row("database-reset", "shard ↔ database: reset", _to_postgres, "reset", 10.0),
    _row("redis-dropped", "shard ↔ Redis: dropped", _to_valkey, "drop", 5.0),
    _row("redis-reset", "shard ↔ Redis: reset", _to_valkey, "reset", 5.0),
)
