"""ports.RateLimiter in memory: for each key a sliding window counter."""

from collections import OrderedDict

from meetserver import limits
from meetserver.adapters.sliding_window import Window
from meetserver.limits import Rate
from meetserver.ports import Allowance, Clock


class _Counter:
    __slots__ = ("current", "ends_at", "per_s", "previous")

    def __init__(self, now: float, per_s: float) -> None:
        self.per_s = per_s
        self.ends_at = now + per_s
        self.previous = self.current = 0

    def is_over(self, now: float) -> bool:
        """Nothing of it counts any more."""
        return now >= self.ends_at + self.per_s

    def window(self, now: float) -> Window:
        if now >= self.ends_at:
            self.previous, self.current = self.current, 0
            self.ends_at += self.per_s
        return Window(self.previous, self.current, self.ends_at - now)


class MemoryLimiter:
    """Counts for limits.LIMITER_KEYS keys; above that, those that were used longest ago are forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # The one that was used longest ago stands first.
        self._counters: OrderedDict[tuple[str, str], _Counter] = OrderedDict()

    async def hit(self, rate: Rate, key: str, cost: int = 1) -> Allowance:
        now = self._clock.now().timestamp()
        counter = self._counter(rate, key, now)
        window = counter.window(now)
        if window.taken(rate) + cost > rate.amount:
            return window.allowance(rate, is_allowed=False)
        counter.current += cost
        return counter.window(now).allowance(rate, is_allowed=True)

    async def peek(self, rate: Rate, key: str) -> Allowance:
        now = self._clock.now().timestamp()
        counter = self._counters.get((rate.name, key))
        window = Window() if counter is None or counter.is_over(now) else counter.window(now)
        return window.allowance(rate, is_allowed=window.taken(rate) < rate.amount)

    async def clear(self, rate: Rate, key: str) -> None:
        self._counters.pop((rate.name, key), None)

    def _counter(self, rate: Rate, key: str, now: float) -> _Counter:
        name = (rate.name, key)
        counter = self._counters.get(name)
        if counter is None or counter.is_over(now):
            self._make_room(now)
            counter = self._counters[name] = _Counter(now, rate.per_s)
        self._counters.move_to_end(name)
        return counter

    def _make_room(self, now: float) -> None:
        """Two at most for each that comes, so that no call is a long one."""
        for _ in range(2):
            if not self._counters:
                return
            oldest = next(iter(self._counters.values()))
            if not oldest.is_over(now) and len(self._counters) < limits.LIMITER_KEYS:
                return
            self._counters.popitem(last=False)
