"""The socket's own limits, and the process's lease, where they once did not hold."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from meetserver import limits
from meetserver.adapters.memory.clock import LoopClock
from meetserver.adapters.memory.leases import MemoryLeases
from meetserver.adapters.memory.random import SeededRandom
from meetserver.cluster.membership import Membership
from meetserver.errors import Unavailable
from meetserver.http.flood import Flood
from meetserver.ids import ShardId
from tests.simulation.virtual_time import run_virtual

TTL_S = 9.0


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


def _with_lease(scene: Callable[[Membership, MemoryLeases], Awaitable[None]]) -> None:
    async def run() -> None:
        leases = MemoryLeases(LoopClock())
        membership = Membership(leases, ShardId("s"), TTL_S, SeededRandom(1), lambda: None)
        await membership.join()
        await scene(membership, leases)
        await membership.leave()

    run_virtual(run())


def test_a_shard_whose_database_is_away_does_not_hold_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> bool:
        raise Unavailable("the database cannot be reached")

    async def scene(membership: Membership, leases: MemoryLeases) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(leases, "renew", away)
            patch.setattr(leases, "live", away)
            await asyncio.sleep(2 * TTL_S)
            assert not membership.is_held
        await asyncio.sleep(TTL_S)
        assert membership.is_held

    _with_lease(scene)


def test_a_renewal_that_fails_in_any_way_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> bool:
        raise DBAPIError("UPDATE shard_lease", None, Exception("terminating connection"))

    async def scene(membership: Membership, leases: MemoryLeases) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(leases, "renew", fails)
            await asyncio.sleep(TTL_S / 2)
        await asyncio.sleep(2 * TTL_S)
        assert membership.is_held
        assert [lease.shard for lease in await leases.live()] == ["s"]

    _with_lease(scene)
