"""What a room has at hand when it was just loaded."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.actors.loading import Fresh, load_room
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.chat.messages import Sent
from meetserver.ids import ParticipantId, RoomId, SessionId, ShardId
from meetserver.ports import OpenSession
from meetserver.rooms.state import empty
from tests.builders import entry_after

ROOM = RoomId("room")
ANN = ParticipantId("ann")


async def loaded(seqs_per_s: float, entries: int, *, has_sessions: bool = True) -> list[int]:
    """The seqs of its newest frames, in a room that people have talked in until now."""
    log, clock = MemoryRoomLog(), ManualClock()
    log.create(ROOM)
    state = empty(ROOM, log.rooms[ROOM].meeting)
    for seq in range(1, entries + 1):
        entry = entry_after(state, Sent(f"m{seq}", "Ann", "x"), "ann")
        age = timedelta(seconds=(entries - seq) / seqs_per_s)
        log.rooms[ROOM].entries.append(replace(entry, at=clock.now() - age))
        state = replace(state, seq=seq)
    if has_sessions:
        log.rooms[ROOM].sessions[SessionId("s")] = OpenSession(SessionId("s"), ANN, b"", "Ann")
    answers: list[Any] = []
    await load_room(log, ROOM, ShardId("one"), clock, None, answers.append)
    (fresh,) = answers
    assert isinstance(fresh, Fresh)
    return [frame.seq for frame in fresh.tail]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOADED_EVENTS", 20)
    monkeypatch.setattr(limits, "EDGE_EVENTS", 60)


async def test_a_quiet_room_has_some_of_its_log() -> None:
    assert await loaded(1.0, 100) == list(range(81, 101))


async def test_a_busy_one_has_as_much_as_an_edge_keeps() -> None:
    assert await loaded(1000.0, 100) == list(range(41, 101))


@pytest.mark.parametrize("entries", [1, 19, 20, 21, 59, 60, 61])
@pytest.mark.parametrize("seqs_per_s", [1.0, 1000.0])
async def test_a_short_log_is_there_up_to_its_end(seqs_per_s: float, entries: int) -> None:
    at_most = 20 if seqs_per_s == 1.0 else 60
    assert await loaded(seqs_per_s, entries) == list(range(max(1, entries - at_most + 1), entries + 1))


async def test_the_oldest_of_them_decides() -> None:
    per_s = (limits.LOADED_EVENTS - 1) / limits.LOADED_EVENTS_AGE_S
    assert len(await loaded(per_s, 100)) == 20
    assert len(await loaded(per_s * 1.01, 100)) == 60


async def test_nothing_is_read_for_nobody() -> None:
    assert await loaded(1.0, 100, has_sessions=False) == []
