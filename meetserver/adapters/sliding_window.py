"""The arithmetic of a sliding window counter: what was taken in this window, and of the one before as much as still
reaches into the last `per_s` seconds, as if it had been taken evenly. Pure.
"""

from math import floor
from typing import NamedTuple

from meetserver.limits import Rate
from meetserver.ports import Allowance

AFTER_S = 0.001
"""A moment later: at the edge itself there is no room yet."""


class Window(NamedTuple):
    """`left_s`: until the current window ends and becomes the previous one."""

    previous: int = 0
    current: int = 0
    left_s: float = 0.0

    def taken(self, rate: Rate) -> int:
        return floor(self.previous * self.left_s / rate.per_s) + self.current

    def allowance(self, rate: Rate, *, is_allowed: bool) -> Allowance:
        remaining = max(0, rate.amount - self.taken(rate))
        reset_s = self._all_s(rate) if remaining else self._one_s(rate)
        return Allowance(is_allowed, rate.amount, remaining, reset_s)

    def _all_s(self, rate: Rate) -> float:
        """Until all is there again."""
        if self.current:
            return self.left_s + rate.per_s
        return self.left_s if self.previous else 0.0

    def _one_s(self, rate: Rate) -> float:
        """Until there is one again: once the part of the previous window that counts is small enough."""
        free = rate.amount - self.current
        if free > 0:
            return self.left_s - free * rate.per_s / self.previous + AFTER_S
        return self.left_s + (1 - rate.amount / self.current) * rate.per_s + AFTER_S
