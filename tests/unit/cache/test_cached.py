"""What is read, what is kept and for how long, by a clock that jumps."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

import pytest
from msgspec import Struct

from meetserver import limits
from meetserver.adapters.memory.bus import MemoryBus
from meetserver.adapters.memory.cache import MemoryCache
from meetserver.adapters.memory.random import SeededRandom
from meetserver.cache import keys
from meetserver.cache.cached import CHANNEL, OUTCOMES, Cached, Outcome
from meetserver.errors import MeetError, NotFound, Unavailable
from meetserver.ids import MeetingId, UserId
from tests.simulation.virtual_time import run_virtual

SESSION = keys.session("s1")
DOOR = keys.door(MeetingId("m1"))
LIST = keys.meetings_of(UserId("ann"))


class Title(Struct, frozen=True):
    text: str


class Table:
    """A database with one value, which takes its time and may be away."""

    def __init__(self, text: str | None = "first") -> None:
        self.text = text
        self.takes_s = 0.0
        self.error: MeetError | None = None
        self.reads = 0

    async def load(self) -> Title | None:
        self.reads += 1
        found = self.text
        await asyncio.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        return None if found is None else Title(found)


class Process:
    """One of those that read the table."""

    def __init__(self, table: Table, shared: MemoryCache | None = None) -> None:
        self.table = table
        self.cached = Cached(shared or MemoryCache(), SeededRandom())

    async def read(self, key: str = SESSION) -> str | None:
        found = await self.cached.read(key, Title, self.table.load)
        return None if found is None else found.text


async def first_served_s(process: Process, key: str, *, every_s: float) -> float:
    """For how long it is still answered what it was first, looking so often."""
    began_s = asyncio.get_running_loop().time()
    with suppress(Unavailable):
        while await process.read(key) == "first":  # noqa: ASYNC110 - time is what is tested
            await asyncio.sleep(every_s)
    return asyncio.get_running_loop().time() - began_s


def virtual(work: Coroutine[Any, Any, None]) -> None:
    run_virtual(work)


def test_one_read_does_for_the_time_that_a_copy_may_live_and_no_longer() -> None:
    async def life() -> None:
        table = Table()
        process = Process(table)
        for _ in range(30):
            table.text, reads = "first", table.reads
            await process.read()
            table.text = "second"
            lived_s = await first_served_s(process, SESSION, every_s=0.01)
            assert table.reads == reads + 2
            assert 0.8 * limits.CACHE_LOCAL_S <= lived_s <= limits.CACHE_LOCAL_S + 0.01
            await process.cached.forget([SESSION])

    virtual(life())


def test_a_copy_counts_from_before_its_reading() -> None:
    async def life() -> None:
        table = Table()
        table.takes_s = limits.CACHE_LOCAL_S
        process = Process(table)
        await process.read()
        await process.read()
        assert table.reads == 2

    virtual(life())


def test_what_has_changed_is_read_anew_at_once() -> None:
    async def life() -> None:
        table = Table()
        process = Process(table)
        await process.read()
        table.text = "second"
        await process.cached.forget([SESSION])
        assert await process.read() == "second"

    virtual(life())


@pytest.mark.parametrize("key", [SESSION, "session:*"])
def test_what_was_being_read_while_it_changed_is_not_kept_and_nobody_joins_it(key: str) -> None:
    async def life() -> None:
        table = Table()
        table.takes_s = 0.1
        process = Process(table)
        slow = asyncio.create_task(process.read())
        await asyncio.sleep(0.05)
        table.text, table.takes_s = "second", 0.0
        await process.cached.forget([key])
        assert await process.read() == "second"
        assert await slow == "first", "which it was when this one asked"
        assert await process.read() == "second"
        assert table.reads == 2

    virtual(life())


def test_all_of_a_kind_can_be_forgotten_and_only_they() -> None:
    async def life() -> None:
        table = Table()
        process = Process(table)
        for key in (SESSION, keys.session("s2"), DOOR):
            await process.read(key)
        await process.cached.forget(["session:*"])
        for key in (SESSION, keys.session("s2"), DOOR):
            await process.read(key)
        assert table.reads == 5

    virtual(life())


def test_nothing_and_what_is_refused_is_not_kept() -> None:
    async def life() -> None:
        table = Table(None)
        process = Process(table)
        assert await process.read() is None
        table.error = NotFound("there is none")
        with pytest.raises(NotFound):
            await process.read()
        table.error, table.text = None, "first"
        assert await process.read() == "first"

    virtual(life())


def test_what_took_too_long_to_read_is_not_kept() -> None:
    async def life() -> None:
        shared, table = MemoryCache(), Table()
        table.takes_s = limits.CACHE_LOAD_S
        process = Process(table, shared)
        await process.read(LIST)
        assert await shared.get(LIST) is None
        table.takes_s -= 0.01
        await process.read(LIST)
        assert await shared.get(LIST) is not None

    virtual(life())


# --- many at once


def test_many_who_ask_at_once_are_one_read() -> None:
    async def life() -> None:
        table = Table()
        table.takes_s = 0.1
        process = Process(table)
        assert await asyncio.gather(*(process.read() for _ in range(100))) == ["first"] * 100
        assert table.reads == 1

    virtual(life())


def test_nobody_waits_for_what_began_before_a_copy_would_be_too_old() -> None:
    async def life() -> None:
        table = Table()
        table.takes_s = 3.0
        process = Process(table)
        slow = asyncio.create_task(process.read())
        await asyncio.sleep(limits.CACHE_LOCAL_S - 0.01)
        table.text = "second"
        young = asyncio.create_task(process.read())
        await asyncio.sleep(0.01)
        old = asyncio.create_task(process.read())
        assert [await slow, await young, await old] == ["first", "first", "second"]
        assert table.reads == 2

    virtual(life())


def test_a_reader_who_gives_up_leaves_it_to_another() -> None:
    async def life() -> None:
        table = Table()
        table.takes_s = 0.1
        process = Process(table)
        readers = [asyncio.create_task(process.read()) for _ in range(10)]
        await asyncio.sleep(0.05)
        readers[0].cancel()
        answers = await asyncio.gather(*readers, return_exceptions=True)
        assert isinstance(answers[0], asyncio.CancelledError)
        assert answers[1:] == ["first"] * 9
        assert table.reads == 2

    virtual(life())


def test_a_database_that_is_away_is_asked_once_for_all_who_wait() -> None:
    async def life() -> None:
        table = Table()
        table.takes_s, table.error = 0.1, Unavailable("it is away")
        process = Process(table)
        answers = await asyncio.gather(*(process.read() for _ in range(100)), return_exceptions=True)
        assert all(isinstance(answer, Unavailable) for answer in answers)
        assert table.reads == 1

    virtual(life())


# --- while the database is away


def test_a_door_says_what_it_said_for_so_long() -> None:
    async def life() -> None:
        table = Table()
        process = Process(table)
        await process.read(DOOR)
        table.error = Unavailable("it is away")
        stale_s = await first_served_s(process, DOOR, every_s=0.5)
        assert limits.DOOR_STALE_S <= stale_s <= limits.DOOR_STALE_S + limits.CACHE_LOCAL_S + 0.5
        assert table.reads <= stale_s / limits.CACHE_AWAY_S + 2, "it is left alone for a while after each try"

    virtual(life())


def test_a_session_is_never_served_stale() -> None:
    async def life() -> None:
        table = Table()
        process = Process(table)
        await process.read(SESSION)
        table.error = Unavailable("it is away")
        await asyncio.sleep(limits.CACHE_LOCAL_S)
        with pytest.raises(Unavailable):
            await process.read(SESSION)

    virtual(life())


def test_what_is_known_to_have_changed_is_not_served_stale() -> None:
    async def life() -> None:
        table = Table()
        process = Process(table)
        await process.read(DOOR)
        await process.cached.forget([DOOR])
        table.error = Unavailable("it is away")
        with pytest.raises(Unavailable):
            await process.read(DOOR)

    virtual(life())


# --- several processes


def test_another_process_hears_of_a_change() -> None:
    async def life() -> None:
        table, bus = Table(), MemoryBus()
        here, there = Process(table), Process(table)
        leave = [await here.cached.follow(bus), await there.cached.follow(MemoryBus(bus.peers))]
        await there.read()
        table.text = "second"
        await here.cached.forget([SESSION])
        await asyncio.sleep(0)
        assert await there.read() == "second"
        for end in leave:
            await end()

    virtual(life())


def test_a_change_that_nobody_tells_of_is_seen_within_a_second() -> None:
    async def life() -> None:
        table = Table()
        here, there = Process(table), Process(table)
        await there.read()
        table.text = "second"
        await here.cached.forget([SESSION])
        assert await there.read() == "first", "no bus joins them"
        await asyncio.sleep(limits.CACHE_LOCAL_S)
        assert await there.read() == "second"

    assert limits.CACHE_LOCAL_S < 1
    virtual(life())


def test_messages_that_cannot_be_read_and_kinds_that_are_unknown_change_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def life() -> None:
        bus, process = MemoryBus(), Process(Table())
        leave = await process.cached.follow(bus)
        await process.read()
        await bus.publish(CHANNEL, b"\xc1")
        await bus.publish(CHANNEL, b"\x91\xa1\xff")
        await bus.publish(CHANNEL, b"\x91\xaanew_kind:1")
        await asyncio.sleep(0)
        await process.read()
        assert process.table.reads == 1
        await leave()

    virtual(life())
    told = [record.message for record in caplog.records]
    assert told == [f"action=cache_message_not_read bytes={size}" for size in (1, 3)]


def test_who_asks_while_the_others_are_told_keeps_nothing_that_is_past() -> None:
    class SlowToForget(MemoryCache):
        async def forget(self, keys: Sequence[str]) -> bool:
            await asyncio.sleep(0.04)
            return await super().forget(keys)

    async def life() -> None:
        table, shared = Table(), SlowToForget()
        process = Process(table, shared)
        await process.read(LIST)
        table.text = "second"
        changing = asyncio.create_task(process.cached.forget([LIST]))
        await asyncio.sleep(0.02)
        await process.read(LIST)
        await changing
        assert await process.read(LIST) == "second", "of what the caller knows to be done"

    virtual(life())


def test_what_is_shared_is_read_once_for_all() -> None:
    async def life() -> None:
        table, shared = Table(), MemoryCache()
        processes = [Process(table, shared) for _ in range(5)]
        for process in processes:
            assert await process.read(LIST) == "first"
        assert table.reads == 1
        await asyncio.sleep(limits.MEETING_LIST_LIFE_S)
        await processes[0].read(LIST)
        assert table.reads == 2

    virtual(life())


@pytest.mark.parametrize("value", [b"\xc1", b"\x90", b"\x2a", b"\xc0", b"\x81\xa4text\x2a", b"\x81\xa4text\xa1\xff"])
def test_what_another_version_shares_is_read_anew(value: bytes) -> None:
    async def life() -> None:
        shared = MemoryCache()
        await shared.put(LIST, value, 60.0)
        assert await Process(Table(), shared).read(LIST) == "first"

    virtual(life())


def test_a_slow_reader_elsewhere_does_not_share_what_was_before_a_change() -> None:
    async def life() -> None:
        table, shared = Table(), MemoryCache()
        here, there = Process(table, shared), Process(table, shared)
        table.takes_s = 1.0
        slow = asyncio.create_task(there.read(LIST))
        await asyncio.sleep(0.5)
        table.text, table.takes_s = "second", 0.0
        await here.cached.forget([LIST])
        await slow
        assert await shared.get(LIST) is None
        assert await here.read(LIST) == "second"

    virtual(life())


def test_sessions_never_leave_the_process() -> None:
    async def life() -> None:
        shared = MemoryCache()
        process = Process(Table(), shared)
        await process.read(SESSION)
        assert len(shared._entries) == 0
        await process.cached.forget([SESSION])
        await shared.put(SESSION, b"\x81\xa4text\xa5wrong", 60.0)
        assert await process.read(SESSION) == "first"

    virtual(life())


def test_what_a_process_says_is_what_all_read() -> None:
    async def life() -> None:
        shared, key = MemoryCache(), "occupancy:shard-1"
        here, there = Process(Table(None), shared), Process(Table(None), shared)
        await here.cached.publish(key, Title("one"))
        assert await there.read(key) == "one"
        await here.cached.publish(key, Title("two"))
        await asyncio.sleep(limits.CACHE_LOCAL_S)
        assert await there.read(key) == "two"

    virtual(life())


def test_so_many_changes_are_told_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CACHE_UNTOLD_KEYS", 3)

    class Deaf(MemoryCache):
        def __init__(self) -> None:
            super().__init__()
            self.heard: list[str] = []
            self.is_deaf = True

        async def forget(self, keys: Sequence[str]) -> bool:
            if not self.is_deaf:
                self.heard += keys
            return not self.is_deaf

    async def life() -> None:
        shared = Deaf()
        process = Process(Table(), shared)
        telling = asyncio.create_task(process.cached.keep_telling())
        for owner in "abcde":
            await process.cached.forget([keys.meetings_of(UserId(owner))])
        await asyncio.sleep(10 * limits.CACHE_AWAY_S)
        shared.is_deaf = False
        await asyncio.sleep(2 * limits.CACHE_AWAY_S)
        assert shared.heard == [keys.meetings_of(UserId(owner)) for owner in "cde"]
        shared.is_deaf, shared.heard = True, []
        await process.cached.forget([LIST])
        await asyncio.sleep(limits.MEETING_LIST_LIFE_S)
        shared.is_deaf = False
        await asyncio.sleep(2 * limits.CACHE_AWAY_S)
        assert shared.heard == [], "what it had is over by then"
        telling.cancel()

    virtual(life())


# --- told


def test_reads_are_counted_and_named_by_what_became_of_them() -> None:
    async def life() -> None:
        table = Table()
        process = Process(table)
        told: list[Outcome] = []
        for error, key in ((None, DOOR), (None, DOOR), (Unavailable("away"), DOOR), (Unavailable("away"), SESSION)):
            table.error = error
            if error is not None:
                await asyncio.sleep(limits.CACHE_LOCAL_S)
            outcomes: dict[str, Outcome] = {}
            OUTCOMES.set(outcomes)
            try:
                await process.read(key)
            except Unavailable:
                assert outcomes == {}
            told += outcomes.values()
        assert told == ["miss", "hit", "stale"]
        counts = process.cached.counts["door"]
        assert (counts.hit, counts.miss, counts.stale, counts.errors) == (1, 1, 1, 0)
        assert process.cached.counts["session"].errors == 1

    virtual(life())
