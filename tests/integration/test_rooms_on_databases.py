"""Rooms on real databases that are in trouble, or are asked for what they cannot hold."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from meetserver import limits
from meetserver.actors.pressure import Pressure
from meetserver.actors.room import RoomActor
from meetserver.actors.supervisor import Supervisor
from meetserver.adapters.clock import SystemClock
from meetserver.adapters.memory.bus import MemoryBus
from meetserver.adapters.memory.chat_files import MemoryChatFiles
from meetserver.adapters.migrations import migrate
from meetserver.adapters.random import SystemRandom
from meetserver.cluster.committer import Committer
from meetserver.cluster.router import Router
from meetserver.config import Config
from meetserver.errors import NotFound
from meetserver.ids import RoomId
from meetserver.rooms import messages as rooms
from tests.contract.eventually import eventually
from tests.contract.logs import SqlWorld, world_on
from tests.simulation.members import Alone

CLOSE_TIMEOUT_S = 5
SECRET = "a master secret that is only for tests"


@contextlib.asynccontextmanager
async def migrated_world(url: str) -> AsyncIterator[SqlWorld]:
    config = Config(database_url=url, secret_key=SECRET)
    await migrate(config)
    async with world_on(config) as world:
        yield world


@contextlib.asynccontextmanager
async def router_on(world: SqlWorld) -> AsyncIterator[Router]:
    committer = Committer(world.log)

    def make(room: RoomId) -> RoomActor:
        return RoomActor(
            room,
            Alone.shard,
            store=world.log,
            committer=committer,
            clock=SystemClock(),
            random=SystemRandom(),
            files=MemoryChatFiles(),
        )

    supervisor = Supervisor(close_timeout_s=1)
    router = Router(world.log, make, supervisor, Alone(), MemoryBus(), SystemClock(), Pressure(), lambda: None)
    try:
        yield router
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await router.drain()
        await router.close()
        await committer.close()


@pytest.mark.parametrize("code", ["53100", "25006", "57014", "58030"])
async def test_a_room_waits_while_its_database_is_in_trouble(
    postgres_url: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with migrated_world(postgres_url) as world, router_on(world) as router:
        room = await world.given_room()
        await world.database.write(
            text(
                "CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{code}'; END $$"
            )
        )
        await world.database.write(
            text("CREATE TRIGGER trouble BEFORE UPDATE ON room FOR EACH ROW EXECUTE FUNCTION trouble()")
        )
        await router.edge(room)

        async def delays() -> bool:
            """More than a room that crashes may."""
            return caplog.text.count("action=room_load_delayed") > limits.RESTARTS

        await eventually(delays)
        await world.database.write(text("DROP TRIGGER trouble ON room"))
        await router.desk.ask(room, rooms.Configure("New title", rooms.Settings()))
        assert "action=actor_crashed" not in caplog.text


@pytest.mark.parametrize("room", ["nul\0", "surrogate\ud800"], ids=ascii)
async def test_a_room_id_that_no_database_can_hold_is_no_room(
    database_url: str, room: RoomId, caplog: pytest.LogCaptureFixture
) -> None:
    """Anybody may ask for any: none must crash, or stay."""
    async with migrated_world(database_url) as world, router_on(world) as router:
        with pytest.raises(NotFound):
            await router.edge(room)
        assert router.room_ids == []
        assert "action=actor_crashed" not in caplog.text
