"""ports.Cache: in Redis where there is one, so that all processes share it; else in this process's memory.

Plain connections, as the bus's: redis-py's own client costs several times as much for each question.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.crc import key_slot

from meetserver import limits
from meetserver.adapters.memory.cache import FORGOTTEN, MemoryCache
from meetserver.adapters.redis_nodes import RedisNodes, Terms
from meetserver.adapters.tls import redis_tls
from meetserver.config import Config
from meetserver.ports import Cache

KEY_PREFIX = "meet:cache:"


class RedisCache:
    """Close it. A Redis that does not answer within limits.CACHE_TIMEOUT_S has nothing, and is left alone for
    limits.CACHE_AWAY_S."""

    def __init__(self, url: str, tls: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Redis need not be there. Raises ConfigError for a URL that cannot be used."""
        terms = Terms(limits.CACHE_TIMEOUT_S, limits.CACHE_AWAY_S, lost="cache_away", found="cache_back")
        self._nodes = RedisNodes(url, tls, _Client, terms)

    async def close(self) -> None:
        await self._nodes.close()

    async def get(self, key: str) -> bytes | None:
        return await self._ask(key, "GET") or None

    async def add(self, key: str, value: bytes, life_s: float) -> None:
        await self._ask(key, "SET", value, "PX", int(life_s * 1000), "NX")

    async def put(self, key: str, value: bytes, life_s: float) -> None:
        await self._ask(key, "SET", value, "PX", int(life_s * 1000))

    async def forget(self, keys: Sequence[str]) -> bool:
        life_ms = int(limits.CACHE_FORGET_S * 1000)
        return all([await self._ask(key, "SET", FORGOTTEN, "PX", life_ms) is not None for key in keys])

    async def _ask(self, key: str, command: str, *options: str | bytes | int) -> Any:
        name = (KEY_PREFIX + key).encode()
        return await self._nodes.ask(key_slot(name), lambda client: client.command(command, name, *options))


class _Client:
    def __init__(self, pool: BlockingConnectionPool) -> None:
        self._pool = pool

    async def command(self, *words: str | bytes | int) -> Any:
        """The answer's bytes. A connection that did not get its whole answer is closed by redis-py."""
        connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.send_command(*words, check_health=False)
            return await connection.read_response(disable_decoding=True)
        finally:
            await self._pool.release(connection)


@asynccontextmanager
async def open_cache(config: Config) -> AsyncIterator[Cache]:
    """The one that the settings ask for. Raises ConfigError."""
    if not config.redis_url:
        yield MemoryCache()
        return
    cache = RedisCache(config.redis_url, redis_tls(config))
    try:
        yield cache
    finally:
        await cache.close()
