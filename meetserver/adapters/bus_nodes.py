"""Connections to the nodes of a Redis: one server alone, or a cluster, any node of which is named by the URL.

What belongs to which node is said by `MOVED` alone. The list of all nodes is only for the day when the URL's is away.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeAlias, cast

from redis.asyncio import Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import MovedError, RedisError, ResponseError

from meetserver import limits
from meetserver.adapters.redis_address import Address, new_address, options_at
from meetserver.errors import ConfigError

log = logging.getLogger(__name__)

CANCEL_AGAIN_S = 0.2

# uvloop's transport says RuntimeError when it is written to after it was reset.
LOST = (RedisError, OSError, TimeoutError, RuntimeError)


Use: TypeAlias = Callable[[Connection], Awaitable[None]]
"""Goes on until the connection is lost, which it raises."""


class Nodes:
    """Keeps connections and their tasks. Close it."""

    def __init__(self, url: str, tls: Mapping[str, Any]) -> None:
        """Raises ConfigError for a URL it cannot use."""
        try:
            self._pool = ConnectionPool.from_url(
                url,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=limits.BUS_SILENCE_S,
                socket_connect_timeout=limits.BUS_SILENCE_S,
                **tls,
            )
        except ValueError as error:
            raise ConfigError(f"MEET_REDIS_URL: {error}") from None
        self._known: dict[Address, None] = {}
        """All nodes heard of, those heard of last at the end; empty where there is no cluster."""
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        await end(*self._tasks)

    async def stay(self, use: Use) -> None:
        """Keep connected to the URL's server; while that is away, to any other node. `use` each connection."""
        pause_s, tried = 0.0, 0

        async def begin(connection: Connection) -> None:
            nonlocal pause_s, tried
            await self._meet_all(connection)
            pause_s, tried = 0.0, -1
            await use(connection)

        while True:
            places = (None, *self._known)
            await self._attempt(places[tried % len(places)], begin)
            tried += 1
            await asyncio.sleep(random.uniform(pause_s / 2, pause_s))
            pause_s = min(max(0.05, 2 * pause_s), limits.BUS_RECONNECT_S)

    async def visit(self, address: Address, use: Use) -> None:
        """Be connected to this node once; return some time after that is over, or was never so."""
        await self._attempt(address, use)
        await asyncio.sleep(random.uniform(0.5, 1.0) * limits.BUS_VISIT_PAUSE_S)

    def moved(self, error: ResponseError, connection: Connection) -> tuple[int, Address] | None:
        """The slot that is elsewhere, and where. None: the error is another one."""
        if not isinstance(error, MovedError):
            return None
        address = new_address(error, _host(connection))
        self._learn(address)
        return error.slot_id, address

    async def _attempt(self, address: Address | None, use: Use) -> None:
        connection = self._make(address)
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            await use(connection)
        except LOST as error:
            log.warning('action="bus connection lost" node=%s error=%r', address or "url", str(error))
        finally:
            await disconnect(connection)

    def _make(self, address: Address | None) -> Connection:
        """To a learned node with the URL's credentials and TLS."""
        if address is None:
            connection: Connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            return connection
        kind, options = options_at(self._pool, address)
        return cast(Connection, kind(**options))

    async def _meet_all(self, connection: Connection) -> None:
        await connection.send_command("CLUSTER", "SLOTS", check_health=False)
        try:
            ranges: Any = await connection.read_response()
        except ResponseError:  # one server alone, or we may not ask
            return
        for _, _, *nodes in ranges:
            for host, port, *_ in nodes:
                self._learn(Address(host.decode() if host else _host(connection), port))

    def _learn(self, address: Address) -> None:
        self._known.pop(address, None)
        self._known[address] = None
        if len(self._known) > limits.REDIS_NODES:
            del self._known[next(iter(self._known))]


async def disconnect(connection: Connection) -> None:
    with contextlib.suppress(*LOST):
        await connection.disconnect(nowait=True)


async def end(*tasks: asyncio.Task[None]) -> None:
    """Cancel, again where it was swallowed: Python 3.11's wait_for does that when its work is done at that moment."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


def _host(connection: Connection) -> str:
    """Where a node that does not know its own address is: where it was asked."""
    return str(getattr(connection, "host", "localhost"))
