"""How many commands may come: a token bucket for each connection, one for all connections of a person, and a count of
refusals that passed commands pay off.
"""

from collections import Counter, OrderedDict

from meetserver import limits


class Bucket:
    """Time is the loop's, in seconds."""

    def __init__(self, now: float, rate_per_s: float, burst: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Whether one more may pass."""
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def is_whole(self, now: float) -> bool:
        self._fill(now)
        return self._tokens >= self._burst

    @property
    def retry_after_s(self) -> float:
        """When the next may pass; as of the last look."""
        return max(0.001, round((1 - self._tokens) / self._rate_per_s, 3))

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate_per_s)
        self._at = now


class People:
    """The buckets of whoever is connected, and of who went with an empty one. `factor` is the setting rate_factor; with
    0 nobody has one."""

    def __init__(self, factor: float = 1.0) -> None:
        self._factor = factor
        self._here: Counter[str] = Counter()
        self._buckets: dict[str, Bucket] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def enter(self, person: str, now: float) -> Bucket | None:
        """One more connection of this person."""
        if not self._factor:
            return None
        self._here[person] += 1
        self._gone.pop(person, None)
        if person not in self._buckets:
            self._buckets[person] = Bucket(
                now, limits.PERSON_RATE_PER_S * self._factor, max(1.0, limits.PERSON_BURST * self._factor)
            )
        return self._buckets[person]

    def leave(self, person: str, now: float) -> None:
        if not self._factor:
            return
        self._here[person] -= 1
        if not self._here[person]:
            del self._here[person]
            self._gone[person] = None
        self._forget(now)

    def _forget(self, now: float) -> None:
        """Those gone longest, while a new bucket would be no better than theirs, or there are too many."""
        while self._gone:
            person = next(iter(self._gone))
            if len(self._gone) <= limits.PERSONS_REMEMBERED and not self._buckets[person].is_whole(now):
                return
            del self._gone[person], self._buckets[person]


class Flood:
    """One connection's. `person` is shared with others, once it is known whose connection it is."""

    def __init__(self, now: float) -> None:
        self._own = Bucket(now, limits.COMMAND_RATE_PER_S, limits.COMMAND_BURST)
        self._refused = 0
        self._empty = self._own
        self.person: Bucket | None = None

    def take(self, now: float) -> bool:
        """Whether one more command may pass."""
        for bucket in (self._own, self.person):
            if bucket is not None and not bucket.take(now):
                self._empty = bucket
                self._refused += 1
                return False
        self._refused = max(0, self._refused - 1)
        return True

    @property
    def retry_after_s(self) -> float:
        """After a refusal."""
        return self._empty.retry_after_s

    @property
    def is_flooding(self) -> bool:
        """It does not listen to refusals."""
        return self._refused > limits.FLOOD_REFUSALS
