"""How many commands a connection may send: a token bucket, and a count of refusals that passed commands pay off."""

from meetserver import limits


class Flood:
    """Time is the loop's, in seconds."""

    def __init__(
        self, now: float, *, rate_per_s: float = limits.COMMAND_RATE_PER_S, burst: float = limits.COMMAND_BURST
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = burst
        self._at = now
        self._refused = 0

    def take(self, now: float) -> bool:
        """Whether one more command may pass."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate_per_s)
        self._at = now
        if self._tokens < 1:
            self._refused += 1
            return False
        self._tokens -= 1
        self._refused = max(0, self._refused - 1)
        return True

    @property
    def retry_after_s(self) -> float:
        return max(0.001, round((1 - self._tokens) / self._rate_per_s, 3))

    @property
    def is_flooding(self) -> bool:
        """It does not listen to refusals."""
        return self._refused > limits.FLOOD_REFUSALS
