"""The Redis that rates are counted in: one server, or the nodes of a cluster, each of which may be away for itself."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from limits.aio.storage import RedisStorage
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import MovedError, RedisError

from meetserver import limits
from meetserver.adapters.redis_address import Address, new_address, options_at
from meetserver.errors import ConfigError

T = TypeVar("T")

log = logging.getLogger(__name__)

CONNECTIONS = 8
LOST = (RedisError, OSError, TimeoutError)


class Node:
    def __init__(self, pool: BlockingConnectionPool, key_prefix: str) -> None:
        self.pool = pool
        # The URL here only names the kind: the pool is what connects.
        self.storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=key_prefix,
            connection_pool=pool,  # type: ignore[arg-type]
        )
        self.silent_until = 0.0
        """By the loop's time, while it is away; else 0."""

    async def ask(self, question: Callable[[RedisStorage], Awaitable[T]]) -> T | None:
        """None while it is away. Raises MovedError."""
        now = asyncio.get_running_loop().time()
        if now < self.silent_until:
            return None
        was_away = self.silent_until > 0
        if was_away:
            self.silent_until = now + limits.LIMITER_AWAY_S  # the others need not wait for this one's question
        try:
            async with asyncio.timeout(limits.LIMITER_TIMEOUT_S):
                answer = await question(self.storage)
        except MovedError:
            self.silent_until = 0.0
            raise
        except LOST as error:
            if not self.silent_until:
                log.warning("action=limiter_in_memory error=%r", error)
            self.silent_until = now + limits.LIMITER_TIMEOUT_S + limits.LIMITER_AWAY_S
            return None
        if was_away:
            log.info("action=limiter_in_redis")
        self.silent_until = 0.0
        return answer


class LimiterNodes:
    """Close them. In a cluster, `MOVED` says at which one a slot is."""

    def __init__(self, url: str, tls: Mapping[str, Any], key_prefix: str) -> None:
        """Raises ConfigError for a URL that cannot be used."""
        try:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                timeout=limits.LIMITER_TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=limits.LIMITER_TIMEOUT_S,
                socket_connect_timeout=limits.LIMITER_TIMEOUT_S,
                **tls,
            )
        except ValueError as error:
            raise ConfigError(f"MEET_REDIS_URL: {error}") from None
        self._key_prefix = key_prefix
        self._home = Node(pool, key_prefix)
        self._learned: dict[Address, Node] = {}
        self._node_of: dict[int, Node] = {}

    async def close(self) -> None:
        for node in self._all:
            await node.pool.aclose()

    async def ask(self, slot: int, question: Callable[[RedisStorage], Awaitable[T]]) -> T | None:
        """Ask the node that the slot is at; None while that one is away."""
        now = asyncio.get_running_loop().time()
        known = self._node_of.get(slot, self._home)
        # When the one that we know of is away, any other knows who has the slot now.
        node = next((node for node in (known, *self._all) if node.silent_until <= now), known)
        try:
            return await node.ask(question)
        except MovedError as error:
            moved = await self._at(new_address(error, node.pool.connection_kwargs.get("host", "localhost")))
        self._node_of[slot] = moved
        try:
            return await moved.ask(question)
        except MovedError:  # it moves at this moment
            return None

    @property
    def _all(self) -> tuple[Node, ...]:
        return self._home, *self._learned.values()

    async def _at(self, address: Address) -> Node:
        if address in self._learned:
            return self._learned[address]
        kind, options = options_at(self._home.pool, address)
        pool = BlockingConnectionPool(
            connection_class=kind, max_connections=CONNECTIONS, timeout=limits.LIMITER_TIMEOUT_S, **options
        )
        node = self._learned[address] = Node(pool, self._key_prefix)
        if len(self._learned) > limits.REDIS_NODES:
            oldest = self._learned.pop(next(iter(self._learned)))
            self._node_of = {slot: other for slot, other in self._node_of.items() if other is not oldest}
            await oldest.pool.aclose()
        return node
