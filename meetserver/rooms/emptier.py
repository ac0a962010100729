"""Takes out of a room's log what messages said that were deleted: at once, and later whatever was missed by that."""

import logging
from collections.abc import Container, Sequence
from datetime import timedelta

from meetserver import limits
from meetserver.errors import MeetError, NotFound
from meetserver.ids import ParticipantId, RoomId
from meetserver.ports import ChatFiles, Clock, LogErasure, RoomLog, SnapshotRow
from meetserver.rooms.attached import delete_with
from meetserver.rooms.erasure import of_deleted, without_people
from meetserver.rooms.snapshot import decoding, encoding, refolding
from meetserver.turns import in_turns

log = logging.getLogger(__name__)

EMPTY_DELETED = "rooms.empty_deleted"


class Emptier:
    def __init__(self, log: RoomLog, erasure: LogErasure, files: ChatFiles, clock: Clock) -> None:
        self._log = log
        self._erasure = erasure
        self._files = files
        self._clock = clock

    async def empty(self, room: RoomId, seqs: Sequence[int]) -> None:
        """The messages of these seqs, their files, and what was said about them. A message goes last: while it says
        something, it is not done."""
        for first in range(0, len(seqs), limits.RECALLS_AT_ONCE):
            some = seqs[first : first + limits.RECALLS_AT_ONCE]
            about = await self._log.entries_about(room, some, len(some) * (2 * limits.CHAT_CHANGES + 1))
            messages = await self._log.entries_at(room, some)
            await delete_with(self._log, self._files, messages)
            left = [emptied for entry in (*about, *messages) if (emptied := of_deleted(entry)) is not None]
            await self._erasure.rewrite(room, left)

    async def run(self, _: object = None) -> None:
        """What was deleted lately and still says something, in the log or in a snapshot from before. Safe to be done
        again, and by several at once."""
        since = self._clock.now() - timedelta(seconds=limits.DELETED_LOOK_BACK_S)
        before: list[tuple[RoomId, int]] = []
        while (missed := await self._erasure.missed_deletions(since, limits.SWEEP_ROWS)) and missed != before:
            before = missed
            by_room: dict[RoomId, list[int]] = {}
            for room, seq in missed:
                by_room.setdefault(room, []).append(seq)
            for room, seqs in by_room.items():
                await self._apart(room, seqs)

    async def _apart(self, room: RoomId, seqs: Sequence[int]) -> None:
        """A room that cannot be read is none of the others' business."""
        try:
            await self.empty(room, seqs)
            await renew_snapshot(self._log, room)
        except MeetError as error:
            log.warning("action=not_emptied room=%s messages=%d error=%s", room, len(seqs), error)


async def empty_base(erasure: LogErasure, room: RoomId, gone: Container[ParticipantId]) -> None:
    """Where the log does not reach back to when these came, its base may have them."""
    if (base := await erasure.base(room)) is not None:
        state = without_people(await in_turns(decoding(base.data)), gone)
        await erasure.rewrite_base(room, SnapshotRow(base.seq, await in_turns(encoding(state))))


async def renew_snapshot(store: RoomLog, room: RoomId) -> None:
    """The one that is kept may be from before something was taken out; saving a newer one removes it."""
    try:
        loaded = await store.load(room)
    except NotFound:
        return
    if loaded.snapshot is not None:
        state = await in_turns(refolding(room, loaded))
        await store.save_snapshot(room, state.seq, await in_turns(encoding(state)))
