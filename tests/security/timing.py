"""Whether two calls take as long as each other, on a machine that does other things too.

What is measured is the processor's time in this process, of all its threads: client, server and SQLite are in it, and
whatever else runs is not. Neither call waits for anything that the other does not: that their work is the same is
compared besides.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

Call = Callable[[], Awaitable[Any]]

SAME_WITHIN: Final = 0.05
ROUNDS: Final = 20
PAIRS_A_ROUND: Final = 15


async def _nothing() -> None:
    pass


async def difference(first: Call, second: Call, *, before_each: Call = _nothing, rounds: int = ROUNDS) -> float:
    """How much longer one of the two takes, as a part of the shorter: of the medians of calls in turn, each of which
    comes first as often as the other. More of them are made until what is only chance is gone."""
    calls = (first, second)
    taken: tuple[list[float], list[float]] = ([], [])
    found = 1.0
    for _ in range(rounds):
        for number in range(PAIRS_A_ROUND):
            for which in (0, 1) if number % 2 else (1, 0):
                await before_each()
                began = time.process_time()
                await calls[which]()
                taken[which].append(time.process_time() - began)
        one, other = (statistics.median(times) for times in taken)
        found = abs(one - other) / min(one, other)
        if found < SAME_WITHIN:
            break
    return found
