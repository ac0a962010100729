"""Nobody keeps the database from others for long, and nobody waits for it for long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.adapters.engine import open_database
from meetserver.cluster.models import shard_lease
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import Unavailable
from tests.builders import NOON
from tests.contract.eventually import eventually

LIMIT_S = 0.2


@pytest.fixture
async def postgres(postgres_config: Config, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """One that is not patient, with two connections."""
    monkeypatch.setattr(limits, "STATEMENT_TIMEOUT_S", LIMIT_S)
    monkeypatch.setattr(limits, "COMMIT_TIMEOUT_S", LIMIT_S)  # half of it for locks, and for doing nothing
    database = open_database(replace(postgres_config, database_pool=2))
    yield database
    await database.close()


@asynccontextmanager
async def held(database: Database, statement: Any = None) -> AsyncIterator[None]:
    """A unit of work that has run the statement, if any, and does not end."""
    begun, over = asyncio.Event(), asyncio.Event()

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT 1") if statement is None else statement)
        begun.set()
        await over.wait()

    task = asyncio.create_task(database.run(unit))
    await begun.wait()
    try:
        yield
    finally:
        over.set()
        await asyncio.gather(task, return_exceptions=True)


# --- a statement


async def test_a_statement_that_runs_too_long_is_ended(postgres: Database) -> None:
    assert len(await postgres.fetch(text(f"SELECT pg_sleep({LIMIT_S / 4})"))) == 1
    with pytest.raises(Unavailable) as told:
        await postgres.fetch(text("SELECT pg_sleep(60)"))
    assert told.value.refusal.retry_after_s == limits.SHED_RETRY_S
    running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
    assert await postgres.fetch(text(running)) == [(0,)]


async def test_a_unit_of_work_with_such_a_statement_leaves_nothing(postgres: Database) -> None:
    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(insert(shard_lease).values(shard_id="s", incarnation="a", expires_at=NOON))
        await connection.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(Unavailable):
        await postgres.run(unit)
    assert await postgres.fetch(select(shard_lease)) == []


# --- a lock


async def test_who_waits_too_long_for_a_lock_is_told_when_to_come_again(
    postgres: Database, postgres_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TRANSACTION_ATTEMPTS", 1)
    monkeypatch.setattr(limits, "COMMIT_TIMEOUT_S", 60.0)
    other = open_database(postgres_config)
    await other.write(insert(shard_lease).values(shard_id="s", incarnation="a", expires_at=NOON))
    change = update(shard_lease).values(incarnation="b")
    async with held(other, change):
        with pytest.raises(Unavailable, match="too busy") as told:
            await postgres.write(change)
    assert told.value.refusal.retry_after_s == limits.SHED_RETRY_S
    await other.close()


async def test_a_transaction_that_does_nothing_for_too_long_is_ended(
    postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TRANSACTION_ATTEMPTS", 1)
    await postgres.write(insert(shard_lease).values(shard_id="s", incarnation="a", expires_at=NOON))

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(update(shard_lease).values(incarnation="b"))
        sleeper = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        gone = text(f"SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = {int(sleeper)})")
        await eventually(lambda: postgres.fetch(gone))
        await connection.execute(select(shard_lease))

    with pytest.raises(Unavailable):
        await postgres.run(unit)
    assert [row.incarnation for row in await postgres.fetch(select(shard_lease))] == ["a"]


# --- a connection


async def test_who_waits_too_long_for_a_connection_is_told_when_to_come_again(
    database_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DATABASE_WAIT_S", LIMIT_S)
    database = open_database(replace(database_config, database_pool=2))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        async with AsyncExitStack() as holders:
            for _ in range(1 if database.dialect == "sqlite" else 2):
                await holders.enter_async_context(held(database))
            with pytest.raises(Unavailable) as told:
                await database.write(update(shard_lease).values(incarnation="b"))
        assert told.value.refusal.retry_after_s == limits.SHED_RETRY_S
        assert await database.write(update(shard_lease).values(incarnation="b")) == [], "who waited left nothing behind"


async def test_with_too_many_waiting_there_is_no_room_for_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DATABASE_WAITING", 2)
    async with held(database):
        database.refuse_if_crowded()
        waiting = asyncio.create_task(database.write(update(shard_lease).values(incarnation="b")))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as told:
            database.refuse_if_crowded()
    await waiting
    assert told.value.refusal.retry_after_s == limits.SHED_RETRY_S
    database.refuse_if_crowded()
