"""Rooms' logs under the newest key, on both databases."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from unittest.mock import patch

import pytest
from msgspec.structs import replace
from sqlalchemy import select, update

from meetserver import limits
from meetserver.adapters.log_erasure import SqlLogErasure
from meetserver.adapters.log_resealing import reseal_logs
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.room_log import open_room_log
from meetserver.database import Database
from meetserver.errors import SealBroken, Unavailable
from meetserver.keys.ring import KeyRing
from meetserver.ports import Entry
from meetserver.rooms.models import room_event, room_snapshot
from tests.contract.logs import OwnedRoom, SqlWorld, world_on


class Sealed(SqlWorld):
    """Two rooms with three entries each, and a snapshot, sealed with the first key; the second one seals now."""

    keys: KeyRing

    async def given_rooms(self) -> None:
        clock = ManualClock()
        self.keys = await KeyRing.open(self.database, b"the master secret of these tests", clock, SeededRandom())
        self.log = open_room_log(self.config, self.database, self.keys)
        self.rooms = [await self.given_owned_room(name) for name in ("r1", "r2")]
        for owned in self.rooms:
            await owned.write({}, {}, {"data": b'{"text":"secret"}'})
            await self.log.save_snapshot(owned.room, 2, b"a snapshot")
        assert await self.keys.rotate() == 2
        clock.advance(limits.KEY_SPREAD_S + 1)

    async def key_ids(self) -> list[int]:
        """In order: of entries, then of snapshots."""
        rows: list[Any] = []
        for table in (room_event, room_snapshot):
            rows += await self.database.fetch(select(table.c.data).order_by(table.c.room_id, table.c.seq))
        return [int.from_bytes(row.data[1:5], "big") for row in rows]

    async def entries(self, owned: OwnedRoom) -> Sequence[Entry]:
        return await self.log.page(owned.room, 0, 10)


@pytest.fixture(params=["sqlite", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[Sealed]:
    async with world_on(request.getfixturevalue(f"{request.param}_config")) as plain:
        world = Sealed(plain.config, plain.database)
        await world.given_rooms()
        yield world
        await world.log.close()


@pytest.mark.parametrize("at_once", [1, 2, 500])
async def test_all_is_under_the_newest_key_and_says_the_same(world: Sealed, at_once: int) -> None:
    before = [await world.entries(owned) for owned in world.rooms]
    assert await world.key_ids() == [1] * 8
    with patch.object(limits, "RESEALED_AT_ONCE", at_once):
        assert await reseal_logs(world.database, world.keys) == 8
    assert await world.key_ids() == [2] * 8
    assert [await world.entries(owned) for owned in world.rooms] == before
    loaded = await world.log.load(world.rooms[0].room)
    assert loaded.snapshot is not None
    assert loaded.snapshot.data == b"a snapshot"
    assert await reseal_logs(world.database, world.keys) == 0


async def test_who_was_stopped_goes_on(world: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    write, writes = Database.write, list[object]()

    async def fails(database: Database, statement: Any, parameters: Any = None) -> list[Any]:
        writes.append(statement)
        if len(writes) == 3:
            raise Unavailable("the database is away")
        return await write(database, statement, parameters)

    with monkeypatch.context() as patched, patch.object(limits, "RESEALED_AT_ONCE", 2):
        patched.setattr(Database, "write", fails)
        with pytest.raises(Unavailable):
            await reseal_logs(world.database, world.keys)
    assert await world.key_ids() == [2] * 4 + [1] * 4
    assert await reseal_logs(world.database, world.keys) == 4
    assert await world.key_ids() == [2] * 8


async def test_what_is_emptied_in_between_stays_empty(world: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resealing has read the message when its deletion empties it."""
    owned = world.rooms[0]
    message = (await world.entries(owned))[2]
    erasure = SqlLogErasure(world.database, world.keys)
    write = Database.write

    async def late(database: Database, statement: Any, parameters: Any = None) -> list[Any]:
        monkeypatch.setattr(Database, "write", write)
        await erasure.rewrite(owned.room, [replace(message, data=b"{}")])
        return await write(database, statement, parameters)

    monkeypatch.setattr(Database, "write", late)
    await reseal_logs(world.database, world.keys)
    assert (await world.entries(owned))[2].data == b"{}"
    assert await world.key_ids() == [2] * 8


async def test_what_was_changed_behind_its_back_is_not_made_good(world: Sealed) -> None:
    others = select(room_event.c.data).where(room_event.c.room_id == "r2", room_event.c.seq == 1).scalar_subquery()
    await world.database.write(
        update(room_event).where(room_event.c.room_id == "r1", room_event.c.seq == 1).values(data=others)
    )
    with pytest.raises(SealBroken):
        await reseal_logs(world.database, world.keys)
