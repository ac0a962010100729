"""What a row of the matrix is: a fault, and what must hold beyond I1 to I5 when it strikes."""

from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct

from tests.faults.cluster import LEASE_S
from tests.faults.load import Shape
from tests.faults.matrix.scene import Scene, Struck

USUAL = Shape(clients=200, rooms=20, rate_per_s=300)
TAKEN_OVER_S = LEASE_S + 2

Measure = Literal["rooms", "people", "silence", "away"]
"""Seconds from the fault to each concerned room's first new ack; from its end to each client's; each room's longest
time without an ack; each time that a client had no place in its room."""


class Within(Struct, frozen=True):
    """The `quantile` of a measure over all rounds is at most `seconds`."""

    measure: Measure
    seconds: float
    quantile: float = 1.0


class Row(Struct, frozen=True):
    """`strike` makes the fault, and undoes it. `ci` and `full`: rounds to run."""

    name: str
    fault: str
    strike: Callable[[Scene], Awaitable[Struck]]
    within: tuple[Within, ...]
    ci: int
    full: int
    shape: Shape = USUAL
    has_ways: bool = False
    """Its shards reach their servers by ways that can be cut."""
    postgres_bytes: int = 0
    """PostgreSQL's disk has so many bytes; 0: enough."""
    files_bytes: int = 0
    """So has that of the shards' data."""

    @property
    def needs_disk(self) -> bool:
        """Of a fixed size."""
        return bool(self.postgres_bytes or self.files_bytes)
