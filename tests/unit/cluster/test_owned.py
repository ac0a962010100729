"""Rooms that this process owns, and gives up."""

import asyncio

from meetserver import limits
from meetserver.chat.messages import Send
from meetserver.ids import ShardId
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
