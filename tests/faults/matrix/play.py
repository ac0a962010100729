"""One round: some load, a fault, time to come back, silence, and the checker."""

import asyncio
import contextlib
import random
import time
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Iterable

from msgspec import Struct

from tests.faults.checker import longest_silences, seconds_to_each_ack, seconds_to_first_ack
from tests.faults.cluster import SHARDS, Cluster, cluster
from tests.faults.history import Acked, Entered, Invoked
from tests.faults.load import Load, load
from tests.faults.matrix.row import Row
from tests.faults.matrix.scene import Scene, Struck
from tests.faults.matrix.tmpfs import tmpfs

CALM_S = 0.8
BACK_TIMEOUT_S = 60.0
SETTLE_TIMEOUT_S = 60.0
ROUND_TIMEOUT_S = 300.0
FAILURES_KEPT = 50


class Outcome(Struct, frozen=True):
    """What a round showed. Times are in seconds."""

    row: str
    failures: list[str]
    """Sentences, of FAILURES_KEPT no more; none: all held, times aside."""
    failed: int = 0
    """How many there were."""
    rooms: list[float] = []
    people: list[float] = []
    silence: list[float] = []
    away: list[float] = []
    given: int = 0
    acked: int = 0
    entries: int = 0
    resumed: int = 0
    recovered: int = 0
    refusals: dict[str, int] = {}
    notes: list[str] = []
    per_s: float = 0.0
    """Commands acked in a second, over the round."""


@contextlib.asynccontextmanager
async def scene_for(row: Row, chance: random.Random, shards: int = SHARDS) -> AsyncIterator[Scene]:
    """A fresh cluster as the row wants it, with people in its rooms."""
    with contextlib.ExitStack() as stack:
        postgres, data = (
            stack.enter_context(tmpfs(size)) if size else None for size in (row.postgres_bytes, row.files_bytes)
        )
        starting = cluster(shards, has_ways=row.has_ways, postgres_folder=postgres, data_folder=data)
        running = await asyncio.to_thread(starting.__enter__)
        try:
            async with load_on(running, row, chance) as people:
                yield Scene(running, people, chance)
        finally:
            await asyncio.to_thread(starting.__exit__, None, None, None)


def load_on(running: Cluster, row: Row, chance: random.Random) -> contextlib.AbstractAsyncContextManager[Load]:
    return load(running.base_url, row.shape, chance.getrandbits(32), running.resolver(chance))


async def play(row: Row, scene: Scene) -> Outcome:
    """One round; whatever goes wrong in it is one of the outcome's failures."""
    try:
        async with asyncio.timeout(ROUND_TIMEOUT_S):
            return await _play(row, scene)
    except Exception:
        return Outcome(row.name, [f"the round broke off: {traceback.format_exc()}"], 1)


async def _play(row: Row, scene: Scene) -> Outcome:
    load, begun_s = scene.load, time.monotonic()
    load.go()
    await scene.some_time(CALM_S, 2 * CALM_S)
    struck = await row.strike(scene)
    missing = await load.missing_since(struck.healed_s, BACK_TIMEOUT_S)
    ended_s = time.monotonic()
    await load.rest(SETTLE_TIMEOUT_S)
    violations, entries = await scene.check()
    failures = [f"{v.invariant} {v.where}: {v.what}" for v in violations]
    failures += [f"not back: {who}" for who in missing] + list(struck.failures)
    outcome = _measured(row, load, struck, ended_s, ended_s - begun_s, entries, failures)
    load.turn_over()
    return outcome


def _measured(
    row: Row, load: Load, struck: Struck, ended_s: float, took_s: float, entries: int, failures: list[str]
) -> Outcome:
    histories = load.histories
    kinds = Counter(type(record) for history in histories for record in history.records)
    entered = [record for history in histories for record in history.records if isinstance(record, Entered)]
    concerned = struck.rooms if struck.rooms is not None else {history.room for history in histories}
    rooms = seconds_to_first_ack(histories, struck.since_s)
    failures = failures + [f"room {room} acked nothing" for room in concerned - rooms.keys()]
    refusals = load.refusals
    failures += [f"{count} times refused as internal" for code, count in refusals.items() if code == "internal"]
    return Outcome(
        row=row.name,
        failures=failures[:FAILURES_KEPT],
        failed=len(failures),
        rooms=_rounded([took for room, took in rooms.items() if room in concerned]),
        people=_rounded(seconds_to_each_ack(histories, struck.healed_s).values()),
        silence=_rounded(longest_silences(histories, struck.since_s, ended_s).values()),
        away=_rounded(stay for person in load.people for stay in person.away_s),
        given=kinds[Invoked],
        acked=kinds[Acked],
        entries=entries,
        resumed=sum(record.must_recover for record in entered),
        recovered=sum(record.recovered for record in entered),
        refusals=dict(refusals),
        notes=list(struck.notes),
        per_s=round(kinds[Acked] / took_s, 1),
    )


def _rounded(seconds: Iterable[float]) -> list[float]:
    return [round(one, 3) for one in seconds]
