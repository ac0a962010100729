"""The room log in SQL: how rooms are taken, loaded and read. How they are written stands in commit_path.py."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from meetserver import limits
from meetserver.adapters.commit_path import Answers, Seal, Writer, about_entry, commit, seal_with
from meetserver.adapters.commits import is_storable
from meetserver.adapters.engine import sqlite_path
from meetserver.adapters.postgres import connector
from meetserver.adapters.postgres_commits import PostgresCommits
from meetserver.adapters.sqlite_commits import SqliteCommits
from meetserver.adapters.stored_snapshots import from_stored, to_stored
from meetserver.config import Config
from meetserver.database import Big, Bytes, Database
from meetserver.errors import NotFound, StoreError, Unavailable
from meetserver.ids import ParticipantId, RoomId, SessionId, ShardId
from meetserver.meetings.models import meeting
from meetserver.ports import (
    LASTING,
    Commit,
    Entry,
    Loaded,
    Mark,
    OpenSession,
    Sealer,
    SnapshotRow,
    Started,
    Whereabouts,
)
from meetserver.rooms.models import QUARANTINED, room_event, room_mark, room_session, room_snapshot
from meetserver.rooms.models import room as room_table

RECEIPTS_AT_ONCE = ROOMS_AT_ONCE = 1000
"""Looked up with one statement, whose parameters each database bounds."""
LOADS = 5
"""Tries to read a log that is being thinned."""


def open_room_log(config: Config, database: Database, sealer: Sealer) -> "SqlRoomLog":
    """The log in `database`, which the caller closes after it."""
    writer: Writer
    if database.write_lock is not None:
        writer = SqliteCommits(sqlite_path(config), database.write_lock)
    else:
        writer = PostgresCommits(connector(config, command_timeout_s=None))
    return SqlRoomLog(database, writer, sealer)


class SqlRoomLog:
    """RoomLog and RoomHistory over a database. Entries and snapshots are sealed at rest.

    A room whose id no database can hold is asked for like any other, and is not there.
    """

    def __init__(self, database: Database, writer: Writer, sealer: Sealer) -> None:
        self._database = database
        self._writer = writer
        self._sealer = sealer
        self._seal: Seal = seal_with(sealer)

    @property
    def commit_lanes(self) -> int:
        return self._writer.lanes

    async def close(self) -> None:
        """Close the committers' own connections."""
        await self._writer.close()

    # --- taking and leaving

    async def start(self, room: RoomId, shard: ShardId, now_ms: int) -> Started:
        next_epoch = room_table.c.epoch + 1
        statement = (
            update(room_table)
            .where(room_table.c.id == room)
            .values(epoch=case((next_epoch > now_ms, next_epoch), else_=now_ms), owner=shard)
            .returning(room_table.c.epoch, room_table.c.last_seq)
        )
        # Waits for the row lock of a statement that is still under way: what `load` then reads is final.
        return Started(*_one(await self._write(room, statement)))

    async def load(self, room: RoomId) -> Loaded:
        about = _one(
            await self._fetch(
                room,
                select(meeting.c.id, meeting.c.title, meeting.c.settings)
                .join(room_table, room_table.c.meeting_id == meeting.c.id)
                .where(room_table.c.id == room),
            )
        )
        snapshot, entries = await self._rest(room)
        sessions = await self._fetch(
            room, select(room_session).where(room_session.c.room_id == room, room_session.c.closed_at.is_(None))
        )
        marks = await self._fetch(
            room,
            select(room_mark).where(room_mark.c.room_id == room).order_by(room_mark.c.person).limit(limits.MARKS_KEPT),
        )
        return Loaded(
            meeting=about.id,
            title=about.title,
            settings=about.settings,
            snapshot=snapshot,
            entries=tuple(entries),
            sessions=tuple(_session(row) for row in sessions),
            marks={row.person: Mark(row.delivered, row.read, row.seen) for row in marks},
        )

    async def _rest(self, room: RoomId) -> tuple[SnapshotRow | None, list[Entry]]:
        """The newest snapshot and all after it. Both may go between the two statements, as newer ones are there."""
        for _ in range(LOADS):
            snapshot = await self._snapshot(room)
            first = snapshot.seq + 1 if snapshot else 1
            entries = await self._entries(room, room_event.c.seq >= first)
            if not entries or entries[-1].seq - first == len(entries) - 1:
                return snapshot, entries
        raise Unavailable("the log changes too fast to be read", retry_after_s=1)

    async def release(self, room: RoomId, epoch: int) -> None:
        mine = and_(room_table.c.id == room, room_table.c.epoch == epoch)
        await self._write(room, update(room_table).where(mine).values(owner=None))

    async def had_session(self, room: RoomId, session: SessionId, token_hash: bytes) -> bool:
        if not is_storable(session):
            return False
        mine = and_(room_session.c.session == session, room_session.c.token_hash == token_hash)
        return bool(await self._fetch(room, select(room_session.c.session).where(mine, room_session.c.room_id == room)))

    async def rooms_with_sessions(self) -> list[tuple[RoomId, ShardId | None]]:
        open_ = select(room_session.c.room_id).where(room_session.c.closed_at.is_(None))
        wanted = and_(room_table.c.id.in_(open_), ~room_table.c.is_quarantined)
        rows = await self._database.fetch(
            select(room_table.c.id, room_table.c.owner).where(wanted).order_by(room_table.c.id)
        )
        return [(row.id, row.owner) for row in rows]

    async def whereabouts(self, room: RoomId) -> Whereabouts:
        columns = room_table.c.owner, room_table.c.epoch, room_table.c.is_quarantined
        return Whereabouts(*_one(await self._fetch(room, select(*columns).where(room_table.c.id == room))))

    async def epochs(self, rooms: Sequence[RoomId]) -> dict[RoomId, int]:
        found: dict[RoomId, int] = {}
        for first in range(0, len(rooms), ROOMS_AT_ONCE):
            some = room_table.c.id.in_(rooms[first : first + ROOMS_AT_ONCE])
            rows = await self._database.fetch(select(room_table.c.id, room_table.c.epoch).where(some))
            found |= {row.id: row.epoch for row in rows}
        return found

    async def quarantined(self) -> dict[RoomId, Whereabouts]:
        columns = room_table.c.id, room_table.c.owner, room_table.c.epoch, room_table.c.is_quarantined
        rows = await self._database.fetch(select(*columns).where(QUARANTINED))
        return {row.id: Whereabouts(row.owner, row.epoch, row.is_quarantined) for row in rows}

    async def quarantine(self, room: RoomId, *, on: bool) -> None:
        statement = update(room_table).where(room_table.c.id == room).values(is_quarantined=on)
        _one(await self._write(room, statement.returning(room_table.c.id)))

    # --- writing

    async def commit(self, commits: Sequence[Commit]) -> Answers:
        return await commit(lambda some: self._writer.write(some, self._seal), commits)

    async def commit_alone(self, commit_: Commit) -> StoreError | None:
        write_alone = self._writer.write_alone
        return (await commit(lambda some: write_alone(some[0], self._seal), [commit_]))[0]

    async def save_snapshot(self, room: RoomId, seq: int, data: bytes) -> None:
        # Two single statements, for a unit of work would meet the room's commits (docs/decisions/0002). Between them
        # there are two snapshots, of which readers take the newer.
        sealed = await to_stored(self._sealer, room, seq, data)
        with suppress(IntegrityError):  # the room went in this very moment, and its snapshots with it
            await self._database.write(self._keep_newest(room, seq, sealed))
        of_room = room_snapshot.c.room_id == room
        older = room_snapshot.c.seq < seq, ~room_snapshot.c.is_base
        await self._database.write(delete(room_snapshot).where(of_room, *older))

    def _keep_newest(self, room: RoomId, seq: int, sealed: bytes) -> Any:
        """An insert that does nothing when a newer one is there, or when the room is gone meanwhile."""
        there = select(room_table.c.id).where(room_table.c.id == room).exists()
        newer = select(room_snapshot.c.seq).where(room_snapshot.c.room_id == room, room_snapshot.c.seq > seq).exists()
        row: Any = select(bindparam("room", room), bindparam("seq", seq, Big), bindparam("data", sealed, Bytes))
        insert: Any = (sqlite if self._database.dialect == "sqlite" else postgresql).insert(room_snapshot)
        return insert.from_select(["room_id", "seq", "data"], row.where(there, ~newer)).on_conflict_do_update(
            index_elements=[room_snapshot.c.room_id, room_snapshot.c.seq], set_={"data": insert.excluded.data}
        )

    async def save_marks(self, room: RoomId, marks: Mapping[str, Mark]) -> None:
        is_sqlite = self._database.dialect == "sqlite"
        higher: Any = func.max if is_sqlite else func.greatest
        insert: Any = (sqlite if is_sqlite else postgresql).insert(room_mark)
        statement = insert.on_conflict_do_update(
            index_elements=[room_mark.c.room_id, room_mark.c.person],
            set_={
                "delivered": higher(room_mark.c.delivered, insert.excluded.delivered),
                "read": higher(room_mark.c.read, insert.excluded.read),
                "seen": higher(room_mark.c.seen, insert.excluded.seen),
            },
        )
        rows = [
            {"room_id": room, "person": who, "delivered": mark.delivered, "read": mark.read, "seen": mark.seen}
            for who, mark in sorted(marks.items())  # in one order, so that no two writers wait for each other
        ]
        with suppress(IntegrityError):  # the room is gone
            await self._database.write(statement, rows)

    # --- reading

    async def page(self, room: RoomId, after_seq: int, limit: int, *, until_seq: int | None = None) -> list[Entry]:
        conditions = [room_event.c.seq > after_seq, _is_kept(room)]
        if until_seq is not None:
            conditions.append(room_event.c.seq <= until_seq)
        return await self._entries(room, *conditions, limit=limit)

    async def epoch_at(self, room: RoomId, seq: int) -> int | None:
        this = room_event.c.room_id == room, room_event.c.seq == seq, _is_kept(room)
        statement = select(room_event.c.epoch).where(*this)
        rows = await self._fetch(room, statement)
        return rows[0].epoch if rows else None

    async def receipts(self, room: RoomId, keys: Sequence[tuple[ParticipantId, str]]) -> dict[tuple[str, str], Entry]:
        # What no database can hold is not in the log.
        askable = [key for key in dict.fromkeys(keys) if is_storable(key[0]) and is_storable(key[1])]
        found: dict[tuple[str, str], Entry] = {}
        for first in range(0, len(askable), RECEIPTS_AT_ONCE):
            found |= await self._some_receipts(room, askable[first : first + RECEIPTS_AT_ONCE])
        return found

    async def _some_receipts(
        self, room: RoomId, keys: Sequence[tuple[ParticipantId, str]]
    ) -> dict[tuple[str, str], Entry]:
        # In no order: for one by seq, SQLite would read the whole log. An OR of pairs would be too deep for it.
        wanted = tuple_(room_event.c.author, room_event.c.txn).in_(keys)
        rows = await self._fetch(room, select(room_event).where(room_event.c.room_id == room, wanted))
        return {(row.author, row.txn): self._entry(room, row) for row in rows}

    async def snapshot_at(self, room: RoomId, seq: int) -> SnapshotRow | None:
        return await self._snapshot(room, room_snapshot.c.seq <= seq)

    async def seq_at(self, room: RoomId, at: datetime) -> int:
        rows = await self._fetch(room, _halving(room, at))
        return rows[0].low or 0 if rows else 0

    async def last_seq(self, room: RoomId) -> int:
        statement = select(room_table.c.last_seq).where(room_table.c.id == room)
        seq: int = _one(await self._fetch(room, statement)).last_seq
        return seq

    async def entries_of_type(
        self, room: RoomId, type_: str, *, before_seq: int | None, after_seq: int | None, limit: int
    ) -> list[Entry]:
        conditions: list[Any] = [room_event.c.type == type_]
        if type_ not in LASTING:
            conditions.append(_is_kept(room))
        if before_seq is not None:
            conditions.append(room_event.c.seq < before_seq)
        if after_seq is not None:
            conditions.append(room_event.c.seq > after_seq)
            return await self._entries(room, *conditions, limit=limit)
        newest = await self._entries(room, *conditions, limit=limit, order=room_event.c.seq.desc())
        return newest[::-1]

    async def entries_at(self, room: RoomId, seqs: Sequence[int]) -> list[Entry]:
        return await self._entries(room, room_event.c.seq.in_(seqs))

    async def entries_about(
        self, room: RoomId, subjects: Sequence[int], limit: int, *, newest_first: bool = False
    ) -> list[Entry]:
        subject = room_event.c.subject
        by_subject = subject.desc() if newest_first else subject
        statement = select(room_event).where(room_event.c.room_id == room, subject.in_(subjects))
        rows = await self._fetch(room, statement.order_by(by_subject, room_event.c.seq).limit(limit))
        return [self._entry(room, row) for row in rows]

    async def deleted_among(self, room: RoomId, subjects: Sequence[int]) -> Mapping[int, datetime]:
        subject = room_event.c.subject
        theirs = room_event.c.room_id == room, subject.in_(subjects), room_event.c.type == "chat.deleted"
        rows = await self._fetch(room, select(subject, room_event.c.at).where(*theirs))
        return {row.subject: row.at for row in rows}

    async def _entries(
        self, room: RoomId, *conditions: Any, limit: int | None = None, order: Any = room_event.c.seq
    ) -> list[Entry]:
        statement = select(room_event).where(room_event.c.room_id == room, *conditions).order_by(order)
        rows = await self._fetch(room, statement if limit is None else statement.limit(limit))
        return [self._entry(room, row) for row in rows]

    def _entry(self, room: RoomId, row: Any) -> Entry:
        return entry_of(row, self._sealer.unseal(row.data, about_entry(room, row.seq)))

    async def _snapshot(self, room: RoomId, *conditions: Any) -> SnapshotRow | None:
        statement = (
            select(room_snapshot.c.seq, room_snapshot.c.data)
            .where(room_snapshot.c.room_id == room, *conditions)
            .order_by(room_snapshot.c.seq.desc())
            .limit(1)
        )
        rows = await self._fetch(room, statement)
        if not rows:
            return None
        seq: int = rows[0].seq
        return SnapshotRow(seq, await from_stored(self._sealer, room, seq, rows[0].data))

    async def _fetch(self, room: RoomId, statement: Any) -> list[Any]:
        return await self._database.fetch(statement) if is_storable(room) else []

    async def _write(self, room: RoomId, statement: Any) -> list[Any]:
        return await self._database.write(statement) if is_storable(room) else []


def entry_of(row: Any, data: bytes) -> Entry:
    return Entry(
        epoch=row.epoch,
        seq=row.seq,
        at=row.at,
        by=row.author,
        type=row.type,
        v=row.version,
        data=data,
        to=None if row.audience is None else tuple(row.audience),
        txn=row.txn,
        body_hash=row.body_hash,
        subject=row.subject,
    )


def _is_kept(room: RoomId) -> Any:
    """Behind its base a log has what still waits to be swept away, and what lasts: it is not told any more."""
    return room_event.c.seq > select(room_table.c.log_base).where(room_table.c.id == room).scalar_subquery()


def _halving(room: RoomId, at: datetime) -> Any:
    """The last seq at or before this time. Times rise with seq and no seq is missing, so that a million entries are
    searched by looking at twenty, and need no index by time, which each commit would have to write."""
    ends: Any = select(room_table.c.log_base.label("low"), room_table.c.last_seq.label("high"))
    span = ends.where(room_table.c.id == room).cte("span", recursive=True)
    middle = and_(room_event.c.room_id == room, room_event.c.seq == (span.c.low + span.c.high + 1) // 2)
    is_past = room_event.c.at <= at
    low = case((is_past, room_event.c.seq), else_=span.c.low)
    high = case((is_past, span.c.high), else_=room_event.c.seq - 1)
    span = span.union_all(select(low, high).join(room_event, middle).where(span.c.low < span.c.high))
    return select(func.max(span.c.low).label("low"))


def _session(row: Any) -> OpenSession:
    return OpenSession(
        session=row.session,
        participant=row.participant,
        token_hash=row.token_hash,
        ticket=row.ticket,
        user=row.user_id,
        auth_session=row.auth_session,
        keys=tuple(row.keys or ()),
        is_waiting=row.joined_at is None,
        roles=tuple(row.roles or ()),
    )


def _one(rows: list[Any]) -> Any:
    if not rows:
        raise NotFound("no such room")
    return rows[0]
