"""How a process sees that it does not keep up, and whom it lets in then."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from meetserver import limits
from meetserver.actors.pressure import UNWATCHED, Pressure
from meetserver.chat import messages as chat
from meetserver.errors import Busy
from meetserver.whiteboard import messages as whiteboard
from tests.simulation.virtual_time import run_virtual

LAG_S = limits.PRESSURE_LAG_S
COMMIT_LAG_S = limits.PRESSURE_COMMIT_LAG_S
POINTER = whiteboard.PointerMove(1, 2)
MESSAGE = chat.Send(text="hi")


def looked(pressure: Pressure, loop_lag_s: float, looks: int = limits.PRESSURE_LOOKS_WORSE) -> Pressure:
    for _ in range(looks):
        pressure.look(loop_lag_s)
    return pressure


def test_a_calm_process_sheds_nothing_and_takes_its_share() -> None:
    pressure = looked(Pressure(), 0.01)
    assert pressure.level == 0
    assert pressure.sheds(MESSAGE) is None
    assert not pressure.sheds_told("pointer")
    assert pressure.weight == 1.0
    pressure.admit()


@pytest.mark.parametrize(("level", "weight"), [(1, 0.5), (2, 0.0), (3, 0.0)])
def test_a_busy_one_is_given_fewer_rooms(level: int, weight: float) -> None:
    pressure = looked(Pressure(), LAG_S[level - 1])
    assert pressure.level == level
    assert pressure.weight == weight


def test_newcomers_wait_from_level_two_on() -> None:
    looked(Pressure(), LAG_S[0]).admit()
    with pytest.raises(Busy) as refused:
        looked(Pressure(), LAG_S[1]).admit()
    assert refused.value.refusal.retry_after_s == limits.SHED_RETRY_S


def test_unsent_bytes_count() -> None:
    pressure = Pressure()
    pressure.unsent_bytes = limits.PRESSURE_UNSENT_BYTES[2] - 1
    assert looked(pressure, 0).level == 2
    pressure.unsent_bytes += 1
    assert looked(pressure, 0).level == 3


def test_a_slow_database_sheds_what_is_stored_alone() -> None:
    pressure = looked(Pressure(commit_lag_s=lambda: COMMIT_LAG_S[2]), 0)
    assert pressure.level == 3
    assert pressure.sheds(MESSAGE) is not None
    assert pressure.sheds(POINTER) is None
    assert not pressure.sheds_told("pointer")


def test_it_is_calm_again_by_and_by() -> None:
    pressure = looked(Pressure(), LAG_S[2])
    looked(pressure, 0, 3 * limits.PRESSURE_LOOKS_BETTER)
    assert pressure.level == 0
    assert pressure.weight == 1.0


# --- admission


@pytest.fixture
def full() -> Iterator[Pressure]:
    """With one seat, which is taken."""
    pressure = Pressure(max_members=1)
    with pressure.seat():
        pressure.admit()
        yield pressure


def test_a_full_one_lets_nobody_new_in(full: Pressure) -> None:
    assert full.weight == 0.0
    with full.seat(), pytest.raises(Busy, match="full") as refused:
        full.admit()
    assert refused.value.refusal.retry_after_s == limits.FULL_RETRY_S


def test_a_seat_is_free_again_however_somebody_goes(full: Pressure) -> None:
    with pytest.raises(ValueError, match="gone"), full.seat():
        raise ValueError("gone")
    assert full.members == 1


def test_nobody_looks_at_the_unwatched() -> None:
    assert UNWATCHED.level == 0


# --- looking


def test_a_loop_that_is_late_again_and_again_is_seen() -> None:
    async def run() -> None:
        pressure, loop = Pressure(), asyncio.get_running_loop()
        watch = asyncio.ensure_future(pressure.watch())

        def hold_up(seconds: float) -> None:
            loop._jumping.now += seconds  # type: ignore[attr-defined]

        await asyncio.sleep(1)
        assert pressure.level == 0
        hold_up(60)  # a laptop's lid
        await asyncio.sleep(0.9 * limits.PRESSURE_LOOK_S)
        assert pressure.loop_lag_s > 50
        await asyncio.sleep(1)
        assert pressure.level == 0
        for _ in range(12):  # so much to do that each turn of the loop takes this long
            hold_up(0.2)
            await asyncio.sleep(0)
        assert 0.3 < pressure.loop_lag_s < 1
        assert pressure.level == 2
        await asyncio.sleep(limits.PRESSURE_LOOK_S * (2 * limits.PRESSURE_LOOKS_BETTER + 1))
        assert pressure.level == 0
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)

    run_virtual(run())


def test_a_change_of_level_is_logged(caplog: Any) -> None:
    looked(Pressure(), LAG_S[1])
    assert "action=pressure level=2 before=0" in caplog.text
