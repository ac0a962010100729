"""The bus between processes: sharded pub/sub of Redis 7 or Valkey, one server or a cluster.

It may lose messages whenever a connection is lost or a slot moves to another node, and doubles none. Who needs more
compares notes with the owner. redis-py's own PubSub, pipelines and cluster client cost several times as much for each
message as the plain connections used here.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Self

from meetserver import limits
from meetserver.adapters.bus_lanes import Lanes, Outgoing
from meetserver.adapters.bus_listeners import Listeners
from meetserver.adapters.bus_nodes import Nodes
from meetserver.adapters.memory.bus import MemoryBus
from meetserver.adapters.subscriptions import Handler, Subscriptions
from meetserver.adapters.tls import redis_tls
from meetserver.config import Config
from meetserver.ports import Bus


async def open_bus(config: Config) -> Bus:
    """Redis where there is one, else this process alone. Raises ConfigError."""
    return await RedisBus.open(config.redis_url, redis_tls(config)) if config.redis_url else MemoryBus()


class RedisBus:
    """Made by `open`, in a running loop; goes on without Redis, and begins anew when it is back."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._subscriptions = Subscriptions()
        self._lanes = Lanes(nodes)
        self._listeners = Listeners(nodes, self._subscriptions.deliver)

    @classmethod
    async def open(cls, url: str, tls: Mapping[str, Any] = MappingProxyType({})) -> Self:
        """`url`: the server's, or that of any node of a cluster. `tls`: adapters/tls.py's options.

        Raises ConfigError for a URL it cannot use. Redis need not be there.
        """
        return cls(Nodes(url, tls))

    @property
    def is_up(self) -> bool:
        return self._lanes.is_up and self._listeners.is_up

    async def publish(self, channel: str, message: bytes) -> None:
        """Never waits: what is published in one turn of the loop is sent together at its end."""
        self._lanes.put(Outgoing(channel, message))

    async def subscribe(self, channel: str, handler: Handler) -> Callable[[], Awaitable[None]]:
        """Returns when Redis has confirmed it, or is away: then it holds from the next connection on."""
        is_first = channel not in self._subscriptions
        self._subscriptions.add(channel, handler)
        if is_first:
            await self._listeners.add(channel)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.BUS_SUBSCRIBE_TIMEOUT_S):
                await self._listeners.wanted[channel].is_held.wait()
        is_over = False

        async def end() -> None:
            nonlocal is_over
            if is_over:
                return
            is_over = True
            self._subscriptions.remove(channel, handler)
            if channel not in self._subscriptions:
                await self._listeners.remove(channel)

        return end

    async def close(self) -> None:
        """Send what is queued, if that goes at once, and end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limits.BUS_SILENCE_S):
                await self._lanes.wait_sent()
        await self._nodes.close()
