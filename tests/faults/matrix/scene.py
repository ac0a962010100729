"""A cluster under load, as a row of the matrix sees it while it makes its fault."""

import asyncio
import random
import time
from collections.abc import Collection

import asyncpg
from msgspec import Struct

from tests.faults.checker import Violation, check
from tests.faults.cluster import Cluster, Shard
from tests.faults.history import LogEntry
from tests.faults.load import Load
from tests.faults.log_reader import read_logs

GIVE_UP_S = 30.0


class Struck(Struct, frozen=True):
    """What a row did: the fault came at `since_s` and was over at `healed_s` (the loop's clock is time.monotonic)."""

    since_s: float
    healed_s: float
    rooms: frozenset[str] | None = None
    """The rooms that it concerned; None is all."""
    failures: tuple[str, ...] = ()
    """What did not hold of that which only this row can see."""
    notes: tuple[str, ...] = ()
    """What it measured beside."""


class Scene:
    """`log_ends`: the last entry of each room's log that was checked."""

    def __init__(self, cluster: Cluster, load: Load, chance: random.Random) -> None:
        self.cluster = cluster
        self.load = load
        self.chance = chance
        self._log_ends: dict[str, LogEntry] = {}

    async def owners(self) -> dict[str, str]:
        """By room, the shard that took it last."""
        connection = await asyncpg.connect(self.cluster.postgres.url)
        try:
            rows = await connection.fetch("SELECT id, owner FROM room")
        finally:
            await connection.close()
        return {row["id"]: row["owner"] for row in rows}

    async def rooms_of(self, shard: Shard) -> frozenset[str]:
        return frozenset(room for room, owner in (await self.owners()).items() if owner == shard.name)

    async def an_owner(self) -> tuple[Shard, frozenset[str]]:
        """A shard that owns rooms, and those."""
        owners = await self.owners()
        shard = self.cluster.shard(self.chance.choice(sorted({owner for owner in owners.values() if owner})))
        return shard, await self.rooms_of(shard)

    def a_shard(self) -> Shard:
        return self.chance.choice(self.cluster.shards)

    async def some_time(self, least_s: float, most_s: float) -> None:
        await asyncio.sleep(self.chance.uniform(least_s, most_s))

    async def rooms_acked(self, since_s: float, rooms: Collection[str]) -> None:
        """Wait until the rooms have acked what was given after `since_s`; no longer than GIVE_UP_S."""
        await self.load.rooms_acked_since(since_s, rooms, GIVE_UP_S)

    async def check(self) -> tuple[list[Violation], int]:
        """Hold what everybody did and saw since the last check against the logs; also how many entries that were.

        Nobody may have an answer outstanding.
        """
        ends = {room: entry.seq for room, entry in self._log_ends.items()}
        new = await read_logs(self.cluster.environment, ends)
        logs = {room: [*self._end_of(room), *entries] for room, entries in new.items()}
        await self.load.saw_all(logs, GIVE_UP_S)
        violations = check(self.load.histories, logs, ends)
        self._log_ends = {room: log[-1] for room, log in logs.items() if log}
        return violations, sum(map(len, new.values()))

    def _end_of(self, room: str) -> list[LogEntry]:
        return [self._log_ends[room]] if room in self._log_ends else []


def now_s() -> float:
    return time.monotonic()
