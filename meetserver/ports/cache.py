"""What may be forgotten at any time."""

from collections.abc import Sequence
from typing import Protocol


class Cache(Protocol):
    """Bytes that all processes share in Redis, or that this one keeps in memory where there is none. They may be gone
    at any time: whoever asks knows another way. Nothing here raises; a Redis that is away or slow has nothing."""

    async def get(self, key: str) -> bytes | None: ...

    async def add(self, key: str, value: bytes, life_s: float) -> None:
        """Keep it, where there is nothing and nothing was forgotten within limits.CACHE_FORGET_S: what was read before
        a change does not come back after it."""

    async def put(self, key: str, value: bytes, life_s: float) -> None:
        """Keep it in the place of whatever is there."""

    async def forget(self, keys: Sequence[str]) -> bool:
        """False: Redis did not hear of all of them, and is to be told again."""
