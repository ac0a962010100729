"""Waiting for what another process, or the database, will show."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 30.0
LOOK_AGAIN_S = 0.005


async def eventually(look: Callable[[], Awaitable[T]]) -> T:
    """The first truthy thing that `look` finds. Raises TimeoutError when none comes."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await look()):  # noqa: ASYNC110 - a database sets no asyncio.Event
            await asyncio.sleep(LOOK_AGAIN_S)
        return found
