"""Rooms on real databases that refuse, fill up, or are asked strange things. (Belongs to tests/contract.)"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text

from meetserver.actors.room import RoomActor
from meetserver.actors.supervisor import Supervisor
from meetserver.adapters.clock import SystemClock
from meetserver.adapters.engine import open_database
from meetserver.adapters.random import SystemRandom
from meetserver.cluster.committer import Committer
from meetserver.cluster.router import Router
from meetserver.config import Config
from meetserver.errors import BadEntry, Refused
from meetserver.ids import ParticipantId, RoomId, SessionId, ShardId
from meetserver.rooms import messages as rooms
from meetserver.rooms.models import room_session
from tests.contract.conftest import (  # noqa: F401
    database_config,
    migrated_postgres_url,
    migrated_sqlite_file,
    postgres_config,
    sqlite_config,
)
from tests.contract.logs import ANN, SqlWorld, session


@contextlib.asynccontextmanager
async def world_on(config: Config) -> AsyncIterator[SqlWorld]:
    database = open_database(config)
    world = SqlWorld(config, database)
    try:
        yield world
    finally:
        await world.log.close()
        await database.close()


@contextlib.asynccontextmanager
async def router_on(world: SqlWorld) -> AsyncIterator[Router]:
    committer = Committer(world.log)

    def make(room: RoomId) -> RoomActor:
        return RoomActor(
            room, ShardId("s"), store=world.log, committer=committer, clock=SystemClock(), random=SystemRandom()
        )

    router = Router(world.log, make, Supervisor(close_timeout_s=1))
    try:
        yield router
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await router.drain()
        await router.close()
        await committer.close()


@pytest.fixture
async def world(database_config: Config) -> AsyncIterator[SqlWorld]:  # noqa: F811
    async with world_on(database_config) as world:
        yield world


@pytest.fixture
async def on_postgres(postgres_config: Config) -> AsyncIterator[SqlWorld]:  # noqa: F811
    async with world_on(postgres_config) as world:
        yield world


async def test_a_session_that_opens_and_ends_in_one_commit_is_closed(world: SqlWorld) -> None:
    """On PostgreSQL the statement's UPDATE does not see what its INSERT has just written."""
    owned = await world.given_owned_room()
    opened = session("s1", user=None)
    assert await owned.write({}, {"type": "room.ended"}, opened=(opened,), closed=(SessionId("s1"),)) is None
    (row,) = await world.database.fetch(select(room_session))
    assert row.closed_at is not None
    assert await world.log.rooms_with_sessions() == []


async def test_very_many_receipts_are_looked_up_at_once(world: SqlWorld) -> None:
    """A room may ask for as many as wait for it: more than SQLite lets one expression be deep."""
    owned = await world.given_owned_room()
    await owned.write({"txn": "known"})
    keys = [(ANN, f"txn-{number}") for number in range(4096)] + [(ANN, "known")]
    assert list(await world.log.receipts(owned.room, keys)) == [(ANN, "known")]


@pytest.mark.parametrize("state", ["53100", "53200", "25006", "57014", "58030", "XX000"])
async def test_trouble_of_the_database_is_not_the_entry_s_fault(on_postgres: SqlWorld, state: str) -> None:
    """No space, no memory, a standby, a cancel, a broken disk: it may work later, so no client is told `bad_message`."""
    owned = await on_postgres.given_owned_room()
    function = (
        "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{state}'; END $$"
    )
    trigger = "CREATE TRIGGER trouble BEFORE INSERT ON room_event FOR EACH ROW EXECUTE FUNCTION trouble()"
    await on_postgres.database.write(text(function))
    await on_postgres.database.write(text(trigger))
    answer = await owned.write()
    assert answer is not None
    assert not isinstance(answer, BadEntry), answer


@pytest.mark.parametrize("state", ["53100", "25006", "57014", "58030"])
async def test_trouble_of_the_database_at_the_start_of_a_room_does_not_quarantine_it(
    on_postgres: SqlWorld, state: str
) -> None:
    room = await on_postgres.given_room()
    function = (
        "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{state}'; END $$"
    )
    await on_postgres.database.write(text(function))
    await on_postgres.database.write(
        text("CREATE TRIGGER trouble BEFORE UPDATE ON room FOR EACH ROW EXECUTE FUNCTION trouble()")
    )
    async with router_on(on_postgres) as router:
        await router.edge(room)
        await asyncio.sleep(2)  # longer than five starts take
        await on_postgres.database.write(text("DROP TRIGGER trouble ON room"))
        assert room not in router._quarantined
        async with asyncio.timeout(10):
            await router.ask(room, rooms.Configure("New title", rooms.Settings()))


async def test_a_room_id_that_the_database_cannot_hold_is_no_room(world: SqlWorld) -> None:
    """The id in the path is anybody's: it must not start, fail and quarantine a room, nor fill the log."""
    async with router_on(world) as router:
        for number in range(3):
            room = RoomId(f"nul\0{number}")
            with contextlib.suppress(Refused):
                edge = await router.edge(room)
                join = rooms.Join(ParticipantId("p"), SessionId("s"), "p", "participant")
                edge.open_by_ticket(number, _Deaf(), 0, join, "token", "jti")
        await asyncio.sleep(2)
        assert router._quarantined == set()
        assert router.room_ids == []


class _Deaf:
    def write(self, frames: bytes) -> None: ...
    def unsent_bytes(self) -> int:
        return 0

    def close(self, refusal: object, *, code: int | None = None) -> None: ...
