"""The room log, and what is read of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from meetserver.access import ServerRole
from meetserver.errors import StoreError
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId, ShardId, UserId


class Entry(Struct, frozen=True):
    """One fact of a room's log. `data` is the event as JSON; `to` its addressees beside `by`, None for everybody;
    `subject` the seq of the entry that it is about, if it is about one."""

    epoch: int
    seq: int
    at: datetime
    by: ParticipantId
    type: str
    v: int
    data: bytes
    to: tuple[ParticipantId, ...] | None = None
    txn: str | None = None
    body_hash: bytes | None = None
    subject: int | None = None


class OpenSession(Struct, frozen=True):
    """A session as the database keeps it: whoever has the token (its SHA-256 here) may resume it."""

    session: SessionId
    participant: ParticipantId
    token_hash: bytes
    ticket: str
    user: UserId | None = None
    auth_session: str | None = None
    """The account's session that the ticket was asked for with: when that is revoked, this one ends."""
    keys: tuple[str, ...] = ()
    """What tells this person from others, for bans; opaque, made for this room (meetings/persons.py)."""
    is_waiting: bool = False
    """Whether it was opened into the lobby: until it is admitted, it may read nothing of the room."""
    roles: tuple[ServerRole, ...] = ()
    """In the whole server, when the ticket was asked for: rules about addresses look at them."""


class Commit(Struct, frozen=True):
    """Entries of one room, to be written whole if the room's epoch and last seq still are these, else not at all."""

    room: RoomId
    epoch: int
    after_seq: int
    entries: tuple[Entry, ...]
    opened: tuple[OpenSession, ...] = ()
    admitted: tuple[SessionId, ...] = ()
    closed: tuple[SessionId, ...] = ()


class Started(Struct, frozen=True):
    epoch: int
    last_seq: int


class Whereabouts(Struct, frozen=True):
    """Who took the room last and has not released it; it may be dead by now. None: it sleeps."""

    owner: ShardId | None
    epoch: int
    is_quarantined: bool


class SnapshotRow(Struct, frozen=True):
    seq: int
    data: bytes


class Mark(Struct, frozen=True):
    """How far in a room's log somebody's client has got, they have read, and nothing is unread to them, which is for
    themselves alone: they need not tell others what they have read."""

    delivered: int = 0
    read: int = 0
    seen: int = 0


def farther(one: Mark, other: Mark) -> Mark:
    """Marks never go back."""
    return Mark(max(one.delivered, other.delivered), max(one.read, other.read), max(one.seen, other.seen))


class Loaded(Struct, frozen=True):
    """All that a room needs to go on: its newest snapshot, the log after it, its open sessions, its calendar entry, and
    marks (at most limits.MARKS_KEPT), by account, or by participant of those without one."""

    meeting: MeetingId
    title: str
    settings: Mapping[str, object]
    snapshot: SnapshotRow | None
    entries: tuple[Entry, ...]
    sessions: tuple[OpenSession, ...]
    marks: Mapping[str, Mark] = {}


class RoomLog(Protocol):
    """The truth about rooms. All times are given, none is read here."""

    async def start(self, room: RoomId, shard: ShardId, now_ms: int) -> Started:
        """Take the room: bump `epoch = greatest(epoch + 1, now_ms)`, set the owner. Raises NotFound, and Unavailable
        as every call here but `commit` does."""

    async def load(self, room: RoomId) -> Loaded:
        """In a statement after `start`'s. Raises NotFound."""

    async def commit(self, commits: Sequence[Commit]) -> list[StoreError | None]:
        """Write many rooms' entries at once; one answer per commit, in order: None is committed, else Stale,
        Duplicate, BadEntry, Locked or UnknownOutcome. One room's trouble never fails or delays another's."""

    async def commit_alone(self, commit: Commit) -> StoreError | None:
        """What was Locked: wait for whoever holds the room, for a while. Then as `commit`, and never Locked."""

    async def page(self, room: RoomId, after_seq: int, limit: int, *, until_seq: int | None = None) -> list[Entry]:
        """Entries after `after_seq` (up to and including `until_seq`), rising, at most `limit`."""

    async def epoch_at(self, room: RoomId, seq: int) -> int | None:
        """Epoch of the entry at `seq`; None when there is none."""

    async def receipts(self, room: RoomId, keys: Sequence[tuple[ParticipantId, str]]) -> dict[tuple[str, str], Entry]:
        """Which of these (by, txn) are in the log, with their entries."""

    async def entries_at(self, room: RoomId, seqs: Sequence[int]) -> list[Entry]:
        """Those of these seqs that are there, rising."""

    async def entries_about(
        self, room: RoomId, subjects: Sequence[int], limit: int, *, newest_first: bool = False
    ) -> list[Entry]:
        """At most `limit` of those about these entries: by subject, rising or falling, then by seq, rising."""

    async def save_snapshot(self, room: RoomId, seq: int, data: bytes) -> None:
        """Keep a snapshot as of `seq`; an older one goes, unless it is the log's base."""

    async def save_marks(self, room: RoomId, marks: Mapping[str, Mark]) -> None:
        """Keep these, but for what would go back. Of a room that is gone nothing is kept."""

    async def release(self, room: RoomId, epoch: int) -> None:
        """Give the room up, if the epoch still is mine."""

    async def had_session(self, room: RoomId, session: SessionId, token_hash: bytes) -> bool:
        """Whether this session with this token is, or ever was, one of the room."""

    async def rooms_with_sessions(self) -> list[tuple[RoomId, ShardId | None]]:
        """Rooms that somebody may come back to, for they have open sessions, and who owned them last. Without those in
        quarantine."""

    async def whereabouts(self, room: RoomId) -> Whereabouts:
        """Raises NotFound."""

    async def epochs(self, rooms: Sequence[RoomId]) -> dict[RoomId, int]:
        """Of those that are there."""

    async def quarantined(self) -> dict[RoomId, Whereabouts]:
        """All rooms that rest."""

    async def quarantine(self, room: RoomId, *, on: bool) -> None:
        """Remember that the room rests, or that it need not any more. Raises NotFound."""


class LogErasure(Protocol):
    """What may change in a log, and in who its sessions were, when somebody's data is erased or a message is deleted.
    Nothing else may."""

    async def participants_of(self, user: UserId) -> dict[RoomId, list[ParticipantId]]:
        """Who this account is, or ever was, in each room."""

    async def rewrite(self, room: RoomId, entries: Sequence[Entry]) -> None:
        """Put them in the place of those of the same seqs. Only `data`, `v` and `body_hash` change."""

    async def base(self, room: RoomId) -> SnapshotRow | None:
        """What a log builds upon that begins later than its room; None: it is whole."""

    async def rewrite_base(self, room: RoomId, base: SnapshotRow) -> None:
        """Put it in the place of the one as of the same seq, if there is one."""

    async def forget(self, user: UserId) -> None:
        """Their sessions are nobody's from now on, and how far they have read is nobody's either."""

    async def missed_deletions(self, since: datetime, limit: int) -> list[tuple[RoomId, int]]:
        """At most `limit` messages that were deleted after `since` and whose entry still says something (it has its
        `body_hash`), or of whose room there is a snapshot from before."""


class RoomHistory(Protocol):
    """Reading a room's past, for HTTP."""

    async def snapshot_at(self, room: RoomId, seq: int) -> SnapshotRow | None:
        """The newest snapshot at or before `seq`."""

    async def seq_at(self, room: RoomId, at: datetime) -> int:
        """The last seq at or before this time; when the log begins later, the one before its first: 0, or its base."""

    async def last_seq(self, room: RoomId) -> int: ...

    async def page(self, room: RoomId, after_seq: int, limit: int, *, until_seq: int | None = None) -> list[Entry]:
        """As `RoomLog.page`."""

    async def entries_of_type(
        self, room: RoomId, type_: str, *, before_seq: int | None, after_seq: int | None, limit: int
    ) -> list[Entry]:
        """Rising; the newest `limit` before `before_seq`, or the oldest `limit` after `after_seq`."""

    async def entries_at(self, room: RoomId, seqs: Sequence[int]) -> list[Entry]:
        """As `RoomLog.entries_at`."""

    async def entries_about(
        self, room: RoomId, subjects: Sequence[int], limit: int, *, newest_first: bool = False
    ) -> list[Entry]:
        """As `RoomLog.entries_about`."""

    async def receipts(self, room: RoomId, keys: Sequence[tuple[ParticipantId, str]]) -> dict[tuple[str, str], Entry]:
        """As `RoomLog.receipts`."""

    async def deleted_among(self, room: RoomId, subjects: Sequence[int]) -> Mapping[int, datetime]:
        """Which of these entries are messages that were deleted, and when."""
