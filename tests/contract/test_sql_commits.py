"""What only a database does to commits: locks, foreign keys, lost answers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.adapters.commit_path import about_snapshot
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.adapters.migrations import migrate, migration_engine
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import BadEntry, Locked, Stale, Unavailable, UnknownOutcome
from meetserver.ids import SessionId, UserId
from meetserver.ports import SnapshotRow
from meetserver.rooms.models import room as room_table
from meetserver.rooms.models import room_event, room_session, room_snapshot
from tests.contract.eventually import eventually
from tests.contract.logs import NOON, OWNER, SHARD, SqlWorld, session, world_on
from tests.servers.postgres import PostgresServer

LOCK_TIMEOUT_S = 1.0


@pytest.fixture
async def world(database_config: Config) -> AsyncIterator[SqlWorld]:
    async with world_on(database_config) as world:
        yield world


@pytest.fixture
async def on_postgres(postgres_config: Config) -> AsyncIterator[SqlWorld]:
    # Locks are waited for half a lease long.
    async with world_on(msgspec.structs.replace(postgres_config, lease_ttl_s=2 * LOCK_TIMEOUT_S)) as world:
        yield world


@contextlib.asynccontextmanager
async def locked_elsewhere(world: SqlWorld, room: str) -> AsyncIterator[AsyncConnection]:
    """Somebody with a psql of their own has changed the room's row, and does not end the transaction."""
    engine = migration_engine(world.config)
    async with engine.connect() as other:
        await other.execute(update(room_table).where(room_table.c.id == room).values(epoch=room_table.c.epoch + 1))
        yield other
        await other.rollback()
    await engine.dispose()


async def test_an_entry_that_breaks_a_foreign_key_fails_alone(world: SqlWorld) -> None:
    rooms = [await world.given_owned_room(f"r{n}") for n in range(5)]
    users = [OWNER, OWNER, UserId("gone"), OWNER, None]
    commits = [
        owned.next_commit(opened=(session(f"s{n}", user=user),))
        for n, (owned, user) in enumerate(zip(rooms, users, strict=True))
    ]
    answers = await world.log.commit(commits)
    assert [type(answer) for answer in answers] == [type(None), type(None), BadEntry, type(None), type(None)]
    assert (await world.log.load(rooms[0].room)).sessions == (session("s0", user=OWNER),)


async def test_a_session_that_opens_and_closes_in_one_commit_is_closed(world: SqlWorld) -> None:
    owned = await world.given_owned_room()
    both = (session("s1"), session("s2"))
    assert await owned.write({}, {"type": "participant.left"}, opened=both, closed=(SessionId("s1"),)) is None
    assert (await world.log.load(owned.room)).sessions == (session("s2"),)
    (row,) = await world.database.fetch(select(room_session).where(room_session.c.session == "s1"))
    assert row.closed_at == NOON + timedelta(seconds=2)


async def test_a_deleted_account_leaves_its_session(world: SqlWorld) -> None:
    owned = await world.given_owned_room()
    await owned.write(opened=(session("s1", user=await world.given_user(UserId("guest"))),))
    await world.database.write(text("DELETE FROM user_account WHERE id = 'guest'"))
    assert (await world.log.load(owned.room)).sessions == (session("s1", user=None),)


async def test_the_end_of_a_room_is_noted(world: SqlWorld) -> None:
    owned = await world.given_owned_room()
    await owned.write()
    assert (await world.room_row(owned.room)).ended_at is None
    await owned.write({"type": "room.ended", "at": NOON}, {"type": "participant.left"})
    await owned.write()
    assert (await world.room_row(owned.room)).ended_at == NOON


async def test_entries_and_snapshots_are_sealed_at_rest(world: SqlWorld) -> None:
    owned = await world.given_owned_room()
    await owned.write({"data": b"secret"})
    await world.log.save_snapshot(owned.room, 1, b"secret")
    for column in (room_event.c.data, room_snapshot.c.data):
        (row,) = await world.database.fetch(select(column))
        assert row.data != b"secret"


async def test_a_snapshot_is_compressed_at_rest(world: SqlWorld) -> None:
    owned = await world.given_owned_room()
    await owned.write()
    await world.log.save_snapshot(owned.room, 1, b"secret" * 1000)
    (row,) = await world.database.fetch(select(room_snapshot.c.data))
    assert len(row.data) < 200
    assert (await world.log.load(owned.room)).snapshot == SnapshotRow(1, b"secret" * 1000)


async def test_one_of_an_older_release_is_not(world: SqlWorld) -> None:
    owned = await world.given_owned_room()
    await owned.write()
    sealed = PlainSealer().seal(b"\x91secret", about_snapshot(owned.room, 1))
    await world.database.write(insert(room_snapshot).values(room_id=owned.room, seq=1, data=sealed))
    assert (await world.log.load(owned.room)).snapshot == SnapshotRow(1, b"\x91secret")


async def test_the_owner_is_named_until_it_releases(world: SqlWorld) -> None:
    owned = await world.given_owned_room()
    assert (await world.room_row(owned.room)).owner == SHARD
    await world.log.release(owned.room, owned.epoch)
    assert (await world.room_row(owned.room)).owner is None


# --- PostgreSQL


async def test_a_locked_room_holds_no_other(on_postgres: SqlWorld) -> None:
    rooms = [await on_postgres.given_owned_room(f"r{n}") for n in range(10)]
    async with locked_elsewhere(on_postgres, "r4"), asyncio.timeout(LOCK_TIMEOUT_S * 0.8):
        answers = await on_postgres.log.commit([owned.next_commit() for owned in rooms])
    assert [type(answer) for answer in answers] == [Locked if n == 4 else type(None) for n in range(10)]
    assert await on_postgres.log.last_seq(rooms[4].room) == 0


async def test_alone_a_locked_room_is_waited_for(on_postgres: SqlWorld) -> None:
    owned = await on_postgres.given_owned_room()
    async with locked_elsewhere(on_postgres, "r1"):
        waiting = asyncio.ensure_future(on_postgres.log.commit_alone(owned.next_commit()))
        await someone_waits_for_a_lock(on_postgres.database)
    assert await waiting is None


async def test_a_room_that_stays_locked_has_an_unknown_outcome(on_postgres: SqlWorld) -> None:
    owned = await on_postgres.given_owned_room()
    async with locked_elsewhere(on_postgres, "r1"):
        assert isinstance(await on_postgres.log.commit_alone(owned.next_commit()), UnknownOutcome)
    assert await owned.write() is None


async def test_who_waited_for_a_start_is_stale(on_postgres: SqlWorld) -> None:
    owned = await on_postgres.given_owned_room()
    async with locked_elsewhere(on_postgres, "r1") as other:
        waiting = asyncio.ensure_future(on_postgres.log.commit_alone(owned.next_commit()))
        await someone_waits_for_a_lock(on_postgres.database)
        await other.commit()
    assert isinstance(await waiting, Stale)


async def test_a_start_waits_out_a_commit_that_is_under_way(on_postgres: SqlWorld) -> None:
    owned = await on_postgres.given_owned_room()
    async with on_postgres.database.writer.connect() as other:
        await other.execute(update(room_table).values(last_seq=1))
        waiting = asyncio.ensure_future(on_postgres.log.start(owned.room, SHARD, 0))
        await someone_waits_for_a_lock(on_postgres.database)
        await other.commit()
    assert (await waiting).last_seq == 1


async def test_a_row_that_points_at_a_room_does_not_lock_it(on_postgres: SqlWorld) -> None:
    owned = await on_postgres.given_owned_room()
    async with on_postgres.database.writer.connect() as other:
        await other.execute(room_snapshot.insert().values(room_id=owned.room, seq=0, data=b""))
        assert await owned.write() is None
        await other.rollback()


async def test_a_snapshot_of_a_busy_room_is_saved(on_postgres: SqlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRANSACTION_ATTEMPTS", 1)
    owned = await on_postgres.given_owned_room()
    await owned.write()
    is_saving = True

    async def keep_busy() -> None:
        while is_saving:
            assert await owned.write() is None

    busy = asyncio.ensure_future(keep_busy())
    for _ in range(30):
        await on_postgres.log.save_snapshot(owned.room, owned.last_seq, b"state")
    is_saving = False
    await busy
    loaded = await on_postgres.log.load(owned.room)
    assert loaded.snapshot is not None
    assert loaded.snapshot.seq + len(loaded.entries) == owned.last_seq


async def test_a_cancelled_commit_leaves_no_connection_in_doubt(on_postgres: SqlWorld) -> None:
    owned = await on_postgres.given_owned_room()
    async with locked_elsewhere(on_postgres, "r1"):
        waiting = asyncio.ensure_future(on_postgres.log.commit_alone(owned.next_commit()))
        await someone_waits_for_a_lock(on_postgres.database)
        waiting.cancel()
        await asyncio.wait([waiting])
    other = await on_postgres.given_owned_room("r2")
    assert await on_postgres.log.commit_alone(other.next_commit()) is None


async def someone_waits_for_a_lock(database: Database) -> None:
    waiting = text("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
    await eventually(lambda: database.fetch(waiting))


# --- a PostgreSQL that fails


@pytest.fixture
async def failing() -> AsyncIterator[tuple[SqlWorld, PostgresServer]]:
    with PostgresServer() as server:
        config = Config(database_url=server.url, secret_key="s" * 32)
        await migrate(config)
        async with world_on(config) as world:
            yield world, server


async def test_a_killed_database_leaves_outcomes_unknown(failing: tuple[SqlWorld, PostgresServer]) -> None:
    world, server = failing
    rooms = [await world.given_owned_room(f"r{n}") for n in range(3)]
    await rooms[0].write()
    server.kill()
    for _ in ("a connection that broke", "none to be had"):
        answers = await world.log.commit([owned.next_commit() for owned in rooms])
        assert [type(answer) for answer in answers] == [UnknownOutcome] * 3
    with pytest.raises(Unavailable):
        await world.log.start(rooms[0].room, SHARD, 0)
    server.start()
    assert [await owned.write() for owned in rooms] == [None] * 3
    assert (await world.log.start(rooms[0].room, SHARD, 0)).last_seq == 2


async def test_a_frozen_database_leaves_outcomes_unknown(
    failing: tuple[SqlWorld, PostgresServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, server = failing
    owned = await world.given_owned_room()
    await owned.write()
    monkeypatch.setattr(limits, "COMMIT_TIMEOUT_S", 0.3)
    server.freeze()
    assert isinstance((await world.log.commit([owned.next_commit()]))[0], UnknownOutcome)
    server.thaw()
    # It may be there by now, or not; whoever takes the room sees which, and then it stays so.
    started = await world.log.start(owned.room, SHARD, 0)
    assert isinstance((await world.log.commit([owned.next_commit()]))[0], Stale)
    assert await world.log.last_seq(owned.room) == started.last_seq
