"""Who lives, as one process sees it: others come, go and die, and the database is away."""

import asyncio
from typing import Any

import pytest

from meetserver.cluster import membership as module
from meetserver.errors import MeetError, Unavailable
from tests.unit.cluster.leased import AWAY, LOOKED_S, TTL_S, Cluster, in_cluster, names


def test_all_see_who_comes_and_who_leaves() -> None:
    async def scene(cluster: Cluster) -> None:
        one = await cluster.start("one")
        seen = list[str]()
        one.on_change.append(lambda: seen.append(names(one)))
        two = await cluster.start("two")
        assert names(two) == "one two"
        await asyncio.sleep(LOOKED_S)
        assert names(one) == "one two"
        await two.leave()
        await asyncio.sleep(LOOKED_S)
        assert seen == ["one two", "one"]

    in_cluster(scene)


def test_who_died_is_gone_when_its_lease_has_run_out() -> None:
    async def scene(cluster: Cluster) -> None:
        one, two = await cluster.start("one"), await cluster.start("two")
        Cluster.kill(two)
        await asyncio.sleep(TTL_S - 0.1)
        assert names(one) == "one two"
        await asyncio.sleep(LOOKED_S + 0.1)
        assert names(one) == "one"

    in_cluster(scene)


def test_nothing_is_told_while_nothing_changes() -> None:
    async def scene(cluster: Cluster) -> None:
        one, _ = await cluster.start("one"), await cluster.start("two")
        await one.refresh()
        seen = list[str]()
        one.on_change.append(lambda: seen.append(names(one)))
        await asyncio.sleep(10 * TTL_S)
        assert seen == []

    in_cluster(scene)


def test_who_drains_says_so_at_once_and_to_all() -> None:
    async def scene(cluster: Cluster) -> None:
        one, two = await cluster.start("one"), await cluster.start("two")
        await one.refresh()
        seen = list[list[bool]]()
        one.on_change.append(lambda: seen.append([member.is_draining for member in one.members]))
        two.on_change.append(lambda: seen.append([member.is_draining for member in two.members]))
        await two.drain()
        assert seen == [[False, True]]
        await one.refresh()
        assert seen == [[False, True], [False, True]]
        await asyncio.sleep(3 * TTL_S)
        assert [member.is_draining for member in one.members] == [False, True]

    in_cluster(scene)


def test_who_drains_knows_all_who_may_take_its_rooms() -> None:
    async def scene(cluster: Cluster) -> None:
        one = await cluster.start("one")
        await cluster.start("two")
        await one.drain()
        assert names(one) == "one two"

    in_cluster(scene)


def test_a_drain_goes_on_without_the_database_and_is_told_when_that_is_back() -> None:
    async def scene(cluster: Cluster) -> None:
        one, two = await cluster.start("one"), await cluster.start("two")
        cluster.leases.trouble = AWAY
        await two.drain()
        assert [member.is_draining for member in two.members] == [False, True]
        await asyncio.sleep(2 * TTL_S)
        cluster.leases.trouble = None
        await asyncio.sleep(2 * LOOKED_S)
        assert [member.is_draining for member in one.members] == [False, True]

    in_cluster(scene)


def test_a_drain_does_not_wait_for_a_database_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")

        async def hang(*_: Any, **__: Any) -> bool:
            await asyncio.sleep(100 * TTL_S)
            return True

        monkeypatch.setattr(cluster.leases, "renew", hang)
        await asyncio.wait_for(shard.drain(), 2 * module.TELL_S)
        assert shard.is_draining

    in_cluster(scene)


def test_those_who_look_at_one_time_share_a_query() -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        await cluster.start("b")
        cluster.leases.looks, cluster.leases.look_takes_s = 0, 0.2
        await asyncio.gather(*(shard.refresh() for _ in range(10)))
        assert cluster.leases.looks == 1
        assert names(shard) == "a b"
        await shard.refresh()
        assert cluster.leases.looks == 2

    in_cluster(scene)


def test_who_gives_up_looking_does_not_stop_the_others() -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        await cluster.start("b")
        cluster.leases.look_takes_s = 0.2
        impatient, patient = asyncio.create_task(shard.refresh()), asyncio.create_task(shard.refresh())
        await asyncio.sleep(0.1)
        impatient.cancel()
        await patient
        assert names(shard) == "a b"

    in_cluster(scene)


def test_a_look_that_hangs_is_given_up_and_the_next_one_is_another() -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        cluster.leases.look_takes_s = 100 * TTL_S
        with pytest.raises(Unavailable, match="does not answer"):
            await asyncio.wait_for(shard.refresh(), TTL_S)
        cluster.leases.look_takes_s = 0.0
        await cluster.start("b")
        await shard.refresh()
        assert names(shard) == "a b"

    in_cluster(scene)


def test_who_cannot_look_is_told_why() -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        cluster.leases.trouble = AWAY
        with pytest.raises(MeetError, match="cannot be reached"):
            await shard.refresh()

    in_cluster(scene)


# --- after an outage


@pytest.mark.parametrize("writes_fail", [False, True], ids=["all", "full disk"])
def test_after_an_outage_the_first_one_back_does_not_take_the_others_for_dead(writes_fail: bool) -> None:
    async def scene(cluster: Cluster) -> None:
        one, two = await cluster.start("one"), await cluster.start("two")
        three = await cluster.start("three")
        await asyncio.sleep(LOOKED_S)
        alone = list[str]()
        one.on_change.append(lambda: alone.append(names(one)))
        cluster.leases.trouble, cluster.leases.writes_fail = AWAY, writes_fail
        await asyncio.sleep(3 * TTL_S)
        Cluster.kill(three)
        Cluster.kill(two)
        cluster.leases.trouble = None
        await asyncio.sleep(LOOKED_S)
        assert one.is_held
        two._task = asyncio.create_task(two._keep())
        await asyncio.sleep(TTL_S - 2 * LOOKED_S)
        assert names(one) == "one three two"
        await asyncio.sleep(3 * LOOKED_S)
        assert names(one) == "one two"
        assert [seen for seen in alone if "two" not in seen] == []

    in_cluster(scene)


def test_a_short_outage_spares_nobody() -> None:
    """No lease can have run out meanwhile that its holder would have renewed."""

    async def scene(cluster: Cluster) -> None:
        one, two = await cluster.start("one"), await cluster.start("two")
        await asyncio.sleep(LOOKED_S)
        Cluster.kill(two)
        cluster.leases.trouble = AWAY
        await asyncio.sleep(TTL_S / 3)
        cluster.leases.trouble = None
        await asyncio.sleep(TTL_S - TTL_S / 3 + LOOKED_S)
        assert names(one) == "one"

    in_cluster(scene)


def test_a_database_that_was_frozen_was_away_too() -> None:
    async def scene(cluster: Cluster) -> None:
        one, two = await cluster.start("one"), await cluster.start("two")
        await asyncio.sleep(LOOKED_S)
        Cluster.kill(two)
        cluster.leases.look_takes_s = 100 * TTL_S
        await asyncio.sleep(2 * TTL_S)
        cluster.leases.look_takes_s = 0.0
        await asyncio.sleep(TTL_S)
        assert names(one) == "one two"
        await asyncio.sleep(TTL_S)
        assert names(one) == "one"

    in_cluster(scene)


def test_who_left_in_order_is_not_waited_for_after_an_outage() -> None:
    async def scene(cluster: Cluster) -> None:
        one, two = await cluster.start("one"), await cluster.start("two")
        await two.drain()
        await asyncio.sleep(LOOKED_S)
        cluster.leases.trouble = AWAY
        await asyncio.sleep(2 * TTL_S)
        cluster.leases.trouble = None
        await two.leave()
        await asyncio.sleep(LOOKED_S)
        assert names(one) == "one"

    in_cluster(scene)
