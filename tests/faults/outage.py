"""What people notice while Redis, or PostgreSQL, is away for a minute in mid-meeting.

    python -m tests.faults.outage redis
    python -m tests.faults.outage postgres --seconds 60

Prints a table: people at the shard that owns their room, and at others; before, while it was away, and after.
"""

import argparse
import asyncio
import itertools
import random
import sys
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import uvloop
from msgspec import Struct

from tests.faults.history import Acked, Invoked, Seen
from tests.faults.load import Person
from tests.faults.matrix.owner import KILLED
from tests.faults.matrix.play import scene_for
from tests.faults.matrix.scene import Scene, now_s
from tests.faults.matrix.table import quantile

CALM_S = 15.0
RING_EVERY_S = 1.0
BACK_TIMEOUT_S = 60.0
HEADS = (
    "when",
    "people",
    "commands",
    "answered ok",
    "within p50",
    "p99",
    "heard by others p50",
    "p99",
    "calls arrived",
    "refused",
)


class Phase(Struct, frozen=True):
    """`refused` counts by code how often people were told to try again."""

    name: str
    since_s: float
    until_s: float
    refused: Counter[str]


class Ring(Struct, frozen=True):
    caller: Person
    called: Person
    call: str
    at_s: float


class Calls:
    """In each room somebody signals to somebody else all the time, as a call that is being set up does."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._people = people
        self.rings: list[Ring] = []

    async def ring(self) -> None:
        in_room: dict[str, list[Person]] = {}
        for person in self._people:
            in_room.setdefault(person.history.room, []).append(person)
        tries: set[asyncio.Task[None]] = set()
        for number in itertools.count():
            for people in in_room.values():
                caller, called = people[number % len(people)], people[(number + 1) % len(people)]
                self.rings.append(Ring(caller, called, f"call {number}", now_s()))
                tries.add(attempt := asyncio.create_task(caller.ring(called, f"call {number}")))
                attempt.add_done_callback(tries.discard)
            await asyncio.sleep(RING_EVERY_S)

    def arrived(self, phase: Phase, among: Collection[int]) -> str:
        """As a share of those between two of `among`, by id."""
        heard = {(id(person), call) for person in self._people for call, _ in person.rang}
        mine = [
            (id(ring.called), ring.call) in heard
            for ring in self.rings
            if phase.since_s <= ring.at_s < phase.until_s and {id(ring.caller), id(ring.called)} <= set(among)
        ]
        return f"{sum(mine)} of {len(mine)}"


async def watch(scene: Scene, go: Callable[[], None], come: Callable[[], None], seconds: float) -> str:
    load, owners = scene.load, await scene.owners()
    ports = {shard.name: shard.port for shard in scene.cluster.shards}
    near = [person for person in load.people if person.server_port == ports[owners[person.history.room]]]
    far = [person for person in load.people if person not in near]
    calls = Calls(load.people)
    ringing = asyncio.create_task(calls.ring())
    phases: list[Phase] = []

    async def phase(name: str, seconds: float) -> None:
        since_s, before = now_s(), load.refusals
        await asyncio.sleep(seconds)
        phases.append(Phase(name, since_s, now_s(), load.refusals - before))

    load.go()
    await phase("before", CALM_S)
    await asyncio.to_thread(go)
    await phase("away", seconds)
    await asyncio.to_thread(come)
    back_s = now_s()
    missing = await load.missing_since(back_s, BACK_TIMEOUT_S)
    all_back_s = now_s() - back_s
    await phase("after", CALM_S)
    ringing.cancel()
    await load.rest(BACK_TIMEOUT_S)
    first_heard = _first_heard(load.people)
    rows = [
        _row(one, name, people, first_heard, calls)
        for one in phases
        for name, people in (("at the owner's shard", near), ("at others", far))
    ]
    violations, entries = await scene.check()
    table = [HEADS, ["---"] * len(HEADS), *rows]
    lines = ["| " + " | ".join(cells) + " |" for cells in table]
    back = f"all {len(load.people)} served {all_back_s:.2f} s after the return" if not missing else f"{missing}"
    return "\n".join([*lines, "", f"{back}; {len(violations)} violations in {entries} entries"])


def _row(
    phase: Phase, name: str, people: Sequence[Person], first_heard: dict[tuple[str, int], float], calls: Calls
) -> list[str]:
    answered, given, heard = [], 0, []
    for person in people:
        records = person.history.records
        mine = {r.txn: r.at_s for r in records if isinstance(r, Invoked) and phase.since_s <= r.at_s < phase.until_s}
        given += len(mine)
        answered += [r.at_s - mine[r.txn] for r in records if isinstance(r, Acked) and r.txn in mine]
        seen = [(r.at_s, first_heard[person.history.room, r.seq]) for r in records if isinstance(r, Seen)]
        heard += [at_s - first_s for at_s, first_s in seen if phase.since_s <= first_s < phase.until_s]
    refused = ", ".join(f"{code} {count}" for code, count in phase.refused.most_common()) or "–"
    times = [f"{quantile(of, share):.2f} s" for of in (answered, heard) for share in (0.5, 0.99)]
    arrived = calls.arrived(phase, [id(person) for person in people])
    return [phase.name, f"{len(people)} {name}", str(given), str(len(answered)), *times, arrived, refused]


def _first_heard(people: Sequence[Person]) -> dict[tuple[str, int], float]:
    """By room and seq: when anybody saw it, or was told that it is in the log."""
    first: dict[tuple[str, int], float] = {}
    for person in people:
        for record in person.history.records:
            if isinstance(record, Seen | Acked):
                key = (person.history.room, record.seq)
                first[key] = min(first.get(key, record.at_s), record.at_s)
    return first


async def main(what: str, seconds: float, seed: int) -> None:
    async with scene_for(KILLED, random.Random(seed)) as scene:
        server = scene.cluster.valkey if what == "redis" else scene.cluster.postgres
        sys.stdout.write(await watch(scene, server.kill, server.start, seconds) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["redis", "postgres"])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(options.what, options.seconds, options.seed))
