"""The room log in memory: the same answers as the database's, and faults on demand for simulations."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec.structs import replace

from meetserver import limits
from meetserver.adapters.commits import malformed
from meetserver.errors import Duplicate, NotFound, Stale, StoreError, UnknownOutcome
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId, ShardId, UserId
from meetserver.ports import (
    LASTING,
    Aging,
    Commit,
    Entry,
    Loaded,
    Mark,
    OpenSession,
    SnapshotRow,
    Started,
    Whereabouts,
    farther,
)

Fault: TypeAlias = Literal["unknown_committed", "unknown_not_committed", "stale"]


class MemoryRoom:
    """One room's rows. `entries` are all that there ever were, so that tests can ask for them; those that `swept`
    covers are gone for everybody else."""

    def __init__(self, meeting: MeetingId, title: str, settings: Mapping[str, object]) -> None:
        self.meeting = meeting
        self.title = title
        self.settings = settings
        self.owner: ShardId | None = None
        self.epoch = 0
        self.entries: list[Entry] = []
        self.receipts: dict[tuple[str, str], Entry] = {}
        self.snapshot: SnapshotRow | None = None
        self.base: SnapshotRow | None = None
        self.swept = 0
        self.sessions: dict[SessionId, OpenSession] = {}
        self.ever: dict[SessionId, OpenSession] = {}
        self.marks: dict[str, Mark] = {}
        self.ended_at: datetime | None = None
        self.is_quarantined = False

    @property
    def last_seq(self) -> int:
        return len(self.entries)

    @property
    def log_base(self) -> int:
        return 0 if self.base is None else self.base.seq

    @property
    def newest(self) -> SnapshotRow | None:
        kept = [snapshot for snapshot in (self.base, self.snapshot) if snapshot is not None]
        return max(kept, key=lambda snapshot: snapshot.seq, default=None)

    def there(self) -> list[Entry]:
        lasting = [entry for entry in self.entries[: self.swept] if entry.type in LASTING]
        return [*lasting, *self.entries[self.swept :]] if self.swept else self.entries


class MemoryRoomLog:
    """RoomLog and RoomHistory over dicts. `pause` is awaited before and after each effect: a seeded simulation puts
    its delays there."""

    commit_lanes = 1

    def __init__(self, pause: Callable[[], Awaitable[None]] | None = None) -> None:
        self.rooms: dict[RoomId, MemoryRoom] = {}
        self.statements = 0
        """Calls of `commit` so far: how well commits are gathered."""
        self._pause = pause
        self._faults: deque[tuple[Fault, RoomId | None]] = deque()
        # Used up for good, open or closed.
        self._tickets: set[str] = set()
        self._sessions: dict[SessionId, tuple[RoomId, bytes]] = {}

    def create(
        self,
        room: RoomId,
        *,
        meeting: MeetingId | None = None,
        title: str = "",
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """A meeting with its room, which is what the calendar makes."""
        self.rooms[room] = MemoryRoom(meeting or MeetingId(room), title, settings or {})

    def delete(self, room: RoomId) -> None:
        """The meeting goes, and all that hangs on it."""
        del self.rooms[room]

    def fail_next(self, fault: Fault, room: RoomId | None = None) -> None:
        """The next commit (of `room`, if given) ends like this. Faults queue up."""
        self._faults.append((fault, room))

    async def start(self, room: RoomId, shard: ShardId, now_ms: int) -> Started:
        await self._wait()
        row = self._row(room)
        row.epoch = max(row.epoch + 1, now_ms)
        row.owner = shard
        started = Started(row.epoch, row.last_seq)
        await self._wait()
        return started

    async def load(self, room: RoomId) -> Loaded:
        await self._wait()
        row = self._row(room)
        after = row.newest.seq if row.newest else 0
        assert after >= row.swept, "what is swept away is in a snapshot"
        return Loaded(
            row.meeting, row.title, row.settings, row.newest, tuple(row.entries[after:]),
            tuple(row.sessions.values()), _kept(row.marks),
        )  # fmt: skip

    async def commit(self, commits: Sequence[Commit]) -> list[StoreError | None]:
        await self._wait()
        self.statements += 1
        answers = [self._commit(commit) for commit in commits]
        await self._wait()
        return answers

    async def commit_alone(self, commit: Commit) -> StoreError | None:
        return (await self.commit([commit]))[0]

    async def page(self, room: RoomId, after_seq: int, limit: int, *, until_seq: int | None = None) -> list[Entry]:
        await self._wait()
        after_seq = max(after_seq, self._base(room))
        end = after_seq + limit if until_seq is None else min(after_seq + limit, until_seq)
        return self.rooms[room].entries[after_seq:end] if room in self.rooms else []

    async def epoch_at(self, room: RoomId, seq: int) -> int | None:
        await self._wait()
        return next((e.epoch for e in self._entries(room) if e.seq == seq > self._base(room)), None)

    async def receipts(self, room: RoomId, keys: Sequence[tuple[ParticipantId, str]]) -> dict[tuple[str, str], Entry]:
        await self._wait()
        known = self.rooms[room].receipts if room in self.rooms else {}
        return {key: known[key] for key in keys if key in known}

    async def save_snapshot(self, room: RoomId, seq: int, data: bytes) -> None:
        await self._wait()
        row = self.rooms.get(room)
        if row and (row.snapshot is None or row.snapshot.seq <= seq):
            row.snapshot = SnapshotRow(seq, data)

    async def save_marks(self, room: RoomId, marks: Mapping[str, Mark]) -> None:
        await self._wait()
        row = self.rooms.get(room)
        if row is not None:
            row.marks |= {who: farther(row.marks.get(who, Mark()), mark) for who, mark in marks.items()}

    async def release(self, room: RoomId, epoch: int) -> None:
        await self._wait()
        row = self.rooms.get(room)
        if row and row.epoch == epoch:
            row.owner = None

    async def had_session(self, room: RoomId, session: SessionId, token_hash: bytes) -> bool:
        await self._wait()
        return self._sessions.get(session) == (room, token_hash)

    async def rooms_with_sessions(self) -> list[tuple[RoomId, ShardId | None]]:
        await self._wait()
        return sorted((id_, row.owner) for id_, row in self.rooms.items() if row.sessions and not row.is_quarantined)

    async def whereabouts(self, room: RoomId) -> Whereabouts:
        await self._wait()
        row = self._row(room)
        return Whereabouts(row.owner, row.epoch, row.is_quarantined)

    async def epochs(self, rooms: Sequence[RoomId]) -> dict[RoomId, int]:
        await self._wait()
        return {room: self.rooms[room].epoch for room in rooms if room in self.rooms}

    async def quarantined(self) -> dict[RoomId, Whereabouts]:
        await self._wait()
        resting = {id_: row for id_, row in self.rooms.items() if row.is_quarantined}
        return {id_: Whereabouts(row.owner, row.epoch, True) for id_, row in resting.items()}

    async def quarantine(self, room: RoomId, *, on: bool) -> None:
        await self._wait()
        self._row(room).is_quarantined = on

    # --- RoomHistory

    async def snapshot_at(self, room: RoomId, seq: int) -> SnapshotRow | None:
        row = self.rooms.get(room)
        kept = [] if row is None else [one for one in (row.base, row.snapshot) if one is not None and one.seq <= seq]
        return max(kept, key=lambda snapshot: snapshot.seq, default=None)

    async def seq_at(self, room: RoomId, at: datetime) -> int:
        base = self._base(room)
        return max((e.seq for e in self._entries(room) if e.seq > base and e.at <= at), default=base)

    async def last_seq(self, room: RoomId) -> int:
        return self._row(room).last_seq

    async def entries_of_type(
        self, room: RoomId, type_: str, *, before_seq: int | None, after_seq: int | None, limit: int
    ) -> list[Entry]:
        found = [
            entry
            for entry in self._entries(room)
            if entry.type == type_
            and (type_ in LASTING or entry.seq > self._base(room))
            and (before_seq is None or entry.seq < before_seq)
            and (after_seq is None or entry.seq > after_seq)
        ]
        return found[:limit] if after_seq is not None else found[-limit:]

    async def entries_at(self, room: RoomId, seqs: Sequence[int]) -> list[Entry]:
        await self._wait()
        wanted = frozenset(seqs)
        return [entry for entry in self._entries(room) if entry.seq in wanted]

    async def entries_about(
        self, room: RoomId, subjects: Sequence[int], limit: int, *, newest_first: bool = False
    ) -> list[Entry]:
        await self._wait()
        sign = -1 if newest_first else 1
        wanted = frozenset(subjects)
        found = [(sign * e.subject, e.seq, e) for e in self._entries(room) if e.subject in wanted and e.subject]
        return [entry for _, _, entry in sorted(found)[:limit]]

    async def deleted_among(self, room: RoomId, subjects: Sequence[int]) -> Mapping[int, datetime]:
        about = await self.entries_about(room, subjects, len(self._entries(room)))
        return {e.subject: e.at for e in about if e.type == "chat.deleted" and e.subject is not None}

    # --- erasure

    async def participants_of(self, user: UserId) -> dict[RoomId, list[ParticipantId]]:
        found = {
            room: sorted({one.participant for one in row.ever.values() if one.user == user})
            for room, row in self.rooms.items()
        }
        return {room: participants for room, participants in found.items() if participants}

    async def rewrite(self, room: RoomId, entries: Sequence[Entry]) -> None:
        stored = self.rooms[room].entries if room in self.rooms else []
        for entry in entries:
            old = stored[entry.seq - 1]
            new = stored[entry.seq - 1] = replace(old, data=entry.data, v=entry.v, body_hash=entry.body_hash)
            if new.txn is not None:
                self.rooms[room].receipts[new.by, new.txn] = new

    async def base(self, room: RoomId) -> SnapshotRow | None:
        return self.rooms[room].base if room in self.rooms else None

    async def rewrite_base(self, room: RoomId, base: SnapshotRow) -> None:
        row = self.rooms.get(room)
        if row is not None and row.log_base == base.seq:
            row.base = base

    async def forget(self, user: UserId) -> None:
        for row in self.rooms.values():
            row.ever = {id_: one for id_, one in row.ever.items() if one.user != user}
            row.marks.pop(user, None)

    async def missed_deletions(self, since: datetime, limit: int) -> list[tuple[RoomId, int]]:
        missed: list[tuple[RoomId, int]] = []
        for room, row in self.rooms.items():
            for entry in row.there():
                if entry.type == "chat.deleted" and entry.subject is not None and entry.at > since:
                    says = entry.subject > row.swept and row.entries[entry.subject - 1].body_hash is not None
                    if says or (row.snapshot is not None and row.snapshot.seq < entry.seq):
                        missed.append((room, entry.subject))
        return missed[:limit]

    # --- expiry

    async def aging(self, after: MeetingId, before: datetime, limit: int, *, in_all: bool) -> list[Aging]:
        found = []
        for room, row in sorted(self.rooms.items(), key=lambda item: item[1].meeting):
            days = row.settings.get("retention_days")
            assert days is None or isinstance(days, int)
            rest = row.entries[row.log_base :]
            may = rest and rest[0].at <= before and [one.type for one in rest] != ["room.expired"]
            if (in_all or days is not None) and row.meeting > after and not row.is_quarantined:
                found.append(Aging(row.meeting, room, row.log_base, rest[0].at if may else None, days))
        return found[:limit]

    async def unfinished(self, after: RoomId, limit: int) -> list[tuple[RoomId, int]]:
        found = [(room, row.log_base) for room, row in sorted(self.rooms.items()) if row.swept < row.log_base]
        return [one for one in found if one[0] > after][:limit]

    async def set_base(self, room: RoomId, seq: int, data: bytes) -> None:
        await self._wait()
        row = self.rooms.get(room)
        if row is not None and row.log_base < seq:
            row.base = SnapshotRow(seq, data)

    async def told_later(self, room: RoomId, base: int, after_seq: int, limit: int) -> Sequence[Entry]:
        found = [e for e in self._entries(room) if e.subject is not None and e.subject <= base and e.seq > after_seq]
        return found[:limit]

    async def covered(
        self, room: RoomId, base: int, types: Sequence[str], after_seq: int, limit: int
    ) -> Sequence[Entry]:
        return [e for e in self._entries(room) if e.type in types and after_seq < e.seq <= base][:limit]

    async def sweep(self, room: RoomId, base: int) -> None:
        await self._wait()
        row = self.rooms.get(room)
        if row is not None:
            row.swept = max(row.swept, base)
            row.receipts = {key: entry for key, entry in row.receipts.items() if entry.seq > base}

    # ---

    def _commit(self, commit: Commit) -> StoreError | None:
        fault = self._take_fault(commit.room)
        if fault == "stale":
            return Stale("as ordered")
        if fault == "unknown_not_committed":
            return UnknownOutcome("as ordered")
        refused = self._refused(commit)
        if refused is None:
            self._write(commit)
        return UnknownOutcome("as ordered") if fault == "unknown_committed" else refused

    def _refused(self, commit: Commit) -> StoreError | None:
        row = self.rooms.get(commit.room)
        bad = malformed(commit)
        if bad is not None:
            return bad
        if row is None or row.epoch != commit.epoch or row.last_seq != commit.after_seq:
            return Stale(f"room {commit.room} went on without epoch {commit.epoch}")
        keys = [(entry.by, entry.txn) for entry in commit.entries if entry.txn is not None]
        if len(set(keys)) < len(keys) or any(key in row.receipts for key in keys):
            return Duplicate("a txn is in the log already")
        tickets = [opened.ticket for opened in commit.opened]
        sessions = [opened.session for opened in commit.opened]
        if len(set(tickets)) < len(tickets) or not self._tickets.isdisjoint(tickets):
            return Duplicate("a ticket is used up already")
        if len(set(sessions)) < len(sessions) or any(session in self._sessions for session in sessions):
            return Duplicate("a session is open already")
        return None

    def _write(self, commit: Commit) -> None:
        row = self.rooms[commit.room]
        for entry in commit.entries:
            row.entries.append(entry)
            if entry.txn is not None:
                row.receipts[entry.by, entry.txn] = entry
            if entry.type == "room.ended":
                row.ended_at = entry.at
        for opened in commit.opened:
            row.sessions[opened.session] = row.ever[opened.session] = opened
            self._tickets.add(opened.ticket)
            self._sessions[opened.session] = (commit.room, opened.token_hash)
        for admitted in commit.admitted:
            if (waiting := row.sessions.get(admitted)) is not None:
                row.sessions[admitted] = replace(waiting, is_waiting=False)
        for closed in commit.closed:
            row.sessions.pop(closed, None)

    def _take_fault(self, room: RoomId) -> Fault | None:
        for index, (fault, only) in enumerate(self._faults):
            if only is None or only == room:
                del self._faults[index]
                return fault
        return None

    def _row(self, room: RoomId) -> MemoryRoom:
        try:
            return self.rooms[room]
        except KeyError:
            raise NotFound("no such room") from None

    def _entries(self, room: RoomId) -> list[Entry]:
        return self.rooms[room].there() if room in self.rooms else []

    def _base(self, room: RoomId) -> int:
        return self.rooms[room].log_base if room in self.rooms else 0

    async def _wait(self) -> None:
        if self._pause is not None:
            await self._pause()


def _kept(marks: Mapping[str, Mark]) -> dict[str, Mark]:
    return dict(sorted(marks.items())[: limits.MARKS_KEPT])
