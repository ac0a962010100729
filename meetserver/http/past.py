"""Reading a room's log for somebody: only what they may see, a bounded stretch at a time."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime

import msgspec
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat.erasure import without_deleted
from meetserver.chat.messages import Sent
from meetserver.errors import BadMessage, HistoryExpired
from meetserver.http.readers import Reader
from meetserver.meetings.store import Meeting
from meetserver.ports import Entry, RoomHistory
from meetserver.rooms.erasure import of_deleted
from meetserver.rooms.messages import Settings
from meetserver.rooms.reducer import fold
from meetserver.rooms.snapshot import decoding
from meetserver.rooms.state import RoomState, empty
from meetserver.turns import in_turns


class Past:
    """Stretches of one room's log, as one reader sees them."""

    def __init__(self, history: RoomHistory, reader: Reader) -> None:
        self._history = history
        self._reader = reader
        self._room = reader.meeting.room_id

    async def sent_before(self, before: int | None, at_once: int) -> AsyncIterator[list[Entry]]:
        """Chat messages as they were sent, newest first, so many together, and more of those after them."""
        while True:
            page = await self._history.entries_of_type(
                self._room, "chat.sent", before_seq=before, after_seq=None, limit=at_once
            )
            yield page[::-1]
            if len(page) < at_once:
                return
            before, at_once = page[0].seq, _more(at_once, limits.PAGE_ITEMS)

    async def sent_after(self, after: int, before: int | None, at_once: int) -> AsyncIterator[list[Entry]]:
        """As `sent_before`, oldest first."""
        while True:
            page = await self._history.entries_of_type(
                self._room, "chat.sent", before_seq=before, after_seq=after, limit=at_once
            )
            yield page
            if len(page) < at_once:
                return
            after, at_once = page[-1].seq, _more(at_once, limits.PAGE_ITEMS)

    async def all_after(self, after: int, at_once: int) -> AsyncIterator[Entry]:
        """Everything, oldest first."""
        while page := await self._history.page(self._room, after, at_once):
            for entry in page:
                yield entry
            after, at_once = page[-1].seq, _more(at_once, limits.LOG_PAGE_EVENTS)

    async def newest_of(self, types: Iterable[str], before: int | None, limit: int) -> list[Entry]:
        """The newest below `before` of these types together, rising."""
        found = [
            entry
            for type_ in dict.fromkeys(types)
            for entry in await self._history.entries_of_type(
                self._room, type_, before_seq=before, after_seq=None, limit=limit
            )
        ]
        return sorted(found, key=lambda entry: entry.seq)[-limit:]

    async def collect(self, entries: AsyncIterator[Entry], limit: int) -> tuple[list[Entry], int | None]:
        """At most `limit` of those that the reader may see, and the last seq looked at; None when there are no more."""
        found: list[Entry] = []
        looked_at, last = 0, 0
        async for entry in entries:
            if len(found) == limit or looked_at == limits.SEARCH_ENTRIES:
                return found, last
            looked_at, last = looked_at + 1, entry.seq
            if self._reader.may_see(entry):
                found.append(entry)
        return found, None

    async def without_deleted(self, entries: list[Entry]) -> list[Entry]:
        """These, with nothing of what deleted messages said: some may stand in the log as they were for a while."""
        about = {entry.seq: entry.seq if entry.type == Sent.type else entry.subject for entry in entries}
        subjects = [seq for seq in set(about.values()) if seq is not None]
        deleted = await self._history.deleted_among(self._room, subjects) if subjects else {}
        return [(of_deleted(one) or one) if about[one.seq] in deleted else one for one in entries]


def _more(at_once: int, most: int) -> int:
    """Whoever asks for few, and may see few of those that come, does not cost a statement for each."""
    return min(2 * at_once, most)


async def state_at(history: RoomHistory, meeting: Meeting, at: str | None) -> RoomState:
    """The room as its log made it: now, at a seq, or at a time. Raises BadMessage for an `at` that is neither, and
    HistoryExpired for one from before the log."""
    seq, time = await _place(history, meeting, at)
    # The log may come to begin later in between: then there is a newer snapshot.
    state = await _folded(history, meeting, seq) or await _folded(history, meeting, seq)
    if state is None or seq < meeting.log_base or (time is not None and state.at is not None and state.at > time):
        raise HistoryExpired("this meeting does not keep what happened so long ago")
    return state if at is None else await _with_later_deletions(history, state)


async def _folded(history: RoomHistory, meeting: Meeting, seq: int) -> RoomState | None:
    """None: the log does not reach back to there."""
    snapshot = await history.snapshot_at(meeting.room_id, seq)
    state = _unused(meeting) if snapshot is None else await in_turns(decoding(snapshot.data))
    while state.seq < seq:
        page = await history.page(meeting.room_id, state.seq, limits.LOG_PAGE_EVENTS, until_seq=seq)
        if not page or page[0].seq != state.seq + 1:
            return None
        state = fold(state, page)
    return state


async def _with_later_deletions(history: RoomHistory, state: RoomState) -> RoomState:
    """What was deleted since is not shown as it was then."""
    seqs = [message.seq for message in (*state.chat.shared.messages, *state.chat.pinned)]
    deleted = await history.deleted_among(state.room, seqs) if seqs else {}
    return replace(state, chat=without_deleted(state.chat, deleted)) if deleted else state


async def _place(history: RoomHistory, meeting: Meeting, at: str | None) -> tuple[int, datetime | None]:
    """The seq that is meant, and the time by which it was named."""
    last = await history.last_seq(meeting.room_id)
    if at is None:
        return last, None
    if at.isdecimal():
        return min(int(at), last), None
    try:
        time = msgspec.convert(at, datetime)
    except msgspec.ValidationError:
        raise BadMessage("at must be a seq or a time in RFC 3339") from None
    if time.tzinfo is None or not 1970 <= time.year < 9999:
        raise BadMessage("at must be a time with an offset, from 1970 on")
    return await history.seq_at(meeting.room_id, time), time


def _unused(meeting: Meeting) -> RoomState:
    """Before its first entry a room has what the calendar entry says."""
    state = empty(meeting.room_id, meeting.id)
    return replace(state, title=meeting.title, settings=msgspec.convert(meeting.settings, Settings))
