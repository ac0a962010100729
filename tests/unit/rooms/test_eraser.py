"""Emptying rooms of somebody: the log, the snapshot, and what tells who they were."""

import msgspec
import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.chat.messages import Send
from meetserver.errors import NotFound, Unavailable
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId, ShardId, UserId
from meetserver.messages import Command, Role
from meetserver.ports import Commit, Entry, OpenSession, RoomReply
from meetserver.rooms.eraser import RoomEraser
from meetserver.rooms.messages import Erased
from meetserver.rooms.reducer import evolve, fold
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot
from meetserver.rooms.state import RoomState, empty
from tests.builders import entry_after, granted, join, meta_after, participant_id

BO = UserId("bo's account")
SECRET = "my address is 7 Elm Street"


class Rooms:
    """ports.Rooms over one log, without actors: a wish is carried out at once. `fail_with` is raised instead, once."""

    def __init__(self, log: MemoryRoomLog) -> None:
        self.log = log
        self.states: dict[RoomId, RoomState] = {}
        self.fail_with: Exception | None = None

    async def is_awake(self, room: RoomId) -> bool:
        return room in self.states

    async def given(self, name: str) -> RoomId:
        room = RoomId(name)
        self.log.create(room)
        self.states[room] = empty(room, MeetingId(room))
        await self.do(room, "Ann", join("Ann", "host"))
        return room

    async def do(self, room: RoomId, name: str, command: Command, *opened: OpenSession) -> None:
        state, entries = self.states[room], list[Entry]()
        started = await self.log.start(room, ShardId("s"), 0)
        for event in granted(state, name, command):
            entry = replace(entry_after(state, event, name), epoch=started.epoch, txn=f"{state.seq}", body_hash=b"h")
            entries.append(entry)
            state = evolve(state, event, replace(meta_after(state, name), epoch=started.epoch))
        commit = Commit(room, started.epoch, self.states[room].seq, tuple(entries), tuple(opened))
        assert await self.log.commit([commit]) == [None]
        self.states[room] = state

    async def bo_comes(self, room: RoomId, name: str = "Bo") -> None:
        participant = participant_id(name)
        session = OpenSession(SessionId(f"{room} {name}"), participant, b"", f"{room} {name}", user=BO)
        await self.do(room, name, replace(join(name), user=BO), session)

    async def ask(
        self, room: RoomId, command: Command, *, role: Role = "host", by: ParticipantId | None = None
    ) -> RoomReply | None:
        if self.fail_with is not None:
            error, self.fail_with = self.fail_with, None
            raise error
        await self.do(room, "server", command)
        return None

    async def part(self, room: RoomId, part: str) -> None:
        return None

    async def state(self, room: RoomId) -> bytes | None:
        return None

    async def would_admit(self, *_: object, **__: object) -> None:
        return None


@pytest.fixture
def log() -> MemoryRoomLog:
    return MemoryRoomLog()


@pytest.fixture
def rooms(log: MemoryRoomLog) -> Rooms:
    return Rooms(log)


@pytest.fixture
def eraser(rooms: Rooms, log: MemoryRoomLog) -> RoomEraser:
    return RoomEraser(rooms, log, log)


async def save_snapshot(rooms: Rooms, room: RoomId) -> None:
    await rooms.log.save_snapshot(room, rooms.states[room].seq, encode_snapshot(rooms.states[room]))


async def kept(log: MemoryRoomLog, room: RoomId) -> bytes:
    loaded = await log.load(room)
    entries = await log.page(room, 0, 10_000)
    return b"\n".join([loaded.snapshot.data if loaded.snapshot else b"", *(entry.data for entry in entries)])


async def test_the_log_and_an_older_snapshot_are_emptied(rooms: Rooms, log: MemoryRoomLog, eraser: RoomEraser) -> None:
    room = await rooms.given("r1")
    await rooms.bo_comes(room)
    await rooms.do(room, "Bo", Send(text=SECRET))
    await save_snapshot(rooms, room)
    await rooms.do(room, "Ann", Send(text="thanks"))
    assert await eraser.erase(BO) == {"rooms": 1, "entries": 2}
    left = await kept(log, room)
    assert SECRET.encode() not in left
    assert BO.encode() not in left
    assert b"thanks" in left


async def test_the_room_that_is_loaded_is_the_one_that_was_told(
    rooms: Rooms, log: MemoryRoomLog, eraser: RoomEraser
) -> None:
    room = await rooms.given("r1")
    await rooms.bo_comes(room)
    await rooms.do(room, "Bo", Send(text=SECRET))
    await save_snapshot(rooms, room)
    await eraser.erase(BO)
    loaded = await log.load(room)
    assert loaded.snapshot is not None
    assert fold(decode_snapshot(loaded.snapshot.data), loaded.entries) == rooms.states[room]
    assert fold(empty(room, MeetingId(room)), await log.page(room, 0, 10_000)) == rooms.states[room]


async def test_no_hash_of_what_was_said_stays(rooms: Rooms, log: MemoryRoomLog, eraser: RoomEraser) -> None:
    """Who knows what was said could else see that it was."""
    room = await rooms.given("r1")
    await rooms.bo_comes(room)
    await rooms.do(room, "Bo", Send(text=SECRET))
    await eraser.erase(BO)
    said = [entry for entry in await log.page(room, 0, 100) if entry.type == "chat.sent"]
    assert [entry.body_hash for entry in said] == [None]


async def test_an_erasure_that_failed_goes_on(rooms: Rooms, log: MemoryRoomLog, eraser: RoomEraser) -> None:
    for name in ("r1", "r2"):
        await rooms.bo_comes(await rooms.given(name))
    rooms.fail_with = Unavailable("not now")
    with pytest.raises(Unavailable):
        await eraser.erase(BO)
    assert (await eraser.erase(BO))["rooms"] == 2
    assert await eraser.erase(BO) == {"rooms": 0, "entries": 0}


async def test_a_meeting_that_was_deleted_meanwhile_is_passed_over(
    rooms: Rooms, log: MemoryRoomLog, eraser: RoomEraser
) -> None:
    for name in ("r1", "r2"):
        await rooms.bo_comes(await rooms.given(name))
    rooms.fail_with = NotFound("no such room")
    assert (await eraser.erase(BO))["rooms"] == 1


async def test_whoever_came_often_is_told_of_in_parts(rooms: Rooms, log: MemoryRoomLog, eraser: RoomEraser) -> None:
    room = await rooms.given("r1")
    ever = log.rooms[room].ever
    for number in range(limits.ERASED_TOGETHER + 1):
        participant = ParticipantId(f"bo{number:04}")
        ever[SessionId(participant)] = OpenSession(SessionId(participant), participant, b"", participant, user=BO)
    await eraser.erase(BO)
    told = [
        msgspec.json.decode(entry.data, type=Erased)
        for entry in await log.page(room, 0, 100)
        if entry.type == Erased.type
    ]
    assert [len(event.participants) for event in told] == [limits.ERASED_TOGETHER, 1]
    assert max(len(msgspec.json.encode(event)) for event in told) < limits.FRAME_BYTES


async def test_a_copy_holds_what_they_said_and_nothing_of_others(
    rooms: Rooms, log: MemoryRoomLog, eraser: RoomEraser
) -> None:
    room = await rooms.given("r1")
    await rooms.bo_comes(room)
    await rooms.do(room, "Bo", Send(text=SECRET))
    await rooms.do(room, "Ann", Send(text="thanks"))
    copy = msgspec.json.encode(await eraser.export(BO))
    assert SECRET.encode() in copy
    assert b"thanks" not in copy
