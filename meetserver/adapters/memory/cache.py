"""ports.Cache of a server that is one process."""

import asyncio
from collections.abc import Sequence

from meetserver import limits
from meetserver.cache.lru import Kept, Lru

FORGOTTEN = b""
"""In the place of a value, for a while: nothing is added meanwhile."""


class MemoryCache:
    """Bounded by limits.CACHE_MEMORY_BYTES; above that, what was used longest ago goes."""

    def __init__(self) -> None:
        self._entries = Lru(limits.CACHE_MEMORY_BYTES)

    async def get(self, key: str) -> bytes | None:
        kept = self._entries.get(key, _now())
        return None if kept is None else kept.value or None

    async def add(self, key: str, value: bytes, life_s: float) -> None:
        if self._entries.get(key, _now()) is None:
            await self.put(key, value, life_s)

    async def put(self, key: str, value: bytes, life_s: float) -> None:
        until = _now() + life_s
        self._entries.put(key, Kept(value, until, until))

    async def forget(self, keys: Sequence[str]) -> bool:
        for key in keys:
            await self.put(key, FORGOTTEN, limits.CACHE_FORGET_S)
        return True


def _now() -> float:
    return asyncio.get_running_loop().time()
