"""How many long answers are under way at the same time: for one person, and in all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from meetserver import limits
from meetserver.errors import Busy, RateLimited

AGAIN_S = 5.0


class AtOnce:
    """Of one process. `each` for one person, `all_` together."""

    def __init__(self, each: int, all_: int) -> None:
        self._each = each
        self._all = all_
        self._under_way: Counter[str] = Counter()

    @property
    def under_way(self) -> int:
        return self._under_way.total()

    @contextmanager
    def one_more(self, person: str) -> Iterator[None]:
        """As long as it lasts. Raises RateLimited, Busy."""
        if self._under_way[person] >= self._each:
            raise RateLimited("as many of yours are under way already", retry_after_s=AGAIN_S)
        if self.under_way >= self._all:
            raise Busy("too many are under way already", retry_after_s=AGAIN_S)
        self._under_way[person] += 1
        try:
            yield
        finally:
            self._under_way[person] -= 1
            if not self._under_way[person]:
                del self._under_way[person]


def exports_at_once() -> AtOnce:
    return AtOnce(limits.EXPORTS_OF_ONE, limits.EXPORTS_AT_ONCE)
