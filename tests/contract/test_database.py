"""Units of work and single statements, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import asyncpg
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.adapters.engine import open_database, sqlite_path
from meetserver.adapters.postgres import was_not_sent
from meetserver.cluster.models import shard_lease
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import Unavailable
from tests.contract.eventually import eventually
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WRITERS = 8


async def given_counter(database: Database) -> None:
    """A lease whose incarnation counts."""
    await database.write(insert(shard_lease).values(shard_id="s", incarnation="0", expires_at=NOON))


async def counted(database: Database) -> str:
    (row,) = await database.fetch(select(shard_lease.c.incarnation))
    return str(row.incarnation)


async def count(connection: AsyncConnection) -> None:
    """Read, think, write: what loses updates when units of work are not serialized."""
    before = (await connection.execute(select(shard_lease.c.incarnation))).scalar_one()
    await asyncio.sleep(0)
    await connection.execute(update(shard_lease).values(incarnation=str(int(before) + 1)))


async def test_units_of_work_lose_no_update(database: Database) -> None:
    await given_counter(database)
    await asyncio.gather(*(database.run(count) for _ in range(WRITERS)))
    assert await counted(database) == str(WRITERS)


async def test_a_unit_that_cannot_be_serialized_starts_again(postgres_config: Config) -> None:
    database = open_database(postgres_config)
    await given_counter(database)
    tries = 0

    async def unit(connection: AsyncConnection) -> None:
        nonlocal tries
        tries += 1
        await connection.execute(select(shard_lease))
        if tries == 1:
            await database.run(count)
        await count(connection)

    await database.run(unit)
    assert (tries, await counted(database)) == (2, "2")
    await database.close()


async def test_a_unit_that_always_meets_another_gives_up(
    postgres_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TRANSACTION_ATTEMPTS", 3)
    database = open_database(postgres_config)
    await given_counter(database)

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(select(shard_lease))
        await database.write(update(shard_lease).values(expires_at=NOON))
        await count(connection)

    with pytest.raises(Unavailable):
        await database.run(unit)
    await database.close()


async def test_a_unit_that_fails_leaves_nothing(database: Database) -> None:
    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(insert(shard_lease).values(shard_id="s", incarnation="a", expires_at=NOON))
        raise KeyError

    with pytest.raises(KeyError):
        await database.run(unit)
    assert await database.fetch(select(shard_lease)) == []


async def test_a_broken_rule_is_an_error_and_not_tried_again(database: Database) -> None:
    await given_counter(database)
    with pytest.raises(IntegrityError):
        await given_counter(database)


async def test_a_write_returns_its_rows(database: Database) -> None:
    await given_counter(database)
    (row,) = await database.write(update(shard_lease).values(incarnation="7").returning(shard_lease.c.incarnation))
    assert row.incarnation == "7"
    assert await counted(database) == "7"


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5])
async def test_what_has_run_out_is_swept_little_by_little(
    database: Database, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(limits, "ROWS_SWEPT", 2)
    for number in range(rows):
        await database.write(insert(shard_lease).values(shard_id=f"s{number}", incarnation="a", expires_at=NOON))
    await database.write(insert(shard_lease).values(shard_id="kept", incarnation="a", expires_at=NOON + timedelta(1)))
    assert await database.sweep(shard_lease, shard_lease.c.expires_at <= NOON) == rows
    assert [row.shard_id for row in await database.fetch(select(shard_lease))] == ["kept"]


async def test_times_come_back_in_utc(database: Database) -> None:
    local = (NOON + timedelta(microseconds=123456)).astimezone(timezone(timedelta(hours=5)))
    await database.write(insert(shard_lease).values(shard_id="s", incarnation="a", expires_at=local))
    (row,) = await database.fetch(select(shard_lease.c.expires_at).where(shard_lease.c.expires_at <= local))
    assert row.expires_at == local
    assert row.expires_at.tzinfo == UTC


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="naive datetime"):
        await database.write(
            insert(shard_lease).values(shard_id="s", incarnation="a", expires_at=NOON.replace(tzinfo=None))
        )


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        await database.write(
            text("INSERT INTO room (id, meeting_id, created_at) VALUES ('r', 'none', CURRENT_TIMESTAMP)")
        )


# --- SQLite


@pytest.mark.parametrize("engine", ["writer", "reader"])
async def test_sqlite_is_set_up_to_keep_what_it_says_it_keeps(sqlite_config: Config, engine: str) -> None:
    database = open_database(sqlite_config)
    async with getattr(database, engine).connect() as connection:
        set_up = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert set_up == ["wal", 2, 1]
    await database.close()


async def test_a_sqlite_file_is_its_owners_alone(sqlite_url: str) -> None:
    config = Config(database_url=sqlite_url.replace("meetserver.", "new/folder/meetserver."))
    database = open_database(config)
    await database.write(text("SELECT 1"))
    await database.close()
    assert sqlite_path(config).stat().st_mode & 0o077 == 0


# --- PostgreSQL


async def test_other_spellings_of_a_postgres_url_work(postgres_config: Config) -> None:
    url = postgres_config.database_url.replace("postgresql://", "postgres://") + "?sslmode=disable"
    database = open_database(Config(database_url=url, secret_key="s" * 32))
    assert await database.fetch(text("SELECT 1")) == [(1,)]
    await database.close()


async def test_no_lock_outlives_a_lease(postgres_config: Config) -> None:
    database = open_database(postgres_config)
    for setting in ("lock_timeout", "idle_in_transaction_session_timeout", "tcp_user_timeout"):
        (row,) = await database.fetch(text(f"SELECT setting::int FROM pg_settings WHERE name = '{setting}'"))
        assert 0 < row.setting < postgres_config.lease_ttl_s * 1000
    await database.close()


@pytest.mark.parametrize("is_in_commit", [False, True], ids=["statement", "commit"])
async def test_a_transaction_that_stood_still_for_too_long_starts_again(
    postgres_config: Config, is_in_commit: bool
) -> None:
    database = open_database(postgres_config)
    await given_counter(database)
    tries = 0

    async def unit(connection: AsyncConnection) -> None:
        nonlocal tries
        tries += 1
        await count(connection)
        if tries == 1:
            await end_as_after_a_pause(connection, database)
            if not is_in_commit:
                await count(connection)

    await database.run(unit)
    assert (tries, await counted(database)) == (2, "1")
    await database.close()


async def end_as_after_a_pause(connection: AsyncConnection, database: Database) -> None:
    """The server ends it while it does nothing, and the driver has heard of that."""
    raw: Any = (await connection.get_raw_connection()).driver_connection
    await database.fetch(text("SELECT pg_terminate_backend(:pid)"), {"pid": raw.get_server_pid()})

    async def has_heard() -> bool:
        return bool(raw.is_closed())

    await eventually(has_heard)


def test_what_the_driver_did_not_send_was_not_done() -> None:
    """Between the server's last word and the end of the line, asyncpg takes no statement."""
    error = Exception()
    error.__cause__ = asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")
    assert was_not_sent(error)
    error.__cause__ = asyncpg.InterfaceError("cannot perform operation: another operation is in progress")
    assert not was_not_sent(error)
    assert not was_not_sent(None)


async def test_a_database_that_is_not_there_is_unavailable(unused_tcp_port: int) -> None:
    config = Config(database_url=f"postgresql://u:p@127.0.0.1:{unused_tcp_port}/d", secret_key="s" * 32)
    database = open_database(config)
    await assert_unavailable(database)
    await database.close()


async def test_a_database_that_went_and_came_back_is_found_again() -> None:
    with PostgresServer() as server:
        database = open_database(Config(database_url=server.url, secret_key="s" * 32))
        await asyncio.gather(*(database.fetch(text("SELECT pg_sleep(0.05)")) for _ in range(5)))
        server.kill()
        await assert_unavailable(database)
        server.start()
        rows: list[Any] = await asyncio.gather(*(database.fetch(text("SELECT 1")) for _ in range(5)))
        assert rows == [[(1,)]] * 5
        await database.close()


async def test_a_restart_of_the_database_between_two_statements_is_not_noticed() -> None:
    with PostgresServer() as server:
        database = open_database(Config(database_url=server.url, secret_key="s" * 32))
        await database.fetch(text("SELECT 1"))
        await asyncio.to_thread(server.restart)
        assert await database.fetch(text("SELECT 1")) == [(1,)]
        await database.close()


async def test_a_read_whose_connection_is_lost_is_done_again(postgres_config: Config, databases: Databases) -> None:
    """It waits for a lock as its connection ends, and on another again, until it has it."""
    database = open_database(postgres_config)
    databases.execute(postgres_config.database_url, "SELECT pg_advisory_lock(1)")
    reading = asyncio.create_task(database.fetch(text("SELECT 'read', pg_advisory_xact_lock(1)")))
    waits = "FROM pg_stat_activity WHERE wait_event = 'advisory'"
    await eventually(lambda: database.fetch(text(f"SELECT pg_terminate_backend(pid) {waits}")))
    databases.execute(postgres_config.database_url, "SELECT pg_advisory_unlock(1)")
    assert [row[0] for row in await reading] == ["read"]
    await database.close()


async def assert_unavailable(database: Database) -> None:
    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        await database.run(unit)
    with pytest.raises(Unavailable):
        await database.fetch(text("SELECT 1"))
    with pytest.raises(Unavailable):
        await database.write(text("SELECT 1"))
