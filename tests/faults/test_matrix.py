"""A round of many rows, with fewer people: what must hold always is asserted, times are not. `make faults` runs all."""

import asyncio
import random
from typing import Any

import msgspec
import pytest

from tests.faults.load import Shape
from tests.faults.matrix.play import play, scene_for
from tests.faults.matrix.rows import ROWS
from tests.faults.matrix.tmpfs import why_not
from tests.long import by_length

FEW = by_length(
    short=Shape(clients=24, rooms=4, rate_per_s=50),
    long=Shape(clients=40, rooms=6, rate_per_s=80),
)
SEED = 4
# Each with the cluster that its last row needs. The short run has one fault of each kind.
SCENES = by_length(
    short={
        "all": [
            "owner-killed",
            "rolling-restart",
            "upload-killed",
            "postgres-killed",
            "redis-killed",
            "database-dropped",
        ]
    },
    long={
        "shards": ["owner-killed", "owner-frozen", "rolling-restart", "upload-killed", "upload-disk-full"],
        "servers": ["postgres-killed", "redis-killed", "redis-flushed", "command-refused", "log-damaged"],
        "ways": ["database-dropped", "database-reset", "redis-dropped", "redis-reset"],
    },
)


@pytest.mark.faults
@pytest.mark.timeout(240)
@pytest.mark.parametrize("names", SCENES.values(), ids=SCENES)
async def test_nothing_acknowledged_is_lost(names: list[str], record_property: Any) -> None:
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
    record_property("counted", f"a round of {', '.join(row.name for row in rows)}")
