"""What every room log promises, on all three."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from meetserver import limits
from meetserver.errors import BadEntry, Duplicate, NotFound, Stale
from meetserver.ids import ParticipantId, RoomId, SessionId, ShardId
from meetserver.ports import Commit, RoomHistory, RoomLog, SnapshotRow
from tests.contract.logs import ANN, NOON, SHARD, MemoryWorld, OwnedRoom, World, entry, session, world_on

BOB = ParticipantId("bob")
NOWHERE = RoomId("nowhere")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "memory":
        yield MemoryWorld()
        return
    async with world_on(request.getfixturevalue(f"{request.param}_config")) as world:
        yield world


async def test_it_is_what_the_ports_ask_for(world: World) -> None:
    log: RoomLog = world.log
    history: RoomHistory = world.log
    assert await log.page(NOWHERE, 0, 1) == []
    assert await history.seq_at(NOWHERE, NOON) == 0


# --- taking a room


async def test_each_start_has_a_higher_epoch(world: World) -> None:
    room = await world.given_room()
    first = await world.log.start(room, SHARD, now_ms=1000)
    second = await world.log.start(room, SHARD, now_ms=1000)
    after_a_while = await world.log.start(room, SHARD, now_ms=5000)
    with_a_clock_set_back = await world.log.start(room, ShardId("shard-2"), now_ms=10)
    assert [first.epoch, second.epoch, after_a_while.epoch, with_a_clock_set_back.epoch] == [1000, 1001, 5000, 5001]


async def test_a_start_says_how_far_the_log_goes(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write({}, {})
    assert (await world.log.start(owned.room, SHARD, now_ms=0)).last_seq == 2


async def test_a_room_that_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await world.log.start(NOWHERE, SHARD, now_ms=1)
    with pytest.raises(NotFound):
        await world.log.load(NOWHERE)
    with pytest.raises(NotFound):
        await world.log.last_seq(NOWHERE)


@pytest.mark.parametrize("room", ["nul\0", "surrogate\ud800"], ids=ascii)
async def test_an_id_that_no_database_can_hold_is_no_room(world: World, room: RoomId) -> None:
    with pytest.raises(NotFound):
        await world.log.start(room, SHARD, now_ms=1)
    with pytest.raises(NotFound):
        await world.log.load(room)
    with pytest.raises(NotFound):
        await world.log.last_seq(room)
    assert await world.log.page(room, 0, 1) == []
    assert await world.log.receipts(room, [(ANN, "t1")]) == {}
    assert (await world.log.epoch_at(room, 1), await world.log.snapshot_at(room, 1)) == (None, None)
    await world.log.release(room, 1)


async def test_a_new_room_loads_with_its_meeting(world: World) -> None:
    owned = await world.given_owned_room()
    loaded = await world.log.load(owned.room)
    assert (loaded.meeting, loaded.title, loaded.settings) == ("meeting of r1", "Standup", {"chat": True})
    assert (loaded.snapshot, loaded.entries, loaded.sessions) == (None, (), ())


async def test_a_release_of_an_older_epoch_changes_nothing(world: World) -> None:
    old = await world.given_owned_room()
    new = await world.log.start(old.room, SHARD, now_ms=2000)
    await world.log.release(old.room, old.epoch)
    await world.log.release(old.room, new.epoch)
    assert (await world.log.start(old.room, SHARD, now_ms=0)).epoch == new.epoch + 1


# --- writing


async def test_what_is_committed_comes_back_as_it_was(world: World) -> None:
    owned = await world.given_owned_room()
    assert await owned.write(
        {"data": '{"text":"grüße 👋"}'.encode(), "txn": "t1", "body_hash": b"\x00\xff"},
        {"to": (BOB, ANN), "by": BOB, "type": "whiteboard.applied", "v": 3, "at": NOON + timedelta(microseconds=1234)},
        {"to": ()},
    ) is None  # fmt: skip
    assert await world.log.page(owned.room, 0, 10) == [
        entry(1, owned.epoch, data='{"text":"grüße 👋"}'.encode(), txn="t1", body_hash=b"\x00\xff"),
        entry(
            2, owned.epoch, to=(BOB, ANN), by=BOB, type="whiteboard.applied", v=3,
            at=NOON + timedelta(microseconds=1234),
        ),
        entry(3, owned.epoch, to=()),
    ]  # fmt: skip


async def test_many_rooms_are_written_at_once(world: World) -> None:
    rooms = [await world.given_owned_room(f"r{n}") for n in range(20)]
    answers = await world.log.commit([owned.next_commit({}, {}) for owned in rooms])
    assert answers == [None] * 20
    assert [await world.log.last_seq(owned.room) for owned in rooms] == [2] * 20


async def test_an_older_epoch_is_stale(world: World) -> None:
    old = await world.given_owned_room()
    await world.log.start(old.room, SHARD, now_ms=2000)
    assert isinstance(await old.write(), Stale)
    assert await world.log.page(old.room, 0, 10) == []


async def test_a_log_that_went_on_is_stale(world: World) -> None:
    owned = await world.given_owned_room()
    late = owned.next_commit()
    await owned.write()
    assert isinstance((await world.log.commit([late]))[0], Stale)
    assert await world.log.last_seq(owned.room) == 1


async def test_a_room_that_is_gone_is_stale(world: World) -> None:
    owned = await world.given_owned_room()
    await world.delete_meeting(owned.room)
    assert isinstance(await world.log.commit_alone(owned.next_commit()), Stale)


async def test_a_stale_room_writes_no_session(world: World) -> None:
    old = await world.given_owned_room()
    await old.write(opened=(session("s1"),))
    await world.log.start(old.room, SHARD, now_ms=2000)
    await old.write(opened=(session("s2"),), closed=(SessionId("s1"),))
    assert [held.session for held in (await world.log.load(old.room)).sessions] == ["s1"]


async def test_a_txn_is_taken_once(world: World) -> None:
    owned = await world.given_owned_room()
    assert await owned.write({"txn": "t1"}) is None
    assert isinstance(await owned.write({"txn": "t1"}), Duplicate)
    assert await owned.write({"txn": "t1", "by": BOB}) is None
    assert isinstance(await owned.write({"txn": "t2"}, {"txn": "t2"}), Duplicate)
    assert await world.log.last_seq(owned.room) == 2


async def test_a_ticket_works_once(world: World) -> None:
    first, second = await world.given_owned_room("r1"), await world.given_owned_room("r2")
    assert await first.write(opened=(session("s1", ticket="t"),)) is None
    assert await first.write(closed=(SessionId("s1"),)) is None
    assert isinstance(await first.write(opened=(session("s2", ticket="t"),)), Duplicate)
    assert isinstance(await second.write(opened=(session("s3", ticket="t"),)), Duplicate)
    assert isinstance(await first.write(opened=(session("s1", ticket="u"),)), Duplicate)
    assert await world.log.last_seq(second.room) == 0


async def test_what_one_room_cannot_write_fails_alone(world: World) -> None:
    rooms = [await world.given_owned_room(f"r{n}") for n in range(10)]
    await rooms[3].write({"txn": "again"})
    await world.log.start(rooms[7].room, SHARD, now_ms=9000)
    commits = [owned.next_commit({"txn": "again"}) for owned in rooms]
    commits[5] = rooms[5].next_commit({"txn": "a\0b"})
    answers = await world.log.commit(commits)
    assert [type(answer) for answer in answers] == [
        Duplicate if n == 3 else BadEntry if n == 5 else Stale if n == 7 else type(None) for n in range(10)
    ]
    assert [await world.log.last_seq(owned.room) for owned in rooms] == [1, 1, 1, 1, 1, 0, 1, 0, 1, 1]


@pytest.mark.parametrize(
    "fields",
    [{"txn": "\0"}, {"txn": "\ud800"}, {"seq": 2}, {"epoch": 1}, {"at": NOON.replace(tzinfo=None)}],
    ids=lambda it: next(iter(it)),
)
async def test_what_can_never_be_right_is_a_bad_entry(world: World, fields: dict[str, object]) -> None:
    owned = await world.given_owned_room()
    bad = entry(**{"seq": 1, "epoch": owned.epoch, **fields})  # type: ignore[arg-type]
    assert isinstance((await world.log.commit([Commit(owned.room, owned.epoch, 0, (bad,))]))[0], BadEntry)
    assert isinstance((await world.log.commit([Commit(owned.room, owned.epoch, 0, ())]))[0], BadEntry)
    assert await owned.write() is None


async def test_of_stale_owners_racing_with_the_owner_none_writes(world: World) -> None:
    """The fence, a hundred times: of two owners that commit while a third takes the room, only the third goes on."""
    room = await world.given_room()
    for n in range(100):
        old = OwnedRoom(world.log, room, await world.log.start(room, SHARD, now_ms=0))
        stolen = asyncio.ensure_future(world.log.start(room, SHARD, now_ms=0))
        answers = await asyncio.gather(*(world.log.commit([old.next_commit({"txn": f"{n}-{k}"})]) for k in range(2)))
        new = OwnedRoom(world.log, room, await stolen)
        assert isinstance((await world.log.commit([old.next_commit({"txn": f"{n}-late"})]))[0], Stale)
        landed = sum(answer == [None] for answer in answers)
        assert landed <= 1
        # What landed did so before the start, which says so.
        assert new.last_seq == await world.log.last_seq(room) == old.last_seq + landed
    epochs = [logged.epoch for logged in await world.log.page(room, 0, 1000)]
    assert epochs == sorted(epochs)


# --- sessions


async def test_sessions_are_there_until_they_are_closed(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write({"type": "participant.joined"}, opened=(session("s1"), session("s2", participant=BOB)))
    await owned.write({"type": "participant.left"}, closed=(SessionId("s1"), SessionId("of nobody")))
    assert (await world.log.load(owned.room)).sessions == (session("s2", participant=BOB),)


async def test_a_session_is_read_as_it_was_written(world: World) -> None:
    owned = await world.given_owned_room()
    known = session("s1", auth_session="auth-1", keys=("v:one", "a:\u00fc"), roles=("member", "admin"))
    waiting = session("s2", is_waiting=True)
    assert await owned.write(opened=(known, waiting)) is None
    assert set((await world.log.load(owned.room)).sessions) == {known, waiting}


async def test_one_that_waits_is_admitted_once(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write(opened=(session("s1", is_waiting=True), session("s2", is_waiting=True)))
    assert await owned.write(admitted=(SessionId("s1"), SessionId("of nobody"))) is None
    assert await owned.write(admitted=(SessionId("s1"),)) is None
    assert set((await world.log.load(owned.room)).sessions) == {session("s1"), session("s2", is_waiting=True)}


async def test_opened_admitted_and_closed_in_one_commit(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write(opened=(session("s1", is_waiting=True), session("s2", is_waiting=True)))
    s1, s2, s3, s4 = map(SessionId, ("s1", "s2", "s3", "s4"))
    opened = (session("s3", is_waiting=True), session("s4", is_waiting=True))
    assert await owned.write(opened=opened, admitted=(s1, s2, s3, s4), closed=(s1, s3)) is None
    assert set((await world.log.load(owned.room)).sessions) == {session("s2"), session("s4")}


async def test_whether_a_session_ever_was_one_of_the_room(world: World) -> None:
    owned, other = await world.given_owned_room("r1"), await world.given_owned_room("r2")
    await owned.write(opened=(session("s1"), session("s2")))
    await owned.write(closed=(SessionId("s1"),))
    for name in ("s1", "s2"):
        assert await world.log.had_session(owned.room, SessionId(name), session(name).token_hash)
        assert not await world.log.had_session(owned.room, SessionId(name), b"another")
        assert not await world.log.had_session(other.room, SessionId(name), session(name).token_hash)
    for name in ("s3", "", "nul\0", "surrogate\ud800"):
        assert not await world.log.had_session(owned.room, SessionId(name), b"any")
        assert not await world.log.had_session(RoomId(name), SessionId("s1"), session("s1").token_hash)


async def test_one_session_replaces_another_in_one_commit(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write(opened=(session("s1"),))
    await owned.write(opened=(session("s2"),), closed=(SessionId("s1"),))
    assert (await world.log.load(owned.room)).sessions == (session("s2"),)


async def test_rooms_that_somebody_may_come_back_to_are_known(world: World) -> None:
    waited_for, left, empty = [await world.given_owned_room(name) for name in ("r1", "r2", "r3")]
    await waited_for.write(opened=(session("s1"), session("s2")))
    await left.write(opened=(session("s3"),))
    await left.write(closed=(SessionId("s3"),))
    await empty.write()
    assert [room for room, _ in await world.log.rooms_with_sessions()] == ["r1"]


# --- reading


async def test_the_log_is_read_in_pages(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write(*[{} for _ in range(10)])

    async def seqs(after: int, limit: int, until: int | None = None) -> list[int]:
        return [logged.seq for logged in await world.log.page(owned.room, after, limit, until_seq=until)]

    assert await seqs(0, 4) == [1, 2, 3, 4]
    assert await seqs(8, 4) == [9, 10]
    assert await seqs(10, 4) == []
    assert await seqs(2, 100, until=5) == [3, 4, 5]
    assert await world.log.page(NOWHERE, 0, 10) == []


async def test_the_epoch_of_an_entry_is_known(world: World) -> None:
    owned = await world.given_owned_room(now_ms=1000)
    await owned.write()
    later = OwnedRoom(world.log, owned.room, await world.log.start(owned.room, SHARD, now_ms=7000))
    await later.write()
    assert [await world.log.epoch_at(owned.room, seq) for seq in (0, 1, 2, 3)] == [None, 1000, 7000, None]


async def test_receipts_find_entries_by_author_and_txn(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write({"txn": "t1", "body_hash": b"h"}, {"txn": "t2"}, {"txn": "t1", "by": BOB})
    strange = [(ANN, "\0"), (ANN, "\ud800"), (ParticipantId("\0"), "t1")]
    keys = [(ANN, "t1"), (BOB, "t2"), (BOB, "t1"), *strange, (ANN, "t1")]
    found = await world.log.receipts(owned.room, keys)
    assert found == {
        (ANN, "t1"): entry(1, owned.epoch, txn="t1", body_hash=b"h"),
        (BOB, "t1"): entry(3, owned.epoch, txn="t1", by=BOB),
    }
    assert await world.log.receipts(owned.room, []) == {}
    assert await world.log.receipts(NOWHERE, [(ANN, "t1")]) == {}


async def test_very_many_receipts_are_looked_up_at_once(world: World) -> None:
    """A room asks for as many as wait for it."""
    owned = await world.given_owned_room()
    await owned.write(*[{"txn": f"known {n}"} for n in range(3)])
    unknown = [(ANN, f"unknown {n}") for n in range(limits.DATA_LANE_COMMANDS)]
    keys = [(ANN, "known 0"), *unknown, (ANN, "known 1"), *unknown, (ANN, "known 2")]
    assert sorted(await world.log.receipts(owned.room, keys)) == [(ANN, f"known {n}") for n in range(3)]


async def test_a_room_loads_from_its_snapshot_and_what_follows(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write({}, {}, {})
    await world.log.save_snapshot(owned.room, 2, b"state at 2")
    loaded = await world.log.load(owned.room)
    assert loaded.snapshot == SnapshotRow(2, b"state at 2")
    assert [logged.seq for logged in loaded.entries] == [3]


async def test_the_newest_snapshot_stays(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write({}, {}, {})
    await world.log.save_snapshot(owned.room, 2, b"at 2")
    await world.log.save_snapshot(owned.room, 1, b"at 1, late")
    assert await world.log.snapshot_at(owned.room, 3) == SnapshotRow(2, b"at 2")
    await world.log.save_snapshot(owned.room, 2, b"at 2, again")
    assert await world.log.snapshot_at(owned.room, 2) == SnapshotRow(2, b"at 2, again")
    await world.log.save_snapshot(owned.room, 3, b"at 3")
    assert await world.log.snapshot_at(owned.room, 2) is None
    assert await world.log.snapshot_at(owned.room, 3) == SnapshotRow(3, b"at 3")
    await world.log.save_snapshot(NOWHERE, 3, b"of nothing")


async def test_a_time_leads_to_a_seq(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write({"at": NOON}, {"at": NOON}, {"at": NOON + timedelta(seconds=1)})
    moments = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(seconds=0.9), NOON + timedelta(days=1)]
    assert [await world.log.seq_at(owned.room, at) for at in moments] == [0, 2, 2, 3]


async def test_so_does_each_time_of_a_longer_log(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write(*[{"at": NOON + timedelta(seconds=n // 3)} for n in range(20)])
    moments = [NOON + timedelta(seconds=n) for n in range(-1, 8)]
    assert [await world.log.seq_at(owned.room, at) for at in moments] == [0, 3, 6, 9, 12, 15, 18, 20, 20]


async def test_entries_of_one_type_are_paged_both_ways(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write(*[{"type": "chat.sent" if n % 2 else "whiteboard.applied"} for n in range(1, 11)])

    async def seqs(before: int | None = None, after: int | None = None) -> list[int]:
        found = await world.log.entries_of_type(owned.room, "chat.sent", before_seq=before, after_seq=after, limit=2)
        return [logged.seq for logged in found]

    assert await seqs() == [7, 9]
    assert await seqs(before=7) == [3, 5]
    assert await seqs(before=1) == []
    assert await seqs(after=3) == [5, 7]
    assert await seqs(after=9) == []
    assert await seqs(after=1, before=5) == [3]


# --- the end


async def test_with_the_meeting_everything_goes(world: World) -> None:
    owned = await world.given_owned_room()
    await owned.write({}, {}, opened=(session("s1"),))
    await world.log.save_snapshot(owned.room, 1, b"state")
    await world.delete_meeting(owned.room)
    assert await world.rows_left() == 0
    assert await world.log.rooms_with_sessions() == []
