"""This process among the live ones: a lease that is renewed, and says when the process is not itself any more."""

import asyncio
import logging
from collections.abc import Callable

from meetserver.errors import ConfigError, MeetError
from meetserver.ids import ShardId
from meetserver.ports import LeaseStore, Random

log = logging.getLogger(__name__)

RENEWALS_PER_TTL = 3


class Membership:
    """`on_superseded` is called when another process has taken this one's name: it must stop."""

    def __init__(
        self, leases: LeaseStore, shard: ShardId, ttl_s: float, random: Random, on_superseded: Callable[[], None]
    ) -> None:
        self._leases = leases
        self.shard = shard
        self._ttl_s = ttl_s
        self._random = random
        self._on_superseded = on_superseded
        self._incarnation = random.id()
        self._task: asyncio.Task[None] | None = None
        self.is_held = False

    async def join(self) -> None:
        """Take the name, from whoever held it. Raises ConfigError when another shard is alive on this database."""
        others = [lease.shard for lease in await self._leases.live() if lease.shard != self.shard]
        if others:
            raise ConfigError(
                f"another meetserver ({', '.join(others)}) is alive on this database, and this release runs one"
                f" process on one database: stop it, or wait {self._ttl_s:g} s if it was killed"
            )
        await self._leases.acquire(self.shard, self._incarnation, self._ttl_s)
        self.is_held = True
        self._task = asyncio.create_task(self._keep(), name="membership")

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        held_until = loop.time() + self._ttl_s
        while True:
            await asyncio.sleep(self._ttl_s / RENEWALS_PER_TTL)
            asked_at = loop.time()
            try:
                self.is_held = await self._leases.renew(self.shard, self._incarnation, self._ttl_s)
                if not self.is_held and not await self._rejoin():
                    return
                held_until = asked_at + self._ttl_s
            except Exception as error:  # whatever it is, without a lease this process is not in the game
                log.warning("action=lease_not_renewed shard=%s error=%r", self.shard, error)
                self.is_held = self.is_held and loop.time() < held_until

    async def _rejoin(self) -> bool:
        """The lease ran out (a long pause, an outage): begin a new incarnation, unless the name is another's now."""
        for lease in await self._leases.live():
            if lease.shard == self.shard and lease.incarnation != self._incarnation:
                log.error("action=superseded shard=%s by=%s", self.shard, lease.incarnation)
                self._on_superseded()
                return False
        self._incarnation = self._random.id()
        await self._leases.acquire(self.shard, self._incarnation, self._ttl_s)
        self.is_held = True
        return True

    async def leave(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.is_held:
            try:
                await self._leases.release(self.shard, self._incarnation)
            except MeetError as error:
                log.warning("action=lease_not_released shard=%s error=%s", self.shard, error)
