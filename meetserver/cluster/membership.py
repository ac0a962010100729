"""This process among the live ones: its own lease, kept renewed, and the others'.

What it knows of the others may be late. That makes things slow, never wrong: a room's epoch guards what is written.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from meetserver.cluster.outage import Outage
from meetserver.errors import ConfigError, MeetError, Unavailable
from meetserver.ids import ShardId
from meetserver.ports import Lease, LeaseStore, Random

log = logging.getLogger(__name__)

RENEWALS_PER_TTL = 3
LOOK_S = 1.0
LOOKS_PER_TTL = 4
"""The leases are looked at each LOOK_S, and at least so many times in a lease's life."""
TELL_S = 1.0
"""To tell the database of a drain; after that, the next renewal does."""


class Membership:
    """`on_superseded` is called when another process has taken this one's name: it must stop. `may_share`: whether
    other shards may live on this database. `weight` answers which share of new rooms this process takes."""

    def __init__(
        self,
        leases: LeaseStore,
        shard: ShardId,
        ttl_s: float,
        random: Random,
        on_superseded: Callable[[], None],
        *,
        may_share: bool,
        address: str = "",
        weight: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self._leases = leases
        self.shard = shard
        self._ttl_s = ttl_s
        self._random = random
        self._on_superseded = on_superseded
        self._may_share = may_share
        self._address = address
        self._weight = weight
        self.incarnation = random.id()
        """Which life of this shard this is: a new one begins when its lease has run out."""
        self.members: tuple[Lease, ...] = ()
        """Who lives, as last looked at, by shard id; this process is among them."""
        self.on_change: list[Callable[[], None]] = []
        """Called when somebody comes, goes, begins anew or begins to drain; they must not raise."""
        self.is_draining = False
        self._lease: Lease
        self._is_acquiring = False
        self._held_until = self._renewed_at = 0.0
        self._told_weight = 1.0
        self._renewing = asyncio.Lock()
        self._outage = Outage(ttl_s, self._now())
        self._look: asyncio.Task[None] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_held(self) -> bool:
        """Whether this process's lease still counts, as far as it can tell by itself."""
        return self._now() < self._held_until

    async def join(self) -> None:
        """Take the name, from whoever held it. Raises ConfigError when others live on this database that must not."""
        self._refuse_others(await self._leases.live())
        await self._acquire()
        await self.refresh()
        try:
            self._refuse_others(self.members)  # who started in the same moment
        except ConfigError:
            await self.leave()
            raise
        self._task = asyncio.create_task(self._keep(), name="membership")

    def _refuse_others(self, leases: Iterable[Lease]) -> None:
        others = [lease.shard for lease in leases if lease.shard != self.shard]
        if others and not self._may_share:
            raise ConfigError(
                f"another meetserver ({', '.join(others)}) is alive on this database. Several need PostgreSQL"
                " (MEET_DATABASE_URL) and Redis (MEET_REDIS_URL), the same for all; or stop the other one,"
                f" or wait {self._ttl_s:g} s if it was killed"
            )

    async def refresh(self) -> None:
        """Look at the leases now; calls at one time share one query. Raises Unavailable."""
        if self._look is None:
            self._look = asyncio.create_task(self._look_around(), name="membership: look")
        await asyncio.shield(self._look)

    async def drain(self) -> None:
        """No rooms for this process from now on; the others see it when they look next, and it sees who may take its
        rooms. The database may be away."""
        self.is_draining = True
        self._see(self.members)
        try:
            async with asyncio.timeout(TELL_S):
                await self._renew()
                await self.refresh()
        except Exception as error:  # whatever it is, the drain goes on
            log.warning("action=drain_not_told shard=%s error=%r", self.shard, error)

    async def leave(self) -> None:
        tasks = [task for task in (self._task, self._look) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.is_held:
            self._held_until = 0.0
            try:
                await self._leases.release(self.shard, self.incarnation)
            except MeetError as error:
                log.warning("action=lease_not_released shard=%s error=%s", self.shard, error)

    # --- the own lease

    async def _acquire(self) -> None:
        asked_at = self._now()
        self._is_acquiring = True
        self._lease = await self._leases.acquire(self.shard, self.incarnation, self._ttl_s, self._address)
        self._renewed(asked_at)

    def _renewed(self, asked_at: float) -> None:
        self._renewed_at, self._held_until = asked_at, asked_at + self._ttl_s
        self._is_acquiring = False

    async def _keep(self) -> None:
        every_s = min(LOOK_S, self._ttl_s / LOOKS_PER_TTL)
        while True:
            await asyncio.sleep(every_s)
            asked_at = self._now()
            is_due = asked_at + every_s > self._renewed_at + self._ttl_s / RENEWALS_PER_TTL
            try:
                if is_due or self._weight() != self._told_weight:
                    async with asyncio.timeout(self._ttl_s / 2):
                        if not await self._renew():
                            return
                await self.refresh()
            except Exception as error:  # whatever it is, without a lease this process is not in the game
                if self._outage.failed():
                    log.warning("action=lease_not_renewed shard=%s error=%r", self.shard, error)
            else:
                self._outage.answered(asked_at, self._now())

    async def _renew(self) -> bool:
        """False when the name is another's. A lease that has run out (a long pause, an outage) begins a new life."""
        async with self._renewing:
            if await self._tell():
                return True
            for lease in await self._leases.live():
                if lease.shard == self.shard and lease.incarnation != self.incarnation:
                    log.error("action=superseded shard=%s by=%s", self.shard, lease.incarnation)
                    self._held_until = 0.0
                    self._on_superseded()
                    return False
            if not self._is_acquiring:
                self.incarnation = self._random.id()
            # else an attempt is unanswered: did it land late, under another id than then, it would supersede us.
            await self._acquire()
            return await self._tell()

    async def _tell(self) -> bool:
        asked_at, weight = self._now(), self._weight()
        is_mine = await self._leases.renew(
            self.shard, self.incarnation, self._ttl_s, is_draining=self.is_draining, weight=weight
        )
        if is_mine:
            self._renewed(asked_at)
            self._told_weight = weight
        return is_mine

    # --- the others

    async def _look_around(self) -> None:
        try:
            async with asyncio.timeout(self._ttl_s / 2):
                live = await self._leases.live()
        except TimeoutError:
            raise Unavailable("the database does not answer", retry_after_s=1) from None
        finally:
            self._look = None
        if not any(lease.shard == self.shard and lease.incarnation == self.incarnation for lease in live):
            self._renewed_at = -self._ttl_s  # renew at once, which finds out why
        self._see(live)

    def _see(self, live: Iterable[Lease]) -> None:
        before = {lease.shard: lease for lease in self.members}
        seen = {lease.shard: lease for lease in live}
        if not self._outage.is_sure(self._now()):
            seen = {shard: lease for shard, lease in before.items() if not lease.is_draining} | seen
        seen[self.shard] = self._own(seen.get(self.shard))
        self.members = tuple(seen[shard] for shard in sorted(seen))
        if _who(before.values()) != _who(self.members):
            log.info("action=members_changed members=%s", ",".join(seen))
            for call in self.on_change:
                call()

    def _own(self, lease: Lease | None) -> Lease:
        """As this process knows it: the database may not have been told yet, or have forgotten."""
        known = lease if lease is not None and lease.incarnation == self.incarnation else self._lease
        return replace(known, is_draining=self.is_draining, weight=self._told_weight)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _who(leases: Iterable[Lease]) -> set[tuple[str, str, bool]]:
    return {(lease.shard, lease.incarnation, lease.is_draining) for lease in leases}
