"""Reads that are cached, over real databases and a real Valkey: two processes, and whatever may be away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import pytest
from msgspec import Struct
from msgspec.structs import replace

from meetserver import limits
from meetserver.access import AnyRole
from meetserver.accounts.store import Account, insert_account, update_account
from meetserver.adapters.bus import RedisBus
from meetserver.adapters.cache import RedisCache
from meetserver.adapters.engine import open_database
from meetserver.adapters.memory.cache import MemoryCache
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.adapters.random import SystemRandom
from meetserver.cache.cached import Cached
from meetserver.config import Config
from meetserver.database import Database, changed
from meetserver.errors import NotFound, Unavailable
from meetserver.ids import MeetingId, UserId
from meetserver.meetings.messages import MeetingPatch, NewMeeting
from meetserver.meetings.service import Meetings
from tests.contract.eventually import eventually
from tests.faults.proxy import Way
from tests.servers.valkey import ValkeyServer

ANN = UserId("ann")
FIRST = limits.PAGE_USUAL_ITEMS


class Owner(Struct, frozen=True):
    """The viewer that owns all meetings here."""

    user: UserId = ANN
    roles: frozenset[AnyRole] = frozenset({"member"})
    verified_key: str | None = None


class Process:
    """As much of one as reads and changes meetings."""

    def __init__(self, database: Database, cached: Cached) -> None:
        self.database = database
        self.cached = cached
        self.meetings = Meetings(database, cached, PlainSealer(), ManualClock(), SystemRandom())
        database.on_changed = cached.forget

    async def given_meeting(self, title: str = "first") -> MeetingId:
        return (await self.meetings.create(ANN, "Ann", NewMeeting(title=title))).id

    async def rename(self, id_: MeetingId, title: str) -> None:
        await self.meetings.update(Owner(), id_, MeetingPatch(title=title), None)

    async def titles(self, id_: MeetingId) -> tuple[str, str, str]:
        """As the meeting, its door and the list of meetings say it."""
        listed, _ = await self.meetings.list_own(ANN, FIRST, None)
        found = next((one.title for one in listed if one.id == id_), "")
        return (await self.meetings.find(id_)).title, (await self.meetings.door(id_)).title, found


@asynccontextmanager
async def processes(config: Config, redis_url: str, count: int = 2) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as stack:
        found = []
        for seed in range(count):
            database = open_database(config)
            stack.push_async_callback(database.close)
            shared = RedisCache(redis_url)
            stack.push_async_callback(shared.close)
            bus = await RedisBus.open(redis_url)
            stack.push_async_callback(bus.close)
            process = Process(database, Cached(shared, SeededRandom(seed)))
            stack.push_async_callback(await process.cached.follow(bus))
            found.append(process)
        await given_ann(found[0].database)
        yield found


async def given_ann(database: Database) -> None:
    now = ManualClock().now()
    ann = Account(ANN, "ann@example.com", "ann@example.com", "Ann", None, now, now, 1)
    await database.run(lambda connection: insert_account(connection, ann))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests does not make Redis look dead."""
    monkeypatch.setattr(limits, "CACHE_TIMEOUT_S", 5.0)


@pytest.fixture
async def alone(database: Database) -> Process:
    """One process without Redis."""
    await given_ann(database)
    return Process(database, Cached(MemoryCache(), SeededRandom()))


# --- one process


async def test_who_changes_something_reads_it_changed(alone: Process) -> None:
    id_ = await alone.given_meeting()
    assert await alone.titles(id_) == ("first",) * 3
    await alone.rename(id_, "second")
    assert await alone.titles(id_) == ("second",) * 3
    another = await alone.given_meeting("another")
    assert (await alone.titles(another))[2] == "another"
    await alone.meetings.remove(Owner(), id_, None)
    assert [one.title for one in (await alone.meetings.list_own(ANN, FIRST, None))[0]] == ["another"]
    for read in (alone.meetings.find, alone.meetings.door):
        with pytest.raises(NotFound):
            await read(id_)


async def test_an_owner_s_new_name_stands_at_the_door(alone: Process) -> None:
    id_ = await alone.given_meeting()
    assert (await alone.meetings.door(id_)).host_name == "Ann"
    await alone.database.run(lambda connection: update_account(connection, ANN, name="Anna"))
    assert (await alone.meetings.door(id_)).host_name == "Anna"


async def test_only_what_was_committed_is_told_and_once_for_all_tries(database: Database) -> None:
    told: list[Sequence[str]] = []

    async def tell(keys: object) -> None:
        assert isinstance(keys, set)
        told.append(sorted(keys))

    database.on_changed = tell
    tries = iter([Unavailable("on purpose"), None])

    async def unit(connection: object) -> None:
        changed(connection, "door:1", "door:2")  # type: ignore[arg-type]
        if (error := next(tries)) is not None:
            raise error

    with pytest.raises(Unavailable):
        await database.run(unit)
    assert told == []
    await database.run(unit)
    assert told == [["door:1", "door:2"]]
    await database.run(lambda connection: _nothing())
    assert told == [["door:1", "door:2"]]


async def _nothing() -> None:
    pass


# --- two processes


@pytest.mark.usefixtures("patient")
async def test_another_process_sees_a_change_within_a_second(postgres_config: Config, redis_url: str) -> None:
    now = asyncio.get_running_loop().time
    async with processes(postgres_config, redis_url) as (here, there):
        id_ = await here.given_meeting()
        took_s = []
        for n in range(20):
            await there.titles(id_)
            await here.rename(id_, f"title {n}")
            changed_at = now()
            await eventually(partial(_says, there, id_, f"title {n}"))
            took_s.append(now() - changed_at)
    assert max(took_s) < 1
    assert sorted(took_s)[10] < limits.CACHE_LOCAL_S / 2, "it was told, and did not only wait for its copies to end"


async def _says(process: Process, id_: MeetingId, title: str) -> bool:
    return await process.titles(id_) == (title,) * 3


@pytest.mark.usefixtures("patient")
async def test_what_one_process_has_read_the_other_need_not(
    postgres_config: Config, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CACHE_FORGET_S", 0.01)
    monkeypatch.setattr(limits, "CACHE_LOCAL_S", 0.0)
    async with processes(postgres_config, redis_url) as (here, there):
        await here.given_meeting()

        async def is_shared() -> bool:
            await here.meetings.list_own(ANN, FIRST, None)
            return here.cached.counts["meetings_of"].hit > 0

        await eventually(is_shared)
        assert [one.title for one in (await there.meetings.list_own(ANN, FIRST, None))[0]] == ["first"]
        assert there.cached.counts["meetings_of"].miss == 0


class Watch:
    """What is read while somebody writes: never older than a process may be late."""

    def __init__(self) -> None:
        self.committed_at: list[float] = []
        self.late_s: list[float] = []

    def committed(self) -> None:
        self.committed_at.append(asyncio.get_running_loop().time())

    async def reads(self, process: Process, id_: MeetingId) -> None:
        """Until it is cancelled."""
        now = asyncio.get_running_loop().time
        while True:
            for place in range(3):
                began = now()
                title = (await process.titles(id_))[place]
                following = int(title.removeprefix("title ")) + 1
                if following < len(self.committed_at) and (late_s := began - self.committed_at[following]) > 0:
                    self.late_s.append(late_s)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("fault", ["kill", "freeze"])
async def test_a_redis_that_goes_in_mid_load_makes_no_answer_wrong(postgres_config: Config, fault: str) -> None:
    with ValkeyServer() as server:
        async with processes(postgres_config, server.url) as (here, there):
            id_ = await here.given_meeting("title 0")
            watch = Watch()
            watch.committed()
            readers = [asyncio.create_task(watch.reads(process, id_)) for process in (here, there) for _ in range(5)]
            turns: dict[int, Callable[[], None]] = {
                20: server.kill if fault == "kill" else server.freeze,
                60: server.start if fault == "kill" else server.thaw,
            }
            for n in range(1, 80):
                turns.get(n, _stay)()
                await here.rename(id_, f"title {n}")
                watch.committed()
                assert await here.titles(id_) == (f"title {n}",) * 3, "who wrote reads what was written"
            await eventually(lambda: _says(there, id_, "title 79"))
            for reader in readers:
                reader.cancel()
            assert all(
                isinstance(end, asyncio.CancelledError)
                for end in await asyncio.gather(*readers, return_exceptions=True)
            )
    assert max(watch.late_s, default=0.0) < 1


def _stay() -> None:
    """Nothing becomes of the server."""


@pytest.mark.usefixtures("patient")
async def test_a_redis_that_was_out_of_reach_for_a_change_is_told_later(
    postgres_config: Config, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CACHE_FORGET_S", 0.01)
    monkeypatch.setattr(limits, "CACHE_LOCAL_S", 0.0)
    monkeypatch.setattr(limits, "CACHE_AWAY_S", 0.05)
    async with processes(postgres_config, redis_url) as (here, there):
        id_ = await here.given_meeting()
        await eventually(lambda: _lists_by_redis(there))
        redis = here.cached._shared
        nowhere = here.cached._shared = RedisCache("redis://127.0.0.1:1")
        await here.rename(id_, "second")
        assert (await there.titles(id_))[2] == "first", "nobody could tell Redis"
        here.cached._shared = redis
        telling = asyncio.create_task(here.cached.keep_telling())
        await eventually(partial(_says, there, id_, "second"))
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await nowhere.close()


async def _lists_by_redis(process: Process) -> bool:
    await process.meetings.list_own(ANN, FIRST, None)
    return process.cached.counts["meetings_of"].hit > 0


# --- while the database is away


async def test_the_door_still_says_something_while_the_database_is_away(
    postgres_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = urlsplit(postgres_config.database_url)
    way = Way(f"{url.hostname}:{url.port}")
    listening = await asyncio.start_server(way.connected, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    netloc = url.netloc.replace(f":{url.port}", f":{port}")
    database = open_database(replace(postgres_config, database_url=url._replace(netloc=netloc).geturl()))
    await given_ann(database)
    process = Process(database, Cached(MemoryCache(), SeededRandom()))
    id_ = await process.given_meeting()
    await process.titles(id_)
    way.turn("reset")
    monkeypatch.setattr(limits, "CACHE_LOCAL_S", 0.0)
    await eventually(lambda: _is_refused(process.meetings.find(id_)))
    assert (await process.meetings.door(id_)).title == "first"
    assert process.cached.counts["door"].stale > 0
    await database.close()
    listening.close()
    await listening.wait_closed()


async def _is_refused(read: Awaitable[object]) -> bool:
    try:
        await read
    except Unavailable:
        return True
    return False
