"""The bus of a server that is one process."""

import asyncio
from collections.abc import Awaitable, Callable

from meetserver.adapters.subscriptions import Handler, Subscriptions


class MemoryBus:
    """Buses that know each other reach each other: `MemoryBus(peers=first.peers)` stands for another process."""

    def __init__(self, peers: "list[MemoryBus] | None" = None) -> None:
        self.peers = [] if peers is None else peers
        self.peers.append(self)
        self._subscriptions = Subscriptions()

    @property
    def is_up(self) -> bool:
        return self in self.peers

    async def publish(self, channel: str, message: bytes) -> None:
        # In a later turn of the loop, as from elsewhere: nobody is called while he still publishes.
        asyncio.get_running_loop().call_soon(self._deliver, channel, message)

    async def subscribe(self, channel: str, handler: Handler) -> Callable[[], Awaitable[None]]:
        self._subscriptions.add(channel, handler)
        is_over = False

        async def end() -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                self._subscriptions.remove(channel, handler)

        return end

    async def close(self) -> None:
        if self in self.peers:
            self.peers.remove(self)

    def _deliver(self, channel: str, message: bytes) -> None:
        for bus in list(self.peers):
            bus._subscriptions.deliver(channel, message)
