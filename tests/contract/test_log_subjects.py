"""What a room log knows of entries that are about others, and of how far people have read, on all three."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.adapters.log_erasure import SqlLogErasure
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.ids import RoomId, UserId
from meetserver.ports import Entry, LogErasure, Mark
from tests.contract.logs import NOON, MemoryWorld, OwnedRoom, SqlWorld, World, world_on

NOWHERE = RoomId("nowhere")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
        return
    async with world_on(request.getfixturevalue(f"{request.param}_config")) as world:
        yield world


@pytest.fixture
def erasure(world: World) -> LogErasure:
    if isinstance(world.log, MemoryRoomLog):
        return world.log
    assert isinstance(world, SqlWorld)
    return SqlLogErasure(world.database, PlainSealer())


async def given_talk(world: World) -> OwnedRoom:
    """Two messages, 1 and 2; then 3 and 6 are about 2, 4 and 5 about 1, and 5 and 6 are deletions."""
    owned = await world.given_owned_room()
    assert await owned.write(
        {"txn": "t1", "body_hash": b"1"},
        {"txn": "t2", "body_hash": b"2"},
        {"type": "chat.edited", "subject": 2},
        {"type": "chat.reacted", "subject": 1},
        {"type": "chat.deleted", "subject": 1},
        {"type": "chat.deleted", "subject": 2},
    ) is None  # fmt: skip
    return owned


def seqs(entries: list[Entry]) -> list[int]:
    return [entry.seq for entry in entries]


async def test_what_an_entry_is_about_comes_back_with_it(world: World) -> None:
    owned = await given_talk(world)
    assert [entry.subject for entry in await world.log.page(owned.room, 0, 10)] == [None, None, 2, 1, 1, 2]


async def test_entries_are_found_by_seq(world: World) -> None:
    owned = await given_talk(world)
    assert seqs(await world.log.entries_at(owned.room, [5, 1, 99, 1])) == [1, 5]
    assert await world.log.entries_at(owned.room, []) == []
    assert await world.log.entries_at(NOWHERE, [1]) == []


async def test_entries_are_found_by_what_they_are_about(world: World) -> None:
    owned = await given_talk(world)
    about = world.log.entries_about
    assert seqs(await about(owned.room, [1, 2, 3], 10)) == [4, 5, 3, 6]
    assert seqs(await about(owned.room, [1, 2], 10, newest_first=True)) == [3, 6, 4, 5]
    assert seqs(await about(owned.room, [1, 2], 3)) == [4, 5, 3]
    assert seqs(await about(owned.room, [2], 10)) == [3, 6]
    assert await about(owned.room, [], 10) == await about(NOWHERE, [1], 10) == []


async def test_deletions_are_found(world: World) -> None:
    owned = await given_talk(world)
    assert await world.log.deleted_among(owned.room, [1, 2, 3]) == {
        1: NOON + timedelta(seconds=5),
        2: NOON + timedelta(seconds=6),
    }
    assert await world.log.deleted_among(owned.room, [3]) == await world.log.deleted_among(NOWHERE, [1]) == {}


async def test_deleted_messages_that_still_say_something_are_missed(world: World, erasure: LogErasure) -> None:
    owned = await given_talk(world)
    assert await erasure.missed_deletions(NOON, 10) == [(owned.room, 1), (owned.room, 2)]
    assert await erasure.missed_deletions(NOON, 1) == [(owned.room, 1)]
    assert await erasure.missed_deletions(NOON + timedelta(seconds=5), 10) == [(owned.room, 2)]

    first, second = (replace(entry, body_hash=None) for entry in await world.log.entries_at(owned.room, [1, 2]))
    await erasure.rewrite(owned.room, [first])
    assert await erasure.missed_deletions(NOON, 10) == [(owned.room, 2)]
    await erasure.rewrite(owned.room, [second])
    assert await erasure.missed_deletions(NOON, 10) == []


async def test_so_are_those_that_an_older_snapshot_has(world: World, erasure: LogErasure) -> None:
    owned = await given_talk(world)
    entries = await world.log.entries_at(owned.room, [1, 2])
    await erasure.rewrite(owned.room, [replace(entry, body_hash=None) for entry in entries])
    await world.log.save_snapshot(owned.room, 5, b"as of 5")
    assert await erasure.missed_deletions(NOON, 10) == [(owned.room, 2)]
    await world.log.save_snapshot(owned.room, 6, b"as of 6")
    assert await erasure.missed_deletions(NOON, 10) == []


async def test_marks_never_go_back(world: World) -> None:
    owned = await world.given_owned_room()
    await world.log.save_marks(owned.room, {"ann": Mark(5, 3, 4), "bo": Mark(1, 1)})
    await world.log.save_marks(owned.room, {"ann": Mark(4, 4, 3)})
    assert (await world.log.load(owned.room)).marks == {"ann": Mark(5, 4, 4), "bo": Mark(1, 1)}


async def test_only_so_many_marks_are_loaded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owned = await world.given_owned_room()
    await world.log.save_marks(owned.room, {f"p{n}": Mark(n, n) for n in range(4)})
    monkeypatch.setattr(limits, "MARKS_KEPT", 2)
    assert set((await world.log.load(owned.room)).marks) == {"p0", "p1"}


async def test_of_a_room_that_is_gone_no_mark_is_kept(world: World) -> None:
    await world.log.save_marks(NOWHERE, {"ann": Mark(1, 1)})
    owned = await world.given_owned_room()
    await world.log.save_marks(owned.room, {"ann": Mark(1, 1)})
    await world.delete_meeting(owned.room)


async def test_whoever_is_erased_has_no_mark(world: World, erasure: LogErasure) -> None:
    owned = await world.given_owned_room()
    await world.log.save_marks(owned.room, {"anns account": Mark(1, 1), "bo": Mark(2, 2)})
    await erasure.forget(UserId("anns account"))
    assert set((await world.log.load(owned.room)).marks) == {"bo"}
