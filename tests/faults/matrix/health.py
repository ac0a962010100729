"""What the shards say of themselves while something is away."""

import asyncio
import contextlib
import time
from types import TracebackType
from typing import Self

import aiohttp

from tests.faults.cluster import Cluster, Shard

HEALTHZ_WITHIN_S = 1.0
EVERY_S = 0.2
GIVE_UP_S = 5.0


class Health:
    """Asks each shard's /healthz all the time; `slowest_s` is the longest that an answer took."""

    def __init__(self, cluster: Cluster) -> None:
        self._shards = cluster.shards
        self._tasks: list[asyncio.Task[None]] = []
        self.slowest_s = 0.0

    async def those_ready(self) -> list[str]:
        """Which of them say that they are, as sentences."""
        return [f"{name} says that it is ready" for name, status in (await self._ready()).items() if status == 200]

    async def those_not_ready(self, within_s: float) -> list[str]:
        """Wait until all are; which are not after `within_s`, as sentences."""
        deadline = time.monotonic() + within_s
        while True:
            waiting = [name for name, status in (await self._ready()).items() if status != 200]
            if not waiting or time.monotonic() > deadline:
                return [f"{name} was not ready {within_s:g} s after" for name in waiting]
            await asyncio.sleep(EVERY_S)

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=GIVE_UP_S))
        self._tasks = [asyncio.create_task(self._watch(shard)) for shard in self._shards]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    async def _watch(self, shard: Shard) -> None:
        while True:
            asked_s = time.monotonic()
            await self._status(shard, "healthz")
            self.slowest_s = max(self.slowest_s, time.monotonic() - asked_s)
            await asyncio.sleep(EVERY_S)

    async def _ready(self) -> dict[str, int]:
        return {shard.name: await self._status(shard, "readyz") for shard in self._shards}

    async def _status(self, shard: Shard, path: str) -> int:
        """0 when there is no answer."""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._http.get(f"{shard.server.base_url}/{path}") as response:
                return response.status
        return 0
