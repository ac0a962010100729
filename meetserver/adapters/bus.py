"""The bus between processes: Redis pub/sub, on one connection that publishes and one that listens.

It may lose messages whenever a connection is lost, and doubles none. Who needs more compares notes with the owner.
redis-py's own PubSub and pipelines cost several times as much for each message as the plain connections used here.
"""

import asyncio
import contextlib
import logging
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Self

from redis.asyncio import Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from meetserver import limits
from meetserver.adapters.subscriptions import Handler, Subscriptions
from meetserver.errors import ConfigError

log = logging.getLogger(__name__)

READS_IN_A_ROW = 256
"""Messages that are taken before others get their turn of the loop."""

CANCEL_AGAIN_S = 0.2

LOST = (RedisError, OSError, TimeoutError)


class RedisBus:
    """Made by `open`, in a running loop; goes on without Redis, and begins anew when it is back."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._subscriptions = Subscriptions()
        self._confirmed: dict[str, asyncio.Event] = {}
        self._listening: Connection | None = None
        self._heard_at = 0.0
        self._queue: deque[tuple[str, bytes]] = deque()
        self._queued_bytes = 0
        self._has_queued = asyncio.Event()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, url: str, tls: Mapping[str, Any] = MappingProxyType({})) -> Self:
        """`tls`: adapters/tls.py's options. Raises ConfigError for a URL it cannot use. Redis need not be there."""
        try:
            pool = ConnectionPool.from_url(
                url,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                socket_timeout=limits.BUS_SILENCE_S,
                socket_connect_timeout=limits.BUS_SILENCE_S,
                **tls,
            )
        except ValueError as error:
            raise ConfigError(f"MEET_REDIS_URL: {error}") from None
        bus = cls(pool)
        bus._tasks = [
            asyncio.create_task(bus._keep_up(bus._publish_on), name="bus: publish"),
            asyncio.create_task(bus._keep_up(bus._listen_on), name="bus: listen"),
        ]
        return bus

    async def publish(self, channel: str, message: bytes) -> None:
        """Never waits: what is published in one turn of the loop is sent together at its end."""
        self._queue.append((channel, message))
        self._queued_bytes += len(message)
        while self._queued_bytes > limits.BUS_QUEUE_BYTES:
            self._queued_bytes -= len(self._queue.popleft()[1])
        self._has_queued.set()
        self._is_idle.clear()

    async def subscribe(self, channel: str, handler: Handler) -> Callable[[], Awaitable[None]]:
        """Returns when Redis has confirmed it, or is away: then it holds from the next connection on."""
        is_first = channel not in self._subscriptions
        self._subscriptions.add(channel, handler)
        if is_first:
            self._confirmed[channel] = asyncio.Event()
            await self._tell("SUBSCRIBE", channel)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.BUS_SUBSCRIBE_TIMEOUT_S):
                await self._confirmed[channel].wait()
        is_over = False

        async def end() -> None:
            nonlocal is_over
            if is_over:
                return
            is_over = True
            self._subscriptions.remove(channel, handler)
            if channel not in self._subscriptions:
                del self._confirmed[channel]
                await self._tell("UNSUBSCRIBE", channel)

        return end

    async def close(self) -> None:
        """Send what is queued, if that goes at once, and end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.BUS_SILENCE_S):
                await self._is_idle.wait()
        await _end(*self._tasks)

    # --- connections

    async def _keep_up(self, use: Callable[[Connection], Awaitable[None]]) -> None:
        """Connect, `use` the connection until it is lost, and again."""
        pause_s = 0.0
        while True:
            connection: Connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                await connection.connect()  # type: ignore[no-untyped-call]
                pause_s = 0.0
                await use(connection)
            except LOST as error:
                log.warning('action="bus connection lost" error=%r', str(error))
            finally:
                await _disconnect(connection)
            await asyncio.sleep(random.uniform(pause_s / 2, pause_s))
            pause_s = min(max(0.05, 2 * pause_s), limits.BUS_RECONNECT_S)

    async def _publish_on(self, connection: Connection) -> None:
        while True:
            if not self._queue:
                self._is_idle.set()
                self._has_queued.clear()
                await self._has_queued.wait()
            batch = list(islice(self._queue, limits.BUS_BATCH_MESSAGES))
            for _, message in batch:
                self._queue.popleft()
                self._queued_bytes -= len(message)
            # A batch whose connection is lost is not sent again: half of it may have arrived.
            packed = connection.pack_commands([("PUBLISH", channel, message) for channel, message in batch])
            await connection.send_packed_command(packed, check_health=False)
            for _ in batch:
                with contextlib.suppress(ResponseError):
                    await connection.read_response()

    async def _listen_on(self, connection: Connection) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        self._listening = connection
        watch = asyncio.create_task(self._watch(connection), name="bus: watch")
        try:
            if channels := self._subscriptions.channels:
                await connection.send_command("SUBSCRIBE", *channels, check_health=False)
            await self._read(connection)
        finally:
            self._listening = None
            for channel in self._confirmed:
                self._confirmed[channel].clear()
            await _end(watch)

    async def _read(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time
        while True:
            for _ in range(READS_IN_A_ROW):
                answer: Any = await connection.read_response(timeout=math.inf)
                self._heard_at = now()
                kind = answer[0]
                if kind == b"message":
                    self._subscriptions.deliver(answer[1].decode(), answer[2])
                elif kind == b"subscribe" and (event := self._confirmed.get(answer[1].decode())):
                    event.set()
            await asyncio.sleep(0)

    async def _watch(self, connection: Connection) -> None:
        """A dead peer sends no goodbye: ask it, and hang up when it says nothing."""
        while True:
            await asyncio.sleep(limits.BUS_SILENCE_S / 2)
            silent_s = asyncio.get_running_loop().time() - self._heard_at
            if silent_s >= 2 * limits.BUS_SILENCE_S:
                log.warning('action="bus silent" silent_s=%.1f', silent_s)
                await _disconnect(connection)
                return
            if silent_s >= limits.BUS_SILENCE_S:
                with contextlib.suppress(*LOST):
                    await connection.send_command("PING", check_health=False)

    async def _tell(self, command: str, channel: str) -> None:
        if self._listening is not None:
            # When this fails the connection is lost, and the next one subscribes to all that is wanted then.
            with contextlib.suppress(*LOST):
                await self._listening.send_command(command, channel, check_health=False)


async def _disconnect(connection: Connection) -> None:
    with contextlib.suppress(*LOST):
        await connection.disconnect(nowait=True)


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Cancel, again where it was swallowed: Python 3.11's wait_for does that when its work is done at that moment."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
