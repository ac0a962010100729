"""The process's lease while its database is in trouble."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from meetserver.adapters.memory.clock import LoopClock
from meetserver.adapters.memory.leases import MemoryLeases
from meetserver.adapters.memory.random import SeededRandom
from meetserver.cluster.membership import Membership
from meetserver.errors import ConfigError, Unavailable
from meetserver.ids import ShardId
from tests.simulation.virtual_time import run_virtual

TTL_S = 9.0


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


def test_a_second_shard_on_the_same_database_is_refused_with_a_sentence() -> None:
    async def scene(membership: Membership, leases: MemoryLeases) -> None:
        other = Membership(leases, ShardId("other"), TTL_S, SeededRandom(2), lambda: None)
        with pytest.raises(ConfigError, match="another meetserver"):
            await other.join()

    _with_lease(scene)


def test_a_successor_takes_the_name_at_once_and_the_older_one_stops() -> None:
    async def scene(membership: Membership, leases: MemoryLeases) -> None:
        stopped = asyncio.Event()
        older = Membership(leases, ShardId("s"), TTL_S, SeededRandom(3), stopped.set)
        await older.join()
        await membership.leave()
        newer = Membership(leases, ShardId("s"), TTL_S, SeededRandom(4), lambda: None)
        await newer.join()
        await asyncio.wait_for(stopped.wait(), TTL_S)
        assert newer.is_held
        await older.leave()
        await newer.leave()

    _with_lease(scene)
