"""ports.RateLimiter: in Redis where there is one, so that all processes count together; else, and while it is away, in
this process's memory. The package `limits` has its own counter in memory, which looks through all keys at each hit.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import MappingProxyType
from typing import Any

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool
from redis.crc import key_slot

from meetserver import limits
from meetserver.adapters.memory.limiter import MemoryLimiter
from meetserver.adapters.redis_nodes import RedisNodes, Terms
from meetserver.adapters.sliding_window import Window
from meetserver.adapters.tls import redis_tls
from meetserver.config import Config
from meetserver.limits import Rate
from meetserver.ports import Allowance, Clock, RateLimiter

KEY_PREFIX = "meet:rate"


class RedisLimiter:
    """Close it. When Redis does not answer within limits.LIMITER_TIMEOUT_S, memory counts for limits.LIMITER_AWAY_S;
    then one call asks again. What was counted in one place is not known in the other."""

    def __init__(self, url: str, memory: RateLimiter, tls: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Redis need not be there. Raises ConfigError for a URL that cannot be used."""
        terms = Terms(
            limits.LIMITER_TIMEOUT_S, limits.LIMITER_AWAY_S, lost="limiter_in_memory", found="limiter_in_redis"
        )
        self._nodes = RedisNodes(url, tls, _storage, terms)
        self._memory = memory

    async def close(self) -> None:
        await self._nodes.close()

    async def hit(self, rate: Rate, key: str, cost: int = 1) -> Allowance:
        async def there(storage: RedisStorage) -> Allowance:
            is_allowed = await storage.acquire_sliding_window_entry(
                _name(rate, key), rate.amount, int(rate.per_s), cost
            )
            return (await _window(storage, rate, key)).allowance(rate, is_allowed=is_allowed)

        return await self._nodes.ask(_slot(rate, key), there) or await self._memory.hit(rate, key, cost)

    async def peek(self, rate: Rate, key: str) -> Allowance:
        async def there(storage: RedisStorage) -> Allowance:
            window = await _window(storage, rate, key)
            return window.allowance(rate, is_allowed=window.taken(rate) < rate.amount)

        return await self._nodes.ask(_slot(rate, key), there) or await self._memory.peek(rate, key)

    async def clear(self, rate: Rate, key: str) -> None:
        async def there(storage: RedisStorage) -> None:
            await storage.clear_sliding_window(_name(rate, key), int(rate.per_s))

        await self._memory.clear(rate, key)
        await self._nodes.ask(_slot(rate, key), there)


class ScaledLimiter:
    """All rates times a factor."""

    def __init__(self, limiter: RateLimiter, factor: float) -> None:
        self._limiter = limiter
        self._factor = factor

    async def hit(self, rate: Rate, key: str, cost: int = 1) -> Allowance:
        return await self._limiter.hit(self._scaled(rate), key, cost)

    async def peek(self, rate: Rate, key: str) -> Allowance:
        return await self._limiter.peek(self._scaled(rate), key)

    async def clear(self, rate: Rate, key: str) -> None:
        await self._limiter.clear(rate, key)

    def _scaled(self, rate: Rate) -> Rate:
        return rate._replace(amount=max(1, int(rate.amount * self._factor)))


class NoLimiter:
    """Allows all, and says that all is left."""

    async def hit(self, rate: Rate, key: str, cost: int = 1) -> Allowance:
        return await self.peek(rate, key)

    async def peek(self, rate: Rate, key: str) -> Allowance:
        return Allowance(True, rate.amount, rate.amount, 0.0)

    async def clear(self, rate: Rate, key: str) -> None:
        pass


@asynccontextmanager
async def open_limiter(config: Config, clock: Clock) -> AsyncIterator[RateLimiter]:
    """The one that the settings ask for. Raises ConfigError."""
    if config.rate_factor == 0:
        yield NoLimiter()
        return
    async with AsyncExitStack() as stack:
        limiter: RateLimiter = MemoryLimiter(clock)
        if config.redis_url:
            limiter = redis = RedisLimiter(config.redis_url, limiter, redis_tls(config))
            stack.push_async_callback(redis.close)
        yield limiter if config.rate_factor == 1 else ScaledLimiter(limiter, config.rate_factor)


def _storage(pool: BlockingConnectionPool) -> RedisStorage:
    # The URL here only names the kind: the pool is what connects.
    return RedisStorage(
        "async+redis://",
        implementation="redispy",
        key_prefix=KEY_PREFIX,
        connection_pool=pool,  # type: ignore[arg-type]
    )


async def _window(storage: RedisStorage, rate: Rate, key: str) -> Window:
    found = await storage.get_sliding_window(_name(rate, key), int(rate.per_s))
    previous, previous_left_s, current, current_left_s = found
    # A current window lives on for another one, as the previous one.
    return Window(previous, current, current_left_s - rate.per_s if current_left_s else previous_left_s)


def _name(rate: Rate, key: str) -> str:
    return f"{rate.name}/{key}"


def _slot(rate: Rate, key: str) -> int:
    """Of both windows' keys, as RedisStorage makes them: what stands in the braces decides."""
    return key_slot(f"{KEY_PREFIX}:{{{_name(rate, key)}}}".encode())
