"""A process's own lease, through pauses, outages of the database and rivals for its name."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from meetserver.errors import ConfigError
from meetserver.ports import Lease
from tests.unit.cluster.leased import AWAY, LOOKED_S, TTL_S, Cluster, in_cluster, names


def test_a_lease_is_kept_for_as_long_as_the_process_lives() -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        life = shard.incarnation
        await asyncio.sleep(20 * TTL_S)
        assert (shard.is_held, shard.incarnation) == (True, life)
        await shard.leave()
        assert (shard.is_held, shard.incarnation) == (False, life)
        assert await cluster.leases.live() == []

    in_cluster(scene)


def test_a_shard_whose_database_is_away_does_not_hold_its_lease() -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        cluster.leases.trouble = AWAY
        await asyncio.sleep(2 * TTL_S)
        assert not shard.is_held
        cluster.leases.trouble = None
        await asyncio.sleep(LOOKED_S)
        assert shard.is_held

    in_cluster(scene)


def test_a_lease_is_not_held_while_its_renewal_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")

        async def hang(*_: Any, **__: Any) -> bool:
            await asyncio.sleep(100 * TTL_S)
            return True

        monkeypatch.setattr(cluster.leases, "renew", hang)
        await asyncio.sleep(2 * TTL_S)
        assert not shard.is_held

    in_cluster(scene)


def test_a_renewal_that_hangs_is_given_up_in_time_for_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        life, renew = shard.incarnation, cluster.leases.renew

        async def hang_once(*_: Any, **__: Any) -> bool:
            monkeypatch.setattr(cluster.leases, "renew", renew)
            await asyncio.sleep(100 * TTL_S)
            return True

        monkeypatch.setattr(cluster.leases, "renew", hang_once)
        await asyncio.sleep(3 * TTL_S)
        assert shard.is_held
        assert shard.incarnation == life

    in_cluster(scene)


def test_a_renewal_that_fails_in_any_way_is_tried_again() -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        cluster.leases.trouble = DBAPIError("UPDATE shard_lease", None, Exception("terminating connection"))
        await asyncio.sleep(TTL_S / 2)
        cluster.leases.trouble = None
        await asyncio.sleep(2 * TTL_S)
        assert shard.is_held
        assert [lease.shard for lease in await cluster.leases.live()] == ["a"]

    in_cluster(scene)


def test_an_outage_is_logged_when_it_begins_and_not_each_second(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(cluster: Cluster) -> None:
        await cluster.start("a")
        for _ in range(2):
            cluster.leases.trouble = AWAY
            await asyncio.sleep(5 * TTL_S)
            cluster.leases.trouble = None
            await asyncio.sleep(TTL_S)

    in_cluster(scene)
    assert caplog.text.count("action=lease_not_renewed") == 2


def test_a_lease_that_ran_out_is_followed_by_a_new_life() -> None:
    async def scene(cluster: Cluster) -> None:
        shard, other = await cluster.start("a", address="http://10.0.0.1:8080"), await cluster.start("b")
        life, changes = shard.incarnation, list[str]()
        shard.on_change.append(lambda: changes.append(shard.incarnation))
        cluster.leases.trouble = AWAY
        await asyncio.sleep(2 * TTL_S)
        assert shard.incarnation == life
        cluster.leases.trouble = None
        await asyncio.sleep(LOOKED_S)
        assert shard.incarnation != life
        assert shard.incarnation in changes
        await other.refresh()
        assert [(one.incarnation, one.address) for one in other.members] == [
            (shard.incarnation, "http://10.0.0.1:8080"),
            (other.incarnation, ""),
        ]

    in_cluster(scene)


def test_a_successor_takes_the_name_at_once_and_the_older_one_stops() -> None:
    async def scene(cluster: Cluster) -> None:
        older, newer = await cluster.start("a"), await cluster.start("a")
        await asyncio.sleep(2 * LOOKED_S)
        assert cluster.told == ["a superseded"]
        assert not older.is_held
        assert newer.is_held
        await older.leave()
        await newer.refresh()
        assert [lease.incarnation for lease in await cluster.leases.live()] == [newer.incarnation]

    in_cluster(scene)


def test_an_attempt_that_lands_late_does_not_supersede_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        acquire, late = cluster.leases.acquire, list[tuple[Any, ...]]()

        async def lost(*args: Any) -> Lease:
            late.append(args)
            raise AWAY

        cluster.leases.trouble = AWAY
        await asyncio.sleep(2 * TTL_S)
        cluster.leases.trouble = None
        monkeypatch.setattr(cluster.leases, "acquire", lost)
        await asyncio.sleep(2 * LOOKED_S)
        monkeypatch.setattr(cluster.leases, "acquire", acquire)
        await asyncio.sleep(LOOKED_S)
        for attempt in late:
            await acquire(*attempt)
        await asyncio.sleep(TTL_S)
        assert cluster.told == []
        assert shard.is_held

    in_cluster(scene)


def test_an_attempt_whose_answer_alone_was_lost_counts_for_one_life(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(cluster: Cluster) -> None:
        shard = await cluster.start("a")
        acquire, lives = cluster.leases.acquire, [shard.incarnation]

        async def unanswered(*args: Any) -> Lease:
            await acquire(*args)
            raise AWAY

        monkeypatch.setattr(cluster.leases, "acquire", unanswered)
        for _ in range(2):
            cluster.leases.trouble = AWAY
            await asyncio.sleep(2 * TTL_S)
            cluster.leases.trouble = None
            await asyncio.sleep(3 * LOOKED_S)
            assert [one.incarnation for one in shard.members] == [shard.incarnation]
            lives.append(shard.incarnation)
        assert len(set(lives)) == 3

    in_cluster(scene)


def test_the_weight_goes_with_the_lease_as_soon_as_it_changes() -> None:
    async def scene(cluster: Cluster) -> None:
        weights = [1.0]
        shard, other = await cluster.start("a", weight=lambda: weights[-1]), await cluster.start("b")
        changes = list[str]()
        other.on_change.append(lambda: changes.append(names(other)))
        weights.append(0.0)
        await asyncio.sleep(2 * LOOKED_S)
        assert [member.weight for member in other.members] == [0.0, 1.0]
        assert [member.weight for member in shard.members] == [0.0, 1.0]
        assert changes == []

    in_cluster(scene)


# --- alone on a database


@pytest.mark.parametrize("what", ["MEET_DATABASE_URL", "MEET_REDIS_URL", f"wait {TTL_S:g} s", r"\(a\)"])
def test_where_shards_may_not_share_a_second_one_is_refused_with_a_sentence(what: str) -> None:
    async def scene(cluster: Cluster) -> None:
        first = await cluster.start("a", may_share=False)
        with pytest.raises(ConfigError, match=what):
            await cluster.start("b", may_share=False)
        await first.refresh()
        assert names(first) == "a"
        assert cluster.leases.taken == ["a"]

    in_cluster(scene)


def test_of_two_that_may_not_share_and_start_at_once_not_both_stay() -> None:
    async def scene(cluster: Cluster) -> None:
        cluster.leases.look_takes_s = 0.1
        starts = (cluster.start(name, may_share=False) for name in "ab")
        assert any(isinstance(end, ConfigError) for end in await asyncio.gather(*starts, return_exceptions=True))
        assert len(await cluster.leases.live()) < 2

    in_cluster(scene)


def test_a_successor_under_the_same_name_is_welcome_also_there() -> None:
    async def scene(cluster: Cluster) -> None:
        Cluster.kill(await cluster.start("a", may_share=False))
        await cluster.start("a", may_share=False)

    in_cluster(scene)
