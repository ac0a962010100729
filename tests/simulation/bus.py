"""A bus between simulated shards that loses, delays and reorders what it carries, by seed."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from meetserver.adapters.subscriptions import Handler, Subscriptions


class SimulatedNetwork:
    """What all buses of a simulation share. `loss` is the part of messages that is lost; those of one publisher
    overtake each other, as each has a delay of its own."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.buses: list[SimulatedBus] = []
        self.loss = 0.0
        self.slowest_s = 0.01
        self.is_away = False


class SimulatedBus:
    """Implements `ports.Bus` for one shard; `is_cut` makes it deaf and mute."""

    def __init__(self, network: SimulatedNetwork) -> None:
        self._network = network
        self._subscriptions = Subscriptions()
        self.is_cut = False
        network.buses.append(self)

    @property
    def is_up(self) -> bool:
        return not (self.is_cut or self._network.is_away)

    async def publish(self, channel: str, message: bytes) -> None:
        network = self._network
        if self.is_up and network.chance.random() >= network.loss:
            delay_s = network.chance.uniform(0, network.slowest_s)
            asyncio.get_running_loop().call_later(delay_s, self._deliver, channel, message)

    async def subscribe(self, channel: str, handler: Handler) -> Callable[[], Awaitable[None]]:
        self._subscriptions.add(channel, handler)

        async def end() -> None:
            self._subscriptions.remove(channel, handler)

        return end

    async def close(self) -> None:
        self._network.buses.remove(self)

    def _deliver(self, channel: str, message: bytes) -> None:
        for bus in list(self._network.buses):
            if bus.is_up:
                bus._subscriptions.deliver(channel, message)
