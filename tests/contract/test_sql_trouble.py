"""A database in trouble of its own: nobody's entry is at fault, and whoever asks is told to come again."""

import contextlib
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.adapters import sqlite, sqlite_commits
from meetserver.adapters.engine import sqlite_path
from meetserver.adapters.migrations import migration_engine
from meetserver.config import Config
from meetserver.errors import BadEntry, Unavailable, UnknownOutcome
from meetserver.rooms.models import room as room_table
from tests.contract.logs import ANN, SHARD, OwnedRoom, SqlWorld, world_on


@pytest.fixture
async def on_postgres(postgres_config: Config) -> AsyncIterator[SqlWorld]:
    async with world_on(postgres_config) as world:
        yield world


@pytest.fixture
async def on_sqlite(sqlite_config: Config) -> AsyncIterator[SqlWorld]:
    async with world_on(sqlite_config) as world:
        yield world


async def assert_cannot_write(world: SqlWorld, owned: OwnedRoom) -> None:
    """The room's state is then as unknown as after a lost answer; it waits, and is not at fault."""

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(update(room_table).values(owner="another"))

    for _ in range(2):
        assert isinstance(await owned.write(), UnknownOutcome)
        assert isinstance(await world.log.commit_alone(owned.next_commit()), UnknownOutcome)
        with pytest.raises(Unavailable):
            await world.log.start(owned.room, SHARD, 0)
        with pytest.raises(Unavailable):
            await world.log.release(owned.room, owned.epoch)
        with pytest.raises(Unavailable):
            await world.database.run(unit)


async def assert_cannot_read(world: SqlWorld, owned: OwnedRoom) -> None:
    log, room = world.log, owned.room
    with pytest.raises(Unavailable):
        await log.load(room)
    with pytest.raises(Unavailable):
        await log.page(room, 0, 1)
    with pytest.raises(Unavailable):
        await log.receipts(room, [(ANN, "t1")])
    with pytest.raises(Unavailable):
        await log.epoch_at(room, 1)
    with pytest.raises(Unavailable):
        await log.snapshot_at(room, 1)
    with pytest.raises(Unavailable):
        await log.last_seq(room)
    with pytest.raises(Unavailable):
        await log.rooms_with_sessions()


async def assert_well(world: SqlWorld, owned: OwnedRoom) -> None:
    """The next owner goes on where the log ends."""
    new = OwnedRoom(world.log, owned.room, await world.log.start(owned.room, SHARD, 0))
    assert await new.write() is None
    assert len((await world.log.load(owned.room)).entries) == new.last_seq
    await world.log.release(owned.room, new.epoch)


# --- PostgreSQL

TROUBLES = {
    "disk full": "53100",
    "out of memory": "53200",
    "too many connections": "53300",
    "a standby": "25006",
    "a cancelled query": "57014",
    "shut down": "57P01",
    "a broken disk": "58030",
    "out of its mind": "XX000",
    "a broken page": "XX001",
}


async def given_ailing_tables(world: SqlWorld) -> None:
    """Tables that raise what stands in `trouble` whenever they are read or changed."""
    statements = [
        "CREATE TABLE trouble (code text)",
        "CREATE FUNCTION is_well() RETURNS bool STABLE LANGUAGE plpgsql AS $$ DECLARE code text; BEGIN"
        " SELECT trouble.code INTO code FROM trouble;"
        " IF FOUND THEN RAISE EXCEPTION 'trouble' USING ERRCODE = code; END IF; RETURN true; END $$",
    ]
    for table in ("room", "room_event", "room_snapshot", "room_session"):
        statements.append(f"ALTER TABLE {table} RENAME TO {table}_kept")
        statements.append(f"CREATE VIEW {table} AS SELECT * FROM {table}_kept WHERE is_well()")
    for statement in statements:
        await world.database.write(text(statement))


async def given_trigger(world: SqlWorld, code: str, *, room: str) -> None:
    """Entries of `room` are refused with `code`."""
    function = (
        "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END $$"
    )
    trigger = "CREATE TRIGGER trouble BEFORE INSERT ON room_event FOR EACH ROW"
    await world.database.write(text(function))
    await world.database.write(text(f"{trigger} WHEN (NEW.room_id = '{room}') EXECUTE FUNCTION trouble()"))


@pytest.mark.parametrize("code", TROUBLES.values(), ids=TROUBLES)
async def test_trouble_of_postgres_is_not_the_entrys_fault(on_postgres: SqlWorld, code: str) -> None:
    await given_ailing_tables(on_postgres)
    owned = await on_postgres.given_owned_room()
    await on_postgres.database.write(text(f"INSERT INTO trouble VALUES ('{code}')"))
    await assert_cannot_write(on_postgres, owned)
    await assert_cannot_read(on_postgres, owned)
    await on_postgres.database.write(text("DELETE FROM trouble"))
    await assert_well(on_postgres, owned)


async def test_a_connection_to_a_standby_is_not_used_again(on_postgres: SqlWorld) -> None:
    """A session keeps the default that it began with, as one to a standby keeps its server."""
    name = on_postgres.config.database_url.rpartition("/")[2]
    owned = await on_postgres.given_owned_room()
    engine = migration_engine(on_postgres.config)
    async with engine.connect() as other, world_on(on_postgres.config) as world:
        owned.log = world.log
        await other.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        await other.commit()
        await assert_cannot_write(world, owned)
        await other.execute(text(f'ALTER DATABASE "{name}" RESET default_transaction_read_only'))
        await other.commit()
        await assert_well(world, owned)
    await engine.dispose()


async def test_trouble_with_one_room_is_not_the_others(on_postgres: SqlWorld) -> None:
    rooms = [await on_postgres.given_owned_room(f"r{n}") for n in range(5)]
    await given_trigger(on_postgres, "XX001", room="r2")
    answers = await on_postgres.log.commit([owned.next_commit() for owned in rooms])
    assert [type(answer) for answer in answers] == [UnknownOutcome if n == 2 else type(None) for n in range(5)]


@pytest.mark.parametrize("code", ["22001", "22021", "22P05", "23514", "23502", "54000"])
async def test_what_a_value_breaks_is_its_entrys_fault(on_postgres: SqlWorld, code: str) -> None:
    owned, other = [await on_postgres.given_owned_room(f"r{n}") for n in (1, 2)]
    await given_trigger(on_postgres, code, room="r1")
    answers = await on_postgres.log.commit([owned.next_commit(), other.next_commit()])
    assert [type(answer) for answer in answers] == [BadEntry, type(None)]


# --- SQLite

A_PAGE_BYTES = 4096


@contextlib.contextmanager
def pragma(world: SqlWorld, monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    """Set in each connection that is made inside."""

    def set_it(connection: Any, _: object = None) -> None:
        connection.cursor().execute(f"PRAGMA {name}")

    def connect(path: Path) -> sqlite3.Connection:
        connection = sqlite.connect(path)
        set_it(connection)
        return connection

    engine = world.database.writer.sync_engine
    event.listen(engine, "connect", set_it)
    with monkeypatch.context() as patched:
        patched.setattr(sqlite_commits, "connect", connect)
        yield
    event.remove(engine, "connect", set_it)


@pytest.mark.parametrize("name", ["query_only = ON", "max_page_count = 1"])
async def test_a_sqlite_that_takes_nothing_is_not_the_entrys_fault(
    on_sqlite: SqlWorld, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Read-only; full. What was written to a full one may have fitted."""
    owned = await on_sqlite.given_owned_room()
    async with world_on(on_sqlite.config) as world:
        owned.log = world.log
        with pragma(world, monkeypatch, name):
            data = Random(1).randbytes(100_000)  # nothing makes it smaller
            big = {"data": data}
            assert isinstance(await owned.write(big), UnknownOutcome)
            assert isinstance(await owned.write(big), UnknownOutcome)
            with pytest.raises(Unavailable):
                await world.log.save_snapshot(owned.room, 1, data)
        await assert_well(world, owned)


async def test_a_broken_disk_below_sqlite_is_not_the_entrys_fault(on_sqlite: SqlWorld) -> None:
    owned = await on_sqlite.given_owned_room()
    with no_file_written_beyond(A_PAGE_BYTES):
        await assert_cannot_write(on_sqlite, owned)
    await assert_well(on_sqlite, owned)


@contextlib.contextmanager
def no_file_written_beyond(size_bytes: int) -> Iterator[None]:
    """By this process, as long as it lasts."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


async def test_a_sqlite_that_another_process_locks_is_not_the_entrys_fault(
    sqlite_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TRANSACTION_ATTEMPTS", 2)
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    async with world_on(sqlite_config) as world:
        owned = await world.given_owned_room()
        with contextlib.closing(sqlite3.connect(sqlite_path(sqlite_config), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await assert_cannot_write(world, owned)
            other.execute("ROLLBACK")
        await assert_well(world, owned)


@pytest.mark.parametrize("kind", ["garbage", "a folder"])
async def test_a_file_that_is_no_sqlite_is_not_the_entrys_fault(sqlite_config: Config, kind: str) -> None:
    async with world_on(sqlite_config) as before:
        owned = await before.given_owned_room()
    path = sqlite_path(sqlite_config)
    kept = path.rename(path.with_suffix(".kept"))
    async with world_on(sqlite_config) as world:
        owned.log = world.log
        path.unlink()
        if kind == "garbage":
            path.write_bytes(b"this is no database" * 1000)
        else:
            path.mkdir()
        await assert_cannot_write(world, owned)
        await assert_cannot_read(world, owned)
        path.unlink() if kind == "garbage" else path.rmdir()
        kept.rename(path)
        await assert_well(world, owned)
