"""A log that comes to begin later, on all three."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from meetserver.adapters.log_erasure import SqlLogErasure
from meetserver.adapters.log_expiry import SqlLogExpiry
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.ids import MeetingId, RoomId
from meetserver.ports import LASTING, Aging, LogErasure, LogExpiry, SnapshotRow
from tests.contract.logs import ANN, NOON, MemoryWorld, OwnedRoom, SqlWorld, World, world_on

FIRST = MeetingId("")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
        return
    async with world_on(request.getfixturevalue(f"{request.param}_config")) as world:
        yield world


@pytest.fixture
def expiry(world: World) -> LogExpiry:
    if isinstance(world.log, MemoryRoomLog):
        return world.log
    assert isinstance(world, SqlWorld)
    return SqlLogExpiry(world.database, PlainSealer())


@pytest.fixture
def erasure(world: World) -> LogErasure:
    if isinstance(world.log, MemoryRoomLog):
        return world.log
    assert isinstance(world, SqlWorld)
    return SqlLogErasure(world.database, PlainSealer())


async def given_thinned(world: World, expiry: LogExpiry) -> OwnedRoom:
    """Six entries, of which four are behind the base; somebody was sent out with the second."""
    owned = await world.given_owned_room()
    barred = {"type": "participant.barred", "to": ()}
    await owned.write({"txn": "t1"}, barred, {}, {"txn": "t4"}, {"subject": 1}, {"subject": 5, "txn": "t6"})
    await expiry.set_base(owned.room, 4, b"as of 4")
    return owned


async def seqs_of(world: World, room: RoomId, type_: str) -> list[int]:
    found = await world.log.entries_of_type(room, type_, before_seq=None, after_seq=None, limit=9)
    return [entry.seq for entry in found]


async def test_nothing_behind_the_base_is_told(world: World, expiry: LogExpiry) -> None:
    owned = await given_thinned(world, expiry)
    for _ in ("before the entries go", "after"):
        assert [entry.seq for entry in await world.log.page(owned.room, 0, 9)] == [5, 6]
        assert await world.log.page(owned.room, 0, 9, until_seq=4) == []
        assert await seqs_of(world, owned.room, "chat.sent") == [5, 6]
        assert [await world.log.epoch_at(owned.room, seq) for seq in (1, 2, 4, 7)] == [None] * 4
        assert await world.log.epoch_at(owned.room, 5) == owned.epoch
        times = [await world.log.seq_at(owned.room, NOON + timedelta(seconds=s)) for s in (0, 2, 4, 5, 9)]
        assert times == [4, 4, 4, 5, 6]
        await expiry.sweep(owned.room, 4)


async def test_who_was_sent_out_stays_known(world: World, expiry: LogExpiry) -> None:
    owned = await given_thinned(world, expiry)
    await expiry.sweep(owned.room, 4)
    assert await seqs_of(world, owned.room, "participant.barred") == [2]
    assert [entry.seq for entry in await expiry.covered(owned.room, 4, LASTING, 0, 9)] == [2]


async def test_until_it_is_swept_away_it_can_be_looked_through(world: World, expiry: LogExpiry) -> None:
    owned = await given_thinned(world, expiry)
    pages = [await expiry.covered(owned.room, 4, ["chat.sent"], after, 2) for after in (0, 3, 4)]
    assert [[entry.seq for entry in page] for page in pages] == [[1, 3], [4], []]
    await expiry.sweep(owned.room, 4)
    assert await expiry.covered(owned.room, 4, ["chat.sent"], 0, 9) == []


async def test_a_swept_log_loads_from_its_base(world: World, expiry: LogExpiry) -> None:
    owned = await given_thinned(world, expiry)
    await expiry.sweep(owned.room, 4)
    loaded = await world.log.load(owned.room)
    assert loaded.snapshot == SnapshotRow(4, b"as of 4")
    assert [entry.seq for entry in loaded.entries] == [5, 6]
    assert await world.log.entries_at(owned.room, [1, 4, 5]) == [loaded.entries[0]]
    assert await owned.write({}) is None


async def test_a_log_may_be_thinned_while_it_is_loaded(
    world: World, expiry: LogExpiry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the statements that read its snapshot and its entries; in memory there is no between."""
    if isinstance(world.log, MemoryRoomLog):
        return
    owned, log = await world.given_owned_room(), world.log
    await owned.write({}, {}, {}, {})
    await log.save_snapshot(owned.room, 1, b"as of 1")
    read = log._snapshot

    async def slowly(room: RoomId) -> SnapshotRow | None:
        monkeypatch.setattr(log, "_snapshot", read)
        found = await read(room)
        await expiry.set_base(room, 3, b"as of 3")
        await log.save_snapshot(room, 3, b"as of 3")
        await expiry.sweep(room, 3)
        return found

    monkeypatch.setattr(log, "_snapshot", slowly)
    loaded = await log.load(owned.room)
    assert loaded.snapshot == SnapshotRow(3, b"as of 3")
    assert [entry.seq for entry in loaded.entries] == [4]


async def test_a_base_outlives_newer_snapshots(world: World, expiry: LogExpiry) -> None:
    owned = await given_thinned(world, expiry)
    for seq in (5, 6):
        await world.log.save_snapshot(owned.room, seq, b"as of %d" % seq)
    assert (await world.log.load(owned.room)).snapshot == SnapshotRow(6, b"as of 6")
    found = [await world.log.snapshot_at(owned.room, seq) for seq in (3, 4, 5, 6)]
    base = SnapshotRow(4, b"as of 4")
    assert found == [None, base, base, SnapshotRow(6, b"as of 6")]


async def test_a_later_base_replaces_an_earlier_one_and_not_the_other_way(world: World, expiry: LogExpiry) -> None:
    owned = await given_thinned(world, expiry)
    await expiry.set_base(owned.room, 5, b"as of 5")
    await expiry.set_base(owned.room, 2, b"as of 2")
    assert await world.log.snapshot_at(owned.room, 4) is None
    assert await world.log.snapshot_at(owned.room, 9) == SnapshotRow(5, b"as of 5")
    assert [entry.seq for entry in await world.log.page(owned.room, 0, 9)] == [6]


async def test_a_base_is_rewritten_in_its_place(world: World, expiry: LogExpiry, erasure: LogErasure) -> None:
    owned = await given_thinned(world, expiry)
    for seq in (3, 4):
        await erasure.rewrite_base(owned.room, SnapshotRow(seq, b"emptied"))
    assert await erasure.base(owned.room) == SnapshotRow(4, b"emptied")
    assert await world.log.snapshot_at(owned.room, 3) is None
    whole = await world.given_room("whole")
    assert await erasure.base(whole) is None


async def test_a_txn_whose_entry_went_is_new(world: World, expiry: LogExpiry) -> None:
    owned = await given_thinned(world, expiry)
    await expiry.sweep(owned.room, 4)
    assert set(await world.log.receipts(owned.room, [(ANN, "t1"), (ANN, "t4"), (ANN, "t6")])) == {(ANN, "t6")}
    assert await owned.write({"txn": "t1"}) is None


async def test_what_was_told_later_about_what_went_is_found(world: World, expiry: LogExpiry) -> None:
    owned = await given_thinned(world, expiry)
    await owned.write({"subject": 4}, {"subject": 5})
    assert [entry.seq for entry in await expiry.told_later(owned.room, 4, 4, 9)] == [5, 7]
    assert [entry.seq for entry in await expiry.told_later(owned.room, 4, 4, 1)] == [5]
    assert [entry.seq for entry in await expiry.told_later(owned.room, 4, 5, 9)] == [7]


async def test_what_is_not_swept_yet_is_found_again(world: World, expiry: LogExpiry) -> None:
    owned = await given_thinned(world, expiry)
    await world.given_owned_room("r2")
    assert await expiry.unfinished(RoomId(""), 9) == [(owned.room, 4)]
    assert await expiry.unfinished(owned.room, 9) == []
    await expiry.sweep(owned.room, 4)
    assert await expiry.unfinished(RoomId(""), 9) == []


async def test_rooms_are_looked_at_by_meeting(world: World, expiry: LogExpiry) -> None:
    rooms = [await world.given_owned_room(f"r{number}") for number in range(4)]
    for owned in rooms[:3]:
        await owned.write({}, {})
    await world.log.quarantine(rooms[2].room, on=True)
    began = NOON + timedelta(seconds=1)

    async def found(after: str, limit: int = 9) -> list[Aging]:
        return await expiry.aging(MeetingId(after), began, limit, in_all=True)

    first, second, fourth = (
        Aging(MeetingId(f"meeting of r{n}"), RoomId(f"r{n}"), 0, at, None)
        for n, at in ((0, began), (1, began), (3, None))
    )
    assert await found("") == [first, second, fourth]
    assert (await found("", 1), await found("meeting of r0")) == ([first], [second, fourth])
    assert await expiry.aging(FIRST, began, 9, in_all=False) == []
    young = await expiry.aging(FIRST, began - timedelta(microseconds=1), 9, in_all=True)
    assert [one.began_at for one in young] == [None] * 3
    await expiry.set_base(RoomId("r0"), 1, b"")
    assert (await found("", 1))[0].began_at is None


async def test_where_only_an_expiry_is_left_nothing_is_too_old(world: World, expiry: LogExpiry) -> None:
    owned = await world.given_owned_room()
    await owned.write({}, {"type": "room.expired"})
    await expiry.set_base(owned.room, 1, b"")
    (aging,) = await expiry.aging(FIRST, NOON + timedelta(days=9), 9, in_all=True)
    assert (aging.base, aging.began_at) == (1, None)
    await owned.write({})
    (aging,) = await expiry.aging(FIRST, NOON + timedelta(days=9), 9, in_all=True)
    assert aging.began_at == NOON + timedelta(seconds=2)


async def test_a_room_that_went_has_no_base(world: World, expiry: LogExpiry, erasure: LogErasure) -> None:
    owned = await given_thinned(world, expiry)
    await world.delete_meeting(owned.room)
    await expiry.set_base(owned.room, 5, b"")
    await erasure.rewrite_base(owned.room, SnapshotRow(4, b""))
    await expiry.sweep(owned.room, 4)
    assert await erasure.base(owned.room) is None
    assert await world.rows_left() == 0


async def test_a_deletion_is_not_missed_for_a_base_from_before_it(
    world: World, expiry: LogExpiry, erasure: LogErasure
) -> None:
    owned = await given_thinned(world, expiry)
    await expiry.sweep(owned.room, 4)
    await owned.write({"type": "chat.deleted", "subject": 5}, {"type": "chat.deleted", "subject": 3})
    assert await erasure.missed_deletions(NOON - timedelta(days=1), 9) == []
    await world.log.save_snapshot(owned.room, 6, b"as of 6")
    assert await erasure.missed_deletions(NOON - timedelta(days=1), 9) == [(owned.room, 5), (owned.room, 3)]
