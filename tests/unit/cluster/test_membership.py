"""Who lives, as one process sees it, through deaths, pauses and outages of the database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from meetserver.adapters.memory.clock import LoopClock
from meetserver.adapters.memory.leases import MemoryLeases
from meetserver.adapters.memory.random import SeededRandom
from meetserver.cluster import membership as module
from meetserver.cluster.membership import Membership
from meetserver.errors import ConfigError, MeetError, Unavailable
from meetserver.ids import ShardId
from meetserver.ports import Lease
from tests.simulation.virtual_time import run_virtual

TTL_S = 9.0
LOOKED_S = module.LOOK_S + 0.1
"""After so long everybody has seen what happened."""


class Leases(MemoryLeases):
    """A store that can be away for all or for some, for writes alone, or slow."""

    def __init__(self) -> None:
        super().__init__(LoopClock())
        self.trouble: Exception | None = None
        self.writes_fail = False
        self.looks = 0
        self.look_takes_s = 0.0

    async def renew(self, *args: Any, **more: Any) -> bool:
        self._check(is_write=True)
        return await super().renew(*args, **more)

    async def acquire(self, *args: Any, **more: Any) -> Lease:
        self._check(is_write=True)
        return await super().acquire(*args, **more)

    async def release(self, *args: Any) -> None:
        self._check(is_write=True)
        await super().release(*args)

    async def live(self) -> list[Lease]:
        self.looks += 1
        seen = await super().live()
        await asyncio.sleep(self.look_takes_s)
        self._check(is_write=False)
        return seen

    def _check(self, *, is_write: bool) -> None:
        if self.trouble is not None and (is_write or not self.writes_fail):
            raise self.trouble


AWAY = Unavailable("the database cannot be reached")


class Cluster:
    """Shards that share one lease store."""

    def __init__(self) -> None:
        self.leases = Leases()
        self._shards: list[Membership] = []
        self.told: list[str] = []

    async def start(self, name: str, *, may_share: bool = True, **more: Any) -> Membership:
        shard = Membership(
            self.leases,
            ShardId(name),
            TTL_S,
            SeededRandom(f"{name} {len(self._shards)}"),
            lambda: self.told.append(f"{name} superseded"),
            may_share=may_share,
            **more,
        )
        await shard.join()
        self._shards.append(shard)
        return shard

    @staticmethod
    def kill(shard: Membership) -> None:
        """Nothing of it runs any more, and its lease stays."""
        assert shard._task is not None
        shard._task.cancel()

    async def close(self) -> None:
        self.leases.trouble = None
        for shard in self._shards:
            await shard.leave()


def in_cluster(scene: Callable[[Cluster], Awaitable[None]]) -> None:
    async def run() -> None:
        cluster = Cluster()
        await scene(cluster)
        await cluster.close()

    run_virtual(run())


def names(shard: Membership) -> str:
    return " ".join(member.shard for member in shard.members)


# --- the own lease


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


# --- the others


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
