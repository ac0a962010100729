"""How long a run is: that of `make test` takes minutes, that of `make test-long` leaves nothing out."""

import os
from typing import TypeVar

T = TypeVar("T")

IS_LONG = os.environ.get("MEET_TEST_LONG") == "1"


def by_length(*, short: T, long: T) -> T:
    """Which of the two this run takes. A test that says how much it did tells it in `counted` (tests/counts.py)."""
    return long if IS_LONG else short
