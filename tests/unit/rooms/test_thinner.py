"""Rooms' logs come to begin later: whatever breaks off in between, the room stays what it is, and the rest goes."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from meetserver.adapters.memory.chat_files import MemoryChatFiles
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.chat.messages import Attachment, Edit, Pin, Send, Sent, message_id
from meetserver.errors import Unavailable
from meetserver.ids import FileId, MeetingId, RoomId
from meetserver.ports import Brought, Commit, FileWish
from meetserver.rooms.eraser import RoomEraser
from meetserver.rooms.messages import Ban
from meetserver.rooms.reducer import fold
from meetserver.rooms.snapshot import decode_snapshot
from meetserver.rooms.state import RoomState
from meetserver.rooms.thinner import Thinner
from meetserver.whiteboard.messages import Apply, Put
from tests.builders import NOON, entry_after, participant_id
from tests.unit.rooms.test_eraser import BO, Rooms, save_snapshot

DAY = timedelta(days=1)
SECRET = "said long ago"


class Breaks:
    """A log of which one call fails, after it was done or before."""

    def __init__(self, log: MemoryRoomLog, call: str, *, is_done: bool) -> None:
        self._log, self._call, self._is_done = log, call, is_done

    def __getattr__(self, name: str) -> object:
        found = getattr(self._log, name)
        if name != self._call:
            return found

        async def break_off(*args: object) -> object:
            if self._is_done:
                await found(*args)
            raise Unavailable("the process died")

        return break_off


class World:
    def __init__(self) -> None:
        self.log = MemoryRoomLog()
        self.rooms = Rooms(self.log)
        self.clock = ManualClock(NOON + 10 * DAY)
        self.files = MemoryChatFiles()

    def thinner(self, server_days: int = 5, log: object = None) -> Thinner:
        log = log or self.log
        return Thinner(server_days, self.rooms, log, log, log, self.files, self.clock)  # type: ignore[arg-type]

    async def given(self, name: str = "r1", **settings: object) -> RoomId:
        """Five entries from ten days ago: Ann and Bo, two messages, an element. Then a message."""
        room = await self.rooms.given(name)
        self.log.rooms[room].settings = settings
        await self.rooms.bo_comes(room)
        await self.rooms.do(room, "Bo", Send(text=SECRET))
        await self.rooms.do(room, "Bo", Send(text=SECRET))
        await self.rooms.do(room, "Ann", Apply([Put("a", {"kind": "x"})]))
        return room

    async def sends(self, room: RoomId, *files: str) -> None:
        """Ann says nothing, with these files."""
        state = self.rooms.states[room]
        event = Sent(
            message_id(state.seq + 1, "id"), "Ann", files=[Attachment(one, one, "text/plain", 1) for one in files]
        )
        entry = replace(entry_after(state, event, "Ann"), epoch=self.log.rooms[room].epoch, txn=f"{state.seq}")
        await self.files.claim(room, MeetingId(room), [FileWish(entry.by, f"{state.seq}", None, files, False)])
        assert await self.log.commit([Commit(room, entry.epoch, state.seq, (entry,))]) == [None]
        self.rooms.states[room] = fold(state, [entry])

    async def loaded(self, room: RoomId) -> RoomState:
        loaded = await self.log.load(room)
        assert loaded.snapshot is not None
        return fold(decode_snapshot(loaded.snapshot.data), loaded.entries)

    def kept(self, room: RoomId) -> bytes:
        row = self.log.rooms[room]
        kept = [one.data for one in (row.base, row.snapshot) if one is not None]
        return b"\n".join([*kept, *(entry.data for entry in row.there())])


def brought(name: str) -> Brought:
    return Brought(FileId(name), participant_id("Ann"), name, "text/plain", 1, None, None, False)


@pytest.fixture
def world() -> World:
    return World()


async def test_what_is_too_old_goes(world: World) -> None:
    room = await world.given()
    await save_snapshot(world.rooms, room)
    await world.thinner().run()
    assert SECRET.encode() not in world.kept(room)
    assert await world.loaded(room) == world.rooms.states[room]
    assert world.rooms.states[room].whiteboard.pages
    assert [entry.type for entry in await world.log.page(room, 0, 99)] == ["room.expired"]


async def test_then_there_is_nothing_to_do(world: World) -> None:
    room = await world.given()
    await world.thinner().run()
    before = world.log.rooms[room].last_seq
    world.clock.advance(30 * 86_400)
    await world.thinner().run()
    assert world.log.rooms[room].last_seq == before


async def test_what_is_not_too_old_stays(world: World) -> None:
    room = await world.given()
    await world.thinner(server_days=11).run()
    assert world.log.rooms[room].log_base == 0
    await world.thinner(server_days=0).run()
    assert world.log.rooms[room].last_seq == 5


@pytest.mark.parametrize(("server", "meeting", "goes"), [(0, 9, True), (11, 9, True), (9, 11, True), (0, 11, False)])
async def test_whichever_is_sooner(world: World, server: int, meeting: int, goes: bool) -> None:
    room = await world.given(retention_days=meeting)
    await world.thinner(server).run()
    assert (world.log.rooms[room].log_base > 0) is goes


async def test_up_to_the_cutoff_and_no_further(world: World) -> None:
    """Entries are a second apart."""
    room = await world.given()
    world.clock = ManualClock(NOON + 5 * DAY + timedelta(seconds=3))
    await world.thinner().run()
    assert world.log.rooms[room].log_base == 3
    assert [entry.seq for entry in await world.log.page(room, 0, 99)] == [4, 5, 6]
    assert await world.loaded(room) == world.rooms.states[room]


async def test_what_was_said_later_about_what_went_goes_too(world: World) -> None:
    room = await world.given()
    id_ = world.rooms.states[room].chat.shared.messages[0].message_id
    await world.rooms.do(room, "Bo", Edit(id_, text="worse than what was SECRET"))
    await world.rooms.do(room, "Ann", Pin(id_))
    world.clock = ManualClock(NOON + 5 * DAY + timedelta(seconds=5))
    await world.thinner().run()
    assert b"SECRET" not in world.kept(room)
    assert await world.loaded(room) == world.rooms.states[room]


async def test_who_was_sent_out_stays_out_without_a_name(world: World) -> None:
    room = await world.given()
    await world.rooms.do(room, "Ann", Ban(participant_id("Bo")))
    await world.thinner().run()
    (kept,) = await world.log.entries_of_type(room, "participant.barred", before_seq=None, after_seq=None, limit=9)
    assert b"Bo" not in kept.data
    assert (await world.loaded(room)).bars == world.rooms.states[room].bars


async def test_files_go_with_the_last_message_that_has_them(world: World) -> None:
    room = await world.given()
    for name in ("old", "both"):
        world.files.brought[MeetingId(room), name] = brought(name)
    await world.sends(room, "old", "both")
    await world.sends(room, "old")
    until = world.rooms.states[room].seq
    await world.sends(room, "both")
    await world.thinner().expire(MeetingId(room), room, until)
    assert [name for _, name in world.files.brought] == ["both"]


STEPS = ["set_base", "save_snapshot", "covered", "told_later", "rewrite", "sweep"]


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("step", STEPS)
async def test_what_breaks_off_is_finished(world: World, step: str, is_done: bool) -> None:
    room = await world.given()
    await save_snapshot(world.rooms, room)
    await world.rooms.do(room, "Ann", Ban(participant_id("Bo")))
    await world.thinner(log=Breaks(world.log, step, is_done=is_done)).run()
    assert await world.loaded(room) == world.rooms.states[room]
    await world.thinner().run()
    assert SECRET.encode() not in world.kept(room)
    assert await world.loaded(room) == world.rooms.states[room]
    assert world.log.rooms[room].swept == world.log.rooms[room].log_base > 0


async def test_a_room_that_cannot_be_asked_is_none_of_the_others_business(world: World) -> None:
    first, second = await world.given("r1"), await world.given("r2")
    world.rooms.fail_with = Unavailable("not now")
    await world.thinner().run()
    assert (world.log.rooms[first].log_base, world.log.rooms[second].log_base) == (0, 5)
    await world.thinner().run()
    assert world.log.rooms[first].log_base == 5


async def test_who_is_erased_later_is_not_in_the_base(world: World) -> None:
    room = await world.given()
    await world.thinner().run()
    assert b"\xa2Bo" in world.kept(room)
    await RoomEraser(world.rooms, world.log, world.log).erase(BO)
    assert b"\xa2Bo" not in world.kept(room)
    assert await world.loaded(room) == world.rooms.states[room]


async def test_who_is_erased_meanwhile_is_not_in_the_base(world: World) -> None:
    """The log was read before, and is stored after the eraser has been there."""
    room = await world.given()
    eraser = RoomEraser(world.rooms, world.log, world.log)
    state_at = (thinner := world.thinner())._state_at

    async def slowly(meeting: MeetingId, room: RoomId, until: int) -> RoomState:
        state = await state_at(meeting, room, until)
        await eraser.erase(BO)
        return state

    thinner._state_at = slowly  # type: ignore[method-assign]
    await thinner.run()
    assert b"\xa2Bo" not in world.kept(room)
    assert await world.loaded(room) == world.rooms.states[room]
