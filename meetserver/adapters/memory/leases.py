"""Leases in memory: one process, or several that a simulation runs side by side."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from meetserver.ids import ShardId
from meetserver.ports import Clock, Lease


class MemoryLeases:
    """ports.LeaseStore over a dict, by the clock that it is given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[ShardId, Lease] = {}

    async def acquire(self, shard: ShardId, incarnation: str, ttl_s: float, address: str = "") -> Lease:
        lease = Lease(shard, incarnation, self._in(ttl_s), address=address)
        self._leases[shard] = lease
        return lease

    async def renew(
        self, shard: ShardId, incarnation: str, ttl_s: float, *, is_draining: bool = False, weight: float = 1.0
    ) -> bool:
        held = self._held(shard, incarnation)
        if held is None or held.expires_at <= self._clock.now():
            return False
        self._leases[shard] = replace(held, expires_at=self._in(ttl_s), is_draining=is_draining, weight=weight)
        return True

    async def release(self, shard: ShardId, incarnation: str) -> None:
        if self._held(shard, incarnation):
            del self._leases[shard]

    async def live(self) -> list[Lease]:
        now = self._clock.now()
        return sorted((lease for lease in self._leases.values() if lease.expires_at > now), key=lambda it: it.shard)

    async def mark_dead(self, shard: ShardId, incarnation: str) -> bool:
        held = self._held(shard, incarnation)
        if held is None:
            return True
        if held.expires_at > self._clock.now():
            return False
        del self._leases[shard]
        return True

    def _in(self, ttl_s: float) -> datetime:
        return self._clock.now() + timedelta(seconds=ttl_s)

    def _held(self, shard: ShardId, incarnation: str) -> Lease | None:
        lease = self._leases.get(shard)
        return lease if lease and lease.incarnation == incarnation else None
