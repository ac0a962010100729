import itertools

import pytest

from meetserver.client.backoff import Backoff, NextStep, next_step


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (1006, NextStep.RESUME),
        (3000, NextStep.RESUME),
        (3499, NextStep.RESUME),
        (3500, NextStep.STOP),
        (3501, NextStep.NEW_TICKET),
        (3505, NextStep.STOP),
        (3999, NextStep.STOP),
        (1000, NextStep.STOP),
    ],
)
def test_a_close_code_says_what_comes_next(code: int, step: NextStep) -> None:
    assert next_step(code) is step


def test_waits_double_up_to_the_most() -> None:
    waits = Backoff(first_s=1, most_s=5).waits(lambda: 1.0)
    assert list(itertools.islice(waits, 5)) == [1, 2, 4, 5, 5]


def test_chance_takes_away_at_most_half() -> None:
    assert next(Backoff(first_s=1).waits(lambda: 0.0)) == 0.5
