"""What may change in a log when somebody is erased, on all three."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from meetserver.adapters.log_erasure import SqlLogErasure
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.ids import ParticipantId, RoomId, SessionId, UserId
from meetserver.ports import LogErasure
from tests.contract.logs import ANN, MemoryWorld, SqlWorld, World, session, world_on

BO = UserId("bo's account")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
        return
    async with world_on(request.getfixturevalue(f"{request.param}_config")) as world:
        await world.given_user(BO)
        yield world


@pytest.fixture
def erasure(world: World) -> LogErasure:
    if isinstance(world.log, MemoryRoomLog):
        return world.log
    assert isinstance(world, SqlWorld)
    return SqlLogErasure(world.database, PlainSealer())


async def given_bo_in(world: World, room: str, *participants: str) -> RoomId:
    """He came as these, and left each time."""
    owned = await world.given_owned_room(room)
    for name in participants:
        opened = session(f"{room} {name}", participant=ParticipantId(name), user=BO, keys=("u:bo",))
        await owned.write({}, opened=(opened,))
        await owned.write({}, closed=(SessionId(f"{room} {name}"),))
    return owned.room


async def test_it_knows_who_somebody_ever_was(world: World, erasure: LogErasure) -> None:
    await given_bo_in(world, "r1", "b1", "b2")
    await given_bo_in(world, "r2", "b3")
    await given_bo_in(world, "r3")
    assert await erasure.participants_of(BO) == {"r1": ["b1", "b2"], "r2": ["b3"]}
    assert await erasure.participants_of(UserId("nobody")) == {}


async def test_entries_are_put_in_the_place_of_others(world: World, erasure: LogErasure) -> None:
    owned = await world.given_owned_room()
    await owned.write({"txn": "t1", "body_hash": b"h"}, {"txn": "t2"}, {"to": (ANN,)})
    before = await world.log.page(owned.room, 0, 10)
    emptied = [replace(before[0], data=b"{}", body_hash=None), replace(before[2], data=b"[]", v=2)]
    await erasure.rewrite(owned.room, emptied)
    assert await world.log.page(owned.room, 0, 10) == [emptied[0], before[1], emptied[1]]
    assert (await world.log.receipts(owned.room, [(ANN, "t1")])) == {(ANN, "t1"): emptied[0]}


async def test_nothing_is_put_in_the_place_of_nothing(world: World, erasure: LogErasure) -> None:
    owned = await world.given_owned_room()
    await owned.write({})
    await erasure.rewrite(owned.room, [])
    assert len(await world.log.page(owned.room, 0, 10)) == 1


async def test_in_the_end_nobody_knows_who_it_was(world: World, erasure: LogErasure) -> None:
    await given_bo_in(world, "r1", "b1")
    await erasure.forget(BO)
    assert await erasure.participants_of(BO) == {}


async def test_others_are_left_alone(world: World, erasure: LogErasure) -> None:
    await given_bo_in(world, "r1", "b1")
    await erasure.forget(UserId("nobody"))
    assert await erasure.participants_of(BO) == {"r1": ["b1"]}
