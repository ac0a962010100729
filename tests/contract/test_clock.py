"""What every Clock keeps to."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from meetserver.adapters.clock import SystemClock
from meetserver.adapters.memory.clock import LoopClock, ManualClock
from meetserver.ports import Clock


@pytest.mark.parametrize("make", [SystemClock, ManualClock, LoopClock])
async def test_now_is_aware_in_utc_and_does_not_go_back(make: Callable[[], Clock]) -> None:
    clock = make()
    before = clock.now()
    assert before.tzinfo is UTC
    assert clock.now() >= before


def test_the_system_clock_shows_the_machines_time() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_manual_clock_stands_still_until_it_is_advanced() -> None:
    clock = ManualClock()
    before = clock.now()
    assert clock.now() == before
    clock.advance(1.5)
    assert clock.now() - before == timedelta(seconds=1.5)


def test_a_loop_clock_goes_with_its_loop() -> None:
    class Loop(asyncio.SelectorEventLoop):
        at = 1000.0

        def time(self) -> float:
            return self.at

    loop = Loop()

    async def pass_an_hour() -> timedelta:
        clock = LoopClock()
        before = clock.now()
        loop.at += 3600
        return clock.now() - before

    try:
        assert loop.run_until_complete(pass_an_hour()) == timedelta(hours=1)
    finally:
        loop.close()
