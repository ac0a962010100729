"""A round of most rows, with fewer people: what must hold always is asserted, times are not. `make faults` runs all."""

import asyncio
import random

import msgspec
import pytest

from tests.faults.load import Shape
from tests.faults.matrix.play import play, scene_for
from tests.faults.matrix.rows import ROWS
from tests.faults.matrix.tmpfs import why_not

FEW = Shape(clients=40, rooms=6, rate_per_s=80)
SEED = 4


@pytest.mark.faults
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "names",
    [
        ["owner-killed", "owner-frozen", "rolling-restart", "upload-killed", "upload-disk-full"],
        ["postgres-killed", "redis-killed", "redis-flushed", "command-refused", "log-damaged"],
        ["database-dropped", "database-reset", "redis-dropped", "redis-reset"],
    ],
    ids=["shards", "servers", "ways"],
)
async def test_nothing_acknowledged_is_lost(names: list[str]) -> None:
    rows = [
        msgspec.structs.replace(ROWS[name], shape=FEW) for name in names if not (ROWS[name].needs_disk and why_not())
    ]
    async with scene_for(rows[-1], random.Random(SEED)) as scene:
        for row in rows:
            outcome = await play(row, scene)
            log = await asyncio.to_thread(lambda: scene.cluster.log)
            assert outcome.failures == [], f"{row.fault}\n{log[-5000:]}"
            assert outcome.recovered == outcome.resumed, row.fault
            assert outcome.acked > 0, row.fault
