"""A Redis that is asked short questions which nobody waits for long: one server, or the nodes of a cluster, each of
which may be away for itself."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import MovedError, RedisError

from meetserver import limits
from meetserver.adapters.redis_address import Address, new_address, options_at
from meetserver.errors import ConfigError

C = TypeVar("C")
T = TypeVar("T")

log = logging.getLogger(__name__)

CONNECTIONS = 8
# uvloop's transport says RuntimeError when it is written to after it was reset.
LOST = (RedisError, OSError, TimeoutError, RuntimeError)


class Terms(Struct, frozen=True):
    """On which a Redis is asked. `lost` and `found` are what the log calls its going and its coming back."""

    timeout_s: float
    away_s: float
    lost: str
    found: str


class Node(Generic[C]):
    """`client` asks the questions, over connections of the pool."""

    def __init__(self, pool: BlockingConnectionPool, client: C, terms: Terms) -> None:
        self.pool = pool
        self.client = client
        self._terms = terms
        self.silent_until = 0.0
        """By the loop's time, while it is away; else 0."""

    async def ask(self, question: Callable[[C], Awaitable[T]]) -> T | None:
        """None while it is away. Raises MovedError."""
        now = asyncio.get_running_loop().time()
        if now < self.silent_until:
            return None
        was_away = self.silent_until > 0
        if was_away:
            self.silent_until = now + self._terms.away_s  # the others need not wait for this one's question
        try:
            async with asyncio.timeout(self._terms.timeout_s):
                answer = await question(self.client)
        except MovedError:
            self.silent_until = 0.0
            raise
        except LOST as error:
            if not self.silent_until:
                log.warning("action=%s error=%r", self._terms.lost, error)
            self.silent_until = now + self._terms.timeout_s + self._terms.away_s
            return None
        if was_away:
            log.info("action=%s", self._terms.found)
        self.silent_until = 0.0
        return answer


class RedisNodes(Generic[C]):
    """Close them. In a cluster, `MOVED` says at which one a slot is."""

    def __init__(
        self, url: str, tls: Mapping[str, Any], client: Callable[[BlockingConnectionPool], C], terms: Terms
    ) -> None:
        """`client` makes what a node is asked by. Raises ConfigError for a URL that cannot be used."""
        try:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                timeout=terms.timeout_s,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=terms.timeout_s,
                socket_connect_timeout=terms.timeout_s,
                **tls,
            )
        except ValueError as error:
            raise ConfigError(f"MEET_REDIS_URL: {error}") from None
        self._client = client
        self._terms = terms
        self._home = Node(pool, client(pool), terms)
        self._learned: dict[Address, Node[C]] = {}
        self._node_of: dict[int, Node[C]] = {}

    async def close(self) -> None:
        for node in self._all:
            await node.pool.aclose()

    async def ask(self, slot: int, question: Callable[[C], Awaitable[T]]) -> T | None:
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
    def _all(self) -> tuple[Node[C], ...]:
        return self._home, *self._learned.values()

    async def _at(self, address: Address) -> Node[C]:
        if address in self._learned:
            return self._learned[address]
        kind, options = options_at(self._home.pool, address)
        pool = BlockingConnectionPool(
            connection_class=kind, max_connections=CONNECTIONS, timeout=self._terms.timeout_s, **options
        )
        node = self._learned[address] = Node(pool, self._client(pool), self._terms)
        if len(self._learned) > limits.REDIS_NODES:
            oldest = self._learned.pop(next(iter(self._learned)))
            self._node_of = {slot: other for slot, other in self._node_of.items() if other is not oldest}
            await oldest.pool.aclose()
        return node
