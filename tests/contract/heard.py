"""What came over a bus, and waiting for it."""

import asyncio
from collections.abc import Callable

from meetserver.ports import Bus
from tests.contract.eventually import PATIENCE_S, eventually


class Heard:
    """What a handler was called with."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._changed = asyncio.Event()

    def __call__(self, message: bytes) -> None:
        self.messages.append(message)
        self._changed.set()

    async def until(self, is_so: Callable[[list[bytes]], bool]) -> list[bytes]:
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(self.messages):
                self._changed.clear()
                await self._changed.wait()
        return self.messages

    async def count(self, count: int) -> list[bytes]:
        return await self.until(lambda messages: len(messages) >= count)


async def reaches(bus: Bus, heard: Heard, word: bytes, channel: str = "room") -> None:
    """Publish until it is heard: a connection that was lost needs a moment, and what was sent on it is gone."""
    async with asyncio.timeout(PATIENCE_S):
        while word not in heard.messages:
            await bus.publish(channel, word)
            await asyncio.sleep(0.02)


async def until(is_so: Callable[[], bool]) -> None:
    async def look() -> bool:
        return is_so()

    await eventually(look)
