"""Many waits of the same length, and one timer for them all."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

LOOK_EVERY_S = 0.5
"""What is overdue is found this much later at most."""


class Deadlines(Generic[K]):
    def __init__(self, wait_s: float, overdue: Callable[[K], None]) -> None:
        """`overdue` is called once with each key whose wait was not stopped within `wait_s`."""
        self._wait_s = wait_s
        self._overdue = overdue
        # In the order in which they began, which is the order in which they end.
        self._due: dict[K, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self, key: K) -> None:
        """Begin a wait; one that runs goes on as it is."""
        if key in self._due:
            return
        loop = asyncio.get_running_loop()
        self._due[key] = loop.time() + self._wait_s
        if self._timer is None:
            self._timer = loop.call_later(LOOK_EVERY_S, self._look)

    def stop(self, key: K) -> None:
        self._due.pop(key, None)

    def oldest(self) -> K | None:
        """Who has been waited for the longest."""
        return next(iter(self._due), None)

    def close(self) -> None:
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._due:
            key, due = next(iter(self._due.items()))
            if due > now:
                break
            del self._due[key]
            self._overdue(key)
        self._timer = loop.call_later(LOOK_EVERY_S, self._look) if self._due else None
