"""When a room's snapshot is taken: when the log since outweighs the snapshot itself, so that the total work stays
in proportion to the log, but early enough that whoever loads the room need not wait long; when it goes to sleep; and
before it is handed over.
"""

import logging

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.errors import MeetError
from meetserver.ids import RoomId
from meetserver.ports import Entry, RoomLog
from meetserver.rooms.snapshot import encoding
from meetserver.rooms.state import RoomState
from meetserver.turns import in_turns

log = logging.getLogger(__name__)

SMALLEST_LOG_BYTES = 64 * 1024


class Snapshots:
    def __init__(self, store: RoomLog, room: RoomId, background: Background) -> None:
        self._store = store
        self._room = room
        self._background = background
        self._since_bytes = 0
        self._last_bytes = 0
        self._last_seq = self._tried_seq = 0
        self._is_saving = False
        self._state: RoomState | None = None

    def loaded(self, state: RoomState, entries: tuple[Entry, ...], snapshot_bytes: int) -> None:
        self._state = state
        self._last_seq = self._tried_seq = state.seq - len(entries)
        self._last_bytes = snapshot_bytes
        self._since_bytes = sum(len(entry.data) for entry in entries)

    def committed(self, state: RoomState, entries: list[Entry]) -> None:
        self._state = state
        self._since_bytes += sum(len(entry.data) for entry in entries)
        is_heavy = self._since_bytes > max(SMALLEST_LOG_BYTES, self._last_bytes)
        is_long = state.seq - self._tried_seq >= limits.SNAPSHOT_ENTRIES
        if not self._is_saving and (is_heavy or is_long):
            self._is_saving = True
            self._background.start(self.save())

    async def before_handover(self) -> None:
        """While the room goes on, and again once it does not: as `save`, but not for what its next owner soon reads."""
        if self._state is not None and self._state.seq - self._last_seq > limits.HANDOVER_ENTRIES:
            await self.save()

    async def save(self) -> None:
        """Nothing depends on it: a snapshot that cannot be saved is tried again with the next commits."""
        if (state := self._state) is None or state.seq == self._last_seq:
            self._is_saving = False
            return
        self._since_bytes, self._tried_seq = 0, state.seq
        try:
            data = await in_turns(encoding(state))
            await self._store.save_snapshot(self._room, state.seq, data)
        except MeetError as error:
            log.warning("action=snapshot_failed room=%s seq=%d error=%s", self._room, state.seq, error)
        else:
            self._last_seq, self._last_bytes = state.seq, len(data)
        finally:
            self._is_saving = False
