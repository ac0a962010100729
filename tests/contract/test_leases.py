"""What every lease store promises."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text

from meetserver.adapters.engine import open_database
from meetserver.adapters.leases import SqlLeases
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.leases import MemoryLeases
from meetserver.ids import ShardId
from meetserver.ports import Lease, LeaseStore

ONE, TWO = ShardId("shard-1"), ShardId("shard-2")
AGES_S = 1000.0


class Leases:
    """A lease store whose time can be made to pass."""

    def __init__(self, store: LeaseStore, pass_: Callable[[float], Awaitable[None]]) -> None:
        self.store = store
        self.time_passes = pass_

    async def live(self) -> list[tuple[str, str]]:
        return [(lease.shard, lease.incarnation) for lease in await self.store.live()]

    async def standing(self) -> list[tuple[bool, float, str]]:
        return [(lease.is_draining, lease.weight, lease.address) for lease in await self.store.live()]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def leases(request: pytest.FixtureRequest) -> AsyncIterator[Leases]:
    if request.param == "memory":
        clock = ManualClock()

        async def advance(seconds: float) -> None:
            clock.advance(seconds)

        yield Leases(MemoryLeases(clock), advance)
        return
    database = open_database(request.getfixturevalue(f"{request.param}_config"))

    async def age(seconds: float) -> None:
        """The database's clock stays; its rows grow old instead."""
        if request.param == "sqlite":
            older = f"strftime('%Y-%m-%d %H:%M:%f000', expires_at, '-{seconds} seconds')"
        else:
            older = f"expires_at - interval '{seconds} seconds'"
        await database.write(text(f"UPDATE shard_lease SET expires_at = {older}"))

    yield Leases(SqlLeases(database), age)
    await database.close()


async def test_who_has_a_lease_lives(leases: Leases) -> None:
    lease = await leases.store.acquire(TWO, "b", 10)
    await leases.store.acquire(ONE, "a", 10)
    assert await leases.live() == [("shard-1", "a"), ("shard-2", "b")]
    assert lease in await leases.store.live()


async def test_a_lease_runs_out(leases: Leases) -> None:
    await leases.store.acquire(ONE, "a", 10)
    await leases.time_passes(9)
    assert await leases.live() == [("shard-1", "a")]
    await leases.time_passes(1)
    assert await leases.live() == []


async def test_a_renewed_lease_lives_on(leases: Leases) -> None:
    await leases.store.acquire(ONE, "a", 10)
    await leases.time_passes(9)
    assert await leases.store.renew(ONE, "a", 10)
    await leases.time_passes(9)
    assert await leases.live() == [("shard-1", "a")]


async def test_a_lease_that_ran_out_is_not_renewed(leases: Leases) -> None:
    await leases.store.acquire(ONE, "a", 10)
    await leases.time_passes(11)
    assert not await leases.store.renew(ONE, "a", 10)
    assert await leases.live() == []


async def test_a_new_start_supersedes_the_old_one_at_once(leases: Leases) -> None:
    await leases.store.acquire(ONE, "old", AGES_S)
    await leases.store.acquire(ONE, "new", 10)
    assert not await leases.store.renew(ONE, "old", AGES_S)
    assert await leases.live() == [("shard-1", "new")]


async def test_a_renewal_says_how_the_shard_is(leases: Leases) -> None:
    await leases.store.acquire(ONE, "a", 10, "http://10.0.0.1:8080")
    assert await leases.standing() == [(False, 1.0, "http://10.0.0.1:8080")]
    assert await leases.store.renew(ONE, "a", 10, is_draining=True, weight=0.5)
    assert await leases.standing() == [(True, 0.5, "http://10.0.0.1:8080")]
    assert await leases.store.renew(ONE, "a", 10)
    assert await leases.standing() == [(False, 1.0, "http://10.0.0.1:8080")]


async def test_a_new_start_inherits_nothing(leases: Leases) -> None:
    await leases.store.acquire(ONE, "old", AGES_S, "http://10.0.0.1:8080")
    await leases.store.renew(ONE, "old", AGES_S, is_draining=True, weight=0.0)
    lease = await leases.store.acquire(ONE, "new", 10, "http://10.0.0.2:8080")
    assert await leases.standing() == [(False, 1.0, "http://10.0.0.2:8080")]
    assert await leases.store.live() == [lease]


async def test_who_was_superseded_changes_nothing(leases: Leases) -> None:
    await leases.store.acquire(ONE, "old", 10)
    await leases.store.acquire(ONE, "new", 10)
    assert not await leases.store.renew(ONE, "old", 10, is_draining=True, weight=0.0)
    assert await leases.standing() == [(False, 1.0, "")]


async def test_a_release_ends_the_lease_but_no_others(leases: Leases) -> None:
    await leases.store.acquire(ONE, "old", 10)
    await leases.store.acquire(ONE, "new", 10)
    await leases.store.release(ONE, "old")
    assert await leases.live() == [("shard-1", "new")]
    await leases.store.release(ONE, "new")
    assert await leases.live() == []


async def test_only_who_ran_out_is_marked_dead(leases: Leases) -> None:
    await leases.store.acquire(ONE, "a", 10)
    assert not await leases.store.mark_dead(ONE, "a")
    await leases.time_passes(11)
    assert await leases.store.mark_dead(ONE, "a")
    assert not await leases.store.renew(ONE, "a", 10)


async def test_who_is_not_there_is_dead(leases: Leases) -> None:
    assert await leases.store.mark_dead(ONE, "never was")
    await leases.store.acquire(ONE, "new", 10)
    assert await leases.store.mark_dead(ONE, "old")
    assert await leases.live() == [("shard-1", "new")]


async def test_of_many_that_start_at_once_under_one_name_one_holds_it(leases: Leases) -> None:
    taken: list[Lease] = await asyncio.gather(*(leases.store.acquire(ONE, f"{n}", 10) for n in range(10)))
    renewed = [await leases.store.renew(ONE, lease.incarnation, 10) for lease in taken]
    assert sum(renewed) == 1
