"""Flooders are cut; who is a little too fast now and then is not."""

import pytest

from meetserver import limits
from meetserver.http.flood import Flood


@pytest.mark.parametrize("sent_per_s", [1_000, 5_000, 20_000])
def test_a_flooder_is_cut(sent_per_s: int) -> None:
    """It keeps on at this rate whatever it is told: now and then the refilled bucket lets one of its commands pass."""
    flood = Flood(0.0)
    for number in range(60 * sent_per_s):
        flood.take(number / sent_per_s)
        if flood.is_flooding:
            return
    pytest.fail("a minute of flood was borne")


def test_somebody_a_little_too_fast_now_and_then_is_not_cut() -> None:
    flood = Flood(0.0)
    now = 0.0
    for _ in range(60):  # each minute a burst of half a second too many
        for _ in range(limits.COMMAND_BURST + limits.COMMAND_RATE_PER_S // 2):
            flood.take(now)
        assert not flood.is_flooding
        now += 60
