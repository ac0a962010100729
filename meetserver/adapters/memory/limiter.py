"""ports.RateLimiter in memory: the times of what was taken, by rate and key."""

from collections import deque

from meetserver.limits import Rate
from meetserver.ports import Allowance, Clock


class MemoryLimiter:
    """Exact, and for tests and one process's own needs: it keeps a time for each hit within the window."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hits: dict[tuple[str, str], deque[float]] = {}

    async def hit(self, rate: Rate, key: str, cost: int = 1) -> Allowance:
        hits = self._current(rate, key)
        if len(hits) + cost > rate.amount:
            return self._allowance(rate, hits, is_allowed=False)
        hits.extend([self._clock.now().timestamp()] * cost)
        return self._allowance(rate, hits, is_allowed=True)

    async def peek(self, rate: Rate, key: str) -> Allowance:
        hits = self._current(rate, key)
        return self._allowance(rate, hits, is_allowed=len(hits) < rate.amount)

    async def clear(self, rate: Rate, key: str) -> None:
        self._hits.pop((rate.name, key), None)

    def _current(self, rate: Rate, key: str) -> deque[float]:
        hits = self._hits.setdefault((rate.name, key), deque())
        while hits and hits[0] <= self._clock.now().timestamp() - rate.per_s:
            hits.popleft()
        return hits

    def _allowance(self, rate: Rate, hits: deque[float], *, is_allowed: bool) -> Allowance:
        reset_s = hits[0] + rate.per_s - self._clock.now().timestamp() if hits else 0.0
        return Allowance(is_allowed, rate.amount, max(0, rate.amount - len(hits)), max(0.0, reset_s))
