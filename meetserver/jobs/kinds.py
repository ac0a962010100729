"""What a kind of job is: its handler, how often it is tried, how long it waits in between."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from msgspec import Struct

from meetserver import limits
from meetserver.messages import Json
from meetserver.ports import Random


class Backoff(Struct, frozen=True):
    """Exponential, in seconds, with the lower half left to chance so that what failed together does not return so."""

    first_s: float = 5.0
    longest_s: float = 3600.0
    factor: float = 2.0

    def delay_s(self, attempt: int, random: Random) -> float:
        """Wait this long after try number `attempt`, counted from 1."""
        # Bounded before it is raised: a float overflows at the 1,024th doubling.
        longest = min(self.first_s * self.factor ** min(attempt - 1, 64), self.longest_s)
        return random.uniform(longest / 2, longest)


class Job(Protocol):
    """What a handler is given. It may run more than once: a process that dies in the middle is taken over from."""

    id: str
    kind: str
    payload: Json
    attempt: int

    async def progress(self, done: int, total: int | None = None) -> None:
        """Let others see how far it is."""


Handler: TypeAlias = Callable[[Job], Awaitable[None]]


class Kind(Struct, frozen=True):
    """`every_s`: a periodic job, else None."""

    name: str
    handler: Handler
    max_attempts: int
    backoff: Backoff
    timeout_s: float = limits.JOB_TIMEOUT_S
    every_s: float | None = None
