"""Rooms that this process owns, and gives up."""

import asyncio

import pytest

from meetserver import limits
from meetserver.chat.messages import Send
from meetserver.errors import Unavailable
from meetserver.ids import RoomId, ShardId
from tests.simulation.person import Person
from tests.unit.cluster.houses import ROOM, House, play


def test_a_room_handed_over_ends_and_names_its_successor() -> None:
    async def scene(house: House) -> None:
        rooms = house.east.router.rooms
        ref = await rooms.start(ROOM)
        told: list[tuple[str, ShardId | None]] = []

        class Noted:
            def owner_restarted(self) -> None: ...
            def owner_ended(self, reason: str, owner: ShardId | None) -> None:
                told.append((reason, owner))

        watcher = Noted()
        ref.watch(watcher)
        await rooms.hand_over(ref, house.west.name)
        assert told == [("moved", "west")]
        assert rooms.get(ROOM) is None
        assert house.log.rooms[ROOM].owner is None

    play(scene)


async def given_entries(house: House, count: int) -> Person:
    """Ann has said as much as makes the room's log that long."""
    ann = await house.east.given("ann")
    while house.log.rooms[ROOM].last_seq < count:
        assert "ok" in await ann.ask(Send(text="hello"))
    return ann


def test_people_go_on_while_a_room_stores_its_snapshot_before_it_is_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "HANDOVER_ENTRIES", 10)

    async def scene(house: House) -> None:
        ann = await given_entries(house, 11)
        save, stored, saves = house.log.save_snapshot, asyncio.Event(), list[int]()

        async def slow(room: RoomId, seq: int, data: bytes) -> None:
            saves.append(seq)
            await stored.wait()
            await save(room, seq, data)

        monkeypatch.setattr(house.log, "save_snapshot", slow)
        ref = house.east.router.rooms.get(ROOM)
        assert ref is not None
        handover = asyncio.ensure_future(house.east.router.rooms.hand_over(ref, house.west.name))
        await asyncio.sleep(1)
        assert "ok" in await ann.ask(Send(text="still here?"))
        assert not handover.done()
        stored.set()
        await handover
        assert saves == [11], "the entry since is read from the log"
        assert house.log.rooms[ROOM].owner is None

    play(scene)


@pytest.mark.parametrize(("entries", "is_stored"), [(10, False), (11, True)])
def test_with_little_to_store_nothing_is(entries: int, is_stored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HANDOVER_ENTRIES", 10)

    async def scene(house: House) -> None:
        await given_entries(house, entries)
        ref = house.east.router.rooms.get(ROOM)
        assert ref is not None
        await house.east.router.rooms.hand_over(ref, house.west.name)
        assert (house.log.rooms[ROOM].snapshot is not None) == is_stored

    play(scene)


def test_a_room_is_handed_over_though_its_snapshot_cannot_be_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HANDOVER_ENTRIES", 10)

    async def scene(house: House) -> None:
        await given_entries(house, 11)

        async def refused(room: RoomId, seq: int, data: bytes) -> None:
            raise Unavailable("no space")

        monkeypatch.setattr(house.log, "save_snapshot", refused)
        ref = house.east.router.rooms.get(ROOM)
        assert ref is not None
        await house.east.router.rooms.hand_over(ref, house.west.name)
        assert house.log.rooms[ROOM].owner is None

    play(scene)


def test_a_quarantine_is_written_down() -> None:
    async def scene(house: House) -> None:
        ref = await house.east.router.rooms.start(ROOM)
        for _ in range(limits.RESTARTS):
            await asyncio.sleep(5)
            ref.actor.fail(ZeroDivisionError())
        await asyncio.sleep(1)
        assert house.log.rooms[ROOM].is_quarantined
        assert house.east.router.rooms.get(ROOM) is None

    play(scene)


def test_who_listens_at_a_shard_that_lost_the_room_hears_its_next_owner_though_nobody_there_speaks() -> None:
    async def scene(house: House) -> None:
        ann = await house.east.given("ann")
        await house.log.start(ROOM, house.west.name, 0)
        await asyncio.sleep(limits.EPOCHS_CHECK_S + 1)
        bo = await house.west.given("bo")
        assert "ok" in await bo.ask(Send(text="hello"))
        await asyncio.sleep(1)
        assert ann.seq == house.log.rooms[ROOM].last_seq

    play(scene)


def test_a_room_that_was_taken_ends_once_epochs_are_checked() -> None:
    async def scene(house: House) -> None:
        rooms = house.east.router.rooms
        ref = await rooms.start(ROOM)
        await asyncio.sleep(1)
        await rooms.check_epochs()
        await asyncio.sleep(1)
        assert rooms.get(ROOM) is ref
        await house.log.start(ROOM, house.west.name, 0)
        await rooms.check_epochs()
        await asyncio.sleep(1)
        assert rooms.get(ROOM) is None
        assert house.log.rooms[ROOM].owner == "west"

    play(scene)
