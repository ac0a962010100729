"""When a room's snapshot is taken."""

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.actors.snapshots import SMALLEST_LOG_BYTES, Snapshots
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.chat.messages import Sent
from meetserver.errors import Unavailable
from meetserver.ids import RoomId
from meetserver.ports import Entry
from meetserver.rooms.snapshot import decode_snapshot
from meetserver.rooms.state import RoomState
from tests.builders import entry_after, given_room

ROOM = RoomId("room")


class Keeper:
    """A room whose log grows, and its snapshots."""

    def __init__(self) -> None:
        self.log = MemoryRoomLog()
        self.log.create(ROOM)
        self.state: RoomState = given_room()
        self._background = Background()
        self._snapshots = Snapshots(self.log, ROOM, self._background)
        self._snapshots.loaded(self.state, (), 0)

    async def grows(self, entries: int, text: str = "") -> None:
        added: list[Entry] = []
        for _ in range(entries):
            added.append(entry_after(self.state, Sent("m", "Ann", text), "Ann"))
            self.state = replace(self.state, seq=self.state.seq + 1)
        self._snapshots.committed(self.state, added)
        await self._background.finish()

    @property
    def kept(self) -> int:
        snapshot = self.log.rooms[ROOM].snapshot
        return 0 if snapshot is None else decode_snapshot(snapshot.data).seq


async def test_it_is_taken_when_the_log_since_weighs_enough() -> None:
    room = Keeper()
    await room.grows(1, "x" * (SMALLEST_LOG_BYTES - 1000))
    assert room.kept == 0

    await room.grows(1, "x" * 1000)

    assert room.kept == room.state.seq


async def test_it_is_taken_after_so_many_entries_however_much_a_room_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SNAPSHOT_ENTRIES", 10)
    monkeypatch.setattr("meetserver.actors.snapshots.SMALLEST_LOG_BYTES", 2**30)
    room = Keeper()
    first = room.state.seq

    await room.grows(9)
    assert room.kept == 0
    await room.grows(1)
    assert room.kept == first + 10
    await room.grows(9)
    assert room.kept == first + 10
    await room.grows(1)
    assert room.kept == first + 20


async def test_one_that_cannot_be_kept_is_tried_again_after_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SNAPSHOT_ENTRIES", 10)
    room, tried = Keeper(), list[int]()
    save = room.log.save_snapshot

    async def fails_once(room_id: RoomId, seq: int, data: bytes) -> None:
        tried.append(seq)
        if len(tried) == 1:
            raise Unavailable("no space")
        await save(room_id, seq, data)

    monkeypatch.setattr(room.log, "save_snapshot", fails_once)

    await room.grows(10)
    await room.grows(9)
    assert (len(tried), room.kept) == (1, 0)
    await room.grows(1)
    assert (len(tried), room.kept) == (2, room.state.seq)
