"""Deleted messages leave the log and its snapshot, also those that were missed at first."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.adapters.memory.chat_files import MemoryChatFiles
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.chat.messages import Attachment, Delete, Edit, React, Send, Sent
from meetserver.ids import FileId, MeetingId, RoomId, ShardId, UserId
from meetserver.messages import Command
from meetserver.ports import Brought, Commit, Entry, FileWish
from meetserver.rooms.emptier import Emptier
from meetserver.rooms.messages import Configure, Settings
from meetserver.rooms.reducer import evolve, fold
from meetserver.rooms.snapshot import encode_snapshot
from meetserver.rooms.state import RoomState, empty
from meetserver.wire import encode
from tests.builders import EPOCH, NOON, entry_after, given_room, granted, join, meta_after

ROOM = RoomId("room")
SECRET = b"a secret"
STORY: list[tuple[str, Command]] = [
    ("server", Configure("Weekly", Settings())),
    ("Ann", join("Ann", "host")),
    ("Bo", join("Bo")),
    ("Bo", Send(text="a secret")),
    ("Bo", Edit("4-id-4", text="still a secret")),
    ("Ann", React("4-id-4", "\N{SNOWMAN}")),
    ("Ann", Send(text="hello")),
    ("Bo", Delete("4-id-4")),
]


class World:
    """A log with all of this in it, and a snapshot as of the last entry but one."""

    def __init__(self) -> None:
        self.log = MemoryRoomLog()
        self.clock = ManualClock(NOON + timedelta(seconds=30))
        self.files = MemoryChatFiles()
        self.emptier = Emptier(self.log, self.log, self.files, self.clock)

    async def live(self, room: RoomId = ROOM) -> RoomState:
        before = empty(given_room(host=None).room, given_room(host=None).meeting)
        state, entries = before, list[Entry]()
        for name, command in STORY:
            for event in granted(state, name, command):
                entries.append(replace(entry_after(state, event, name), txn=f"t{state.seq}", body_hash=b"hash"))
                state = evolve(state, event, meta_after(state, name))
        self.log.create(room)
        await self.log.start(room, ShardId("shard"), EPOCH)
        assert await self.log.commit([Commit(room, EPOCH, 0, tuple(entries))]) == [None]
        await self.log.save_snapshot(room, len(entries) - 1, encode_snapshot(fold(before, entries[:-1])))
        return state

    def kept(self, room: RoomId = ROOM) -> bytes:
        row = self.log.rooms[room]
        assert row.snapshot is not None
        return b"\n".join([row.snapshot.data, *(entry.data for entry in row.entries)])


@pytest.fixture
async def world() -> World:
    world = World()
    await world.live()
    assert SECRET in world.kept()
    return world


async def test_at_once_the_entries_are_emptied(world: World) -> None:
    await world.emptier.empty(ROOM, [4])
    assert SECRET not in b"".join(entry.data for entry in world.log.rooms[ROOM].entries)
    assert b"hello" in world.kept()


async def test_what_was_missed_is_found_and_the_snapshot_is_made_anew(world: World) -> None:
    await world.emptier.run()
    assert SECRET not in world.kept()
    assert b"hello" in world.kept()
    assert await world.log.missed_deletions(NOON, 10) == []


async def test_of_long_ago_nothing_is_looked_for(world: World) -> None:
    world.clock.advance(limits.DELETED_LOOK_BACK_S + 60)
    await world.emptier.run()
    assert SECRET in world.kept()


async def test_a_message_s_files_go_with_it(world: World) -> None:
    meeting, entries = MeetingId("room"), world.log.rooms[ROOM].entries
    for id_ in ("gone", "kept"):
        brought = Brought(FileId(id_), "bo", "notes.txt", "text/plain", 9, None, None, is_held=False)
        world.files.brought[meeting, id_] = brought
    for seq, names in ((4, ("gone", "kept")), (7, ("kept",))):
        entry = entries[seq - 1]
        wish = FileWish(entry.by, entry.txn or "", UserId("bo"), names, is_private=False)
        await world.files.claim(ROOM, meeting, [wish])
        sent = Sent(f"{seq}-id-{seq}", "Bo", text="see", files=[Attachment(id_, id_, "text/plain", 9) for id_ in names])
        entries[seq - 1] = replace(entry, data=encode(sent))
        world.log.rooms[ROOM].receipts[entry.by, entry.txn or ""] = entries[seq - 1]
    await world.emptier.empty(ROOM, [4])
    assert [id_ for _, id_ in world.files.brought] == ["kept"]


async def test_a_room_that_cannot_be_read_keeps_no_other_from_being_emptied(world: World) -> None:
    other = RoomId("zoom")
    await world.live(other)
    unread = world.log.rooms[ROOM].entries
    unread[4] = replace(unread[4], v=99)
    await world.emptier.run()
    assert SECRET not in world.kept(other)
