"""Whether shards whose leases have run out are dead, or only could not renew them because the database was away."""


class Outage:
    """One process's view of the database. All times are the loop's."""

    def __init__(self, ttl_s: float, now: float) -> None:
        self._ttl_s = ttl_s
        self._had_at = now
        self._sure_from = now
        self._is_on = False

    def failed(self) -> bool:
        """The database did not answer; whether that is news."""
        is_news, self._is_on = not self._is_on, True
        return is_news

    def answered(self, asked_at: float, now: float) -> None:
        """After half a lease without it, the others get a whole one to show themselves; one may be frozen as well."""
        was_away = self._is_on or now - asked_at > self._ttl_s / 2
        if was_away and now - self._had_at > self._ttl_s / 2:
            self._sure_from = now + self._ttl_s
        self._had_at, self._is_on = now, False

    def is_sure(self, now: float) -> bool:
        """Who has no lease is dead."""
        return not self._is_on and now >= self._sure_from
