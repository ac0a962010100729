"""What operators are promised of shards and rooms."""

import pytest

from meetserver.adapters.memory.operations import MemoryOperations
from meetserver.errors import Conflict, NotFound, Unavailable
from meetserver.ids import RoomId, ShardId
from meetserver.ports import RoomStatus
from tests.statuses import room_status, shard_status

ONE, TWO = ShardId("shard-1"), ShardId("shard-2")
WEEKLY, DAILY, NOWHERE = RoomId("weekly"), RoomId("daily"), RoomId("nowhere")


@pytest.fixture
def operations() -> MemoryOperations:
    rooms = [room_status(WEEKLY, owner=ONE, members=3), room_status(DAILY, owner=TWO, members=1)]
    return MemoryOperations([shard_status(TWO), shard_status(ONE)], rooms)


async def owner(operations: MemoryOperations, room: RoomId) -> ShardId:
    return (await operations.room(room)).owner


async def ids(operations: MemoryOperations) -> list[RoomId]:
    return [room.id for room in await operations.rooms()]


async def test_shards_and_rooms_are_listed_by_id(operations: MemoryOperations) -> None:
    assert [shard.id for shard in await operations.shards()] == [ONE, TWO]
    assert await ids(operations) == [DAILY, WEEKLY]


async def test_a_room_is_moved_under_a_higher_epoch(operations: MemoryOperations) -> None:
    before = await operations.room(WEEKLY)
    await operations.move(WEEKLY, TWO)
    after = await operations.room(WEEKLY)
    assert (after.owner, after.members) == (TWO, 3)
    assert after.epoch > before.epoch


async def test_no_room_is_moved_to_a_shard_that_takes_none(operations: MemoryOperations) -> None:
    await operations.drain(TWO)
    for shard in (TWO, ShardId("shard-9")):
        with pytest.raises(Conflict):
            await operations.move(WEEKLY, shard)
    assert await owner(operations, WEEKLY) == ONE


async def test_a_shard_that_was_told_to_drain_does(operations: MemoryOperations) -> None:
    await operations.drain(TWO)
    assert [shard.id for shard in await operations.shards() if shard.is_draining] == [TWO]
    with pytest.raises(NotFound):
        await operations.drain(ShardId("shard-9"))


async def test_a_room_that_sleeps_is_not_found(operations: MemoryOperations) -> None:
    await operations.sleep(WEEKLY)
    assert await ids(operations) == [DAILY]
    for room in (WEEKLY, NOWHERE):
        with pytest.raises(NotFound):
            await operations.room(room)
        with pytest.raises(NotFound):
            await operations.sleep(room)
        with pytest.raises(NotFound):
            await operations.move(room, TWO)


async def test_a_room_in_quarantine_is_seen_until_it_is_released(operations: MemoryOperations) -> None:
    await operations.quarantine(WEEKLY)
    resting: RoomStatus = await operations.room(WEEKLY)
    assert (resting.is_quarantined, resting.members) == (True, 0)
    await operations.release(WEEKLY)
    assert await ids(operations) == [DAILY]


async def test_a_room_that_does_not_rest_needs_no_release(operations: MemoryOperations) -> None:
    await operations.release(WEEKLY)
    assert await owner(operations, WEEKLY) == ONE


async def test_who_is_deaf_answers_nothing_and_changes_nothing(operations: MemoryOperations) -> None:
    operations.deaf.add(TWO)
    assert await ids(operations) == [WEEKLY]
    for asked in (operations.room(DAILY), operations.sleep(DAILY), operations.drain(TWO), operations.move(WEEKLY, TWO)):
        with pytest.raises(Unavailable):
            await asked
    operations.deaf.clear()
    assert await ids(operations) == [DAILY, WEEKLY]
    assert await owner(operations, WEEKLY) == ONE
