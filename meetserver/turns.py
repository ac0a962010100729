"""Work that would take the event loop for too long, in turns: a generator that stops every so often, and its drivers.

Whoever writes such a generator needs no loop: it is as pure as a function.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import TypeAlias, TypeVar

from meetserver import limits

T = TypeVar("T")

Turns: TypeAlias = Generator[None, None, T]
"""Stops where others may have their turn; returns what comes of it."""


def at_once(turns: Turns[T]) -> T:
    """For whoever has no loop to share, or little to do."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


class Pace:
    """Of somebody who does one thing after the other."""

    def __init__(self) -> None:
        self._time = asyncio.get_running_loop().time
        self._until = self._time() + limits.TURN_S

    async def keep(self) -> None:
        """The loop goes on with all else after each limits.TURN_S."""
        if self._time() > self._until:
            await asyncio.sleep(0)
            self._until = self._time() + limits.TURN_S


async def paced(pieces: Iterator[bytes]) -> AsyncGenerator[bytes]:
    """Those that are not empty, as `in_turns`."""
    pace = Pace()
    for piece in pieces:
        await pace.keep()
        if piece:
            yield piece


async def in_turns(turns: Turns[T]) -> T:
    """All of it, at its pace."""
    pace = Pace()
    while True:
        try:
            next(turns)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        await pace.keep()
