"""Some do not read, or one talks without end: nobody else's problem."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator

import psutil
from msgspec.structs import replace

from tests.faults.cluster import Cluster
from tests.faults.matrix.others import p99_ms
from tests.faults.matrix.row import USUAL, Row
from tests.faults.matrix.scene import Scene, Struck, now_s
from tests.faults.proxy import SOURCE

QUIET_S = 15.0
STALLED = 20
STALLED_S = 30.0
WORTH_MS = 10.0
"""Of so little more nobody says that it was the fault: what scheduling alone does on a small machine."""
FLOOD_S = 60.0
FLOOD_PER_S = 2000
FLOOD_P99_MS = 100.0
FLOOD_BYTES = 100 << 20
LOOK_S = 0.5


async def stall(scene: Scene) -> Struck:
    """They read nothing for long enough to be cut off, and then come back for what they missed."""
    stalled = scene.chance.sample(scene.load.people, STALLED)
    others = [person for person in scene.load.people if person not in stalled]
    before_s = now_s()
    await asyncio.sleep(QUIET_S)
    since_s = now_s()
    for person in stalled:
        person.stop_reading()
    await asyncio.sleep(STALLED_S)
    healed_s = now_s()
    for person in stalled:
        person.read_on()
    before, during = p99_ms(others, before_s, since_s), p99_ms(others, since_s, healed_s)
    notes = (f"others' p99 {before:.0f} ms before, {during:.0f} ms during",)
    is_worse = during > before * 1.1 + WORTH_MS
    return Struck(since_s, healed_s, failures=notes if is_worse else (), notes=notes)


async def flood(scene: Scene) -> Struck:
    """In one of the rooms, as a guest more."""
    before_s = now_s()
    await asyncio.sleep(QUIET_S)
    since_s, memory = now_s(), memory_of(scene.cluster)
    most = memory
    async with _flooder(scene):
        while now_s() < since_s + FLOOD_S:
            most = max(most, memory_of(scene.cluster))
            await asyncio.sleep(LOOK_S)
    healed_s = now_s()
    before = p99_ms(scene.load.people, before_s, since_s)
    during = p99_ms(scene.load.people, since_s, healed_s)
    notes = [f"p99 {before:.0f} ms before, {during:.0f} ms during; {(most - memory) >> 20} MB more"]
    is_bad = during > FLOOD_P99_MS or most - memory > FLOOD_BYTES
    return Struck(since_s, healed_s, failures=tuple(notes) if is_bad else (), notes=tuple(notes))


@contextlib.asynccontextmanager
async def _flooder(scene: Scene) -> AsyncIterator[None]:
    cluster, meeting = scene.cluster, scene.chance.choice(scene.load.meetings)
    words = [cluster.base_url, meeting, str(FLOOD_PER_S), *(str(shard.port) for shard in cluster.shards)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.matrix.flooder", *words, cwd=SOURCE
    )
    try:
        yield
        assert process.returncode is None, "the flooder gave up"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def memory_of(cluster: Cluster) -> int:
    """Resident bytes of all shards together."""
    return sum(psutil.Process(shard.server.pid).memory_info().rss for shard in cluster.shards)


LONG_TEXTS = replace(USUAL, text_chars=4000)
READERS = Row("stalled-readers", "20 of 200 clients never read", stall, (), ci=2, full=20, shape=LONG_TEXTS)
FLOOD = Row("flood", "one client floods for 60 s", flood, (), ci=1, full=10)
ROWS = (READERS, FLOOD)
