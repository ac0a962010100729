"""Clocks that a test moves."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2030, 1, 7, 12, 0, tzinfo=UTC)


class ManualClock:
    """Stands still until it is advanced."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class LoopClock:
    """Goes with the running loop's own time: under a virtual-time loop, it is the virtual time."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._zero = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=asyncio.get_running_loop().time() - self._zero)
