"""Commits on PostgreSQL: one autocommitted statement for many rooms, arrays in, a row per room out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec

from meetserver import limits
from meetserver.adapters.commit_path import Outcome, Refusal, Seal, ended_at, joined_at, not_storable, not_unique
from meetserver.adapters.postgres import (
    SERVER_CLASSES,
    TRANSIENT,
    VALUE_CLASSES,
    Connect,
    is_connection_loss,
    sqlstate_of,
)
from meetserver.errors import Locked, Unavailable, UnknownOutcome
from meetserver.ports import Commit

# FOR NO KEY UPDATE: excludes other writers of the row, but not the foreign keys that point at it.
# ORDER BY: two statements with rooms in common would deadlock without it.
# In `fenced`, PostgreSQL checks the fence against the row as it is when locked, not as the snapshot saw it.
# `moved` does not see the rows of `opened`: what opens and closes in one commit is inserted closed. It is one UPDATE
# for who is admitted and who leaves, as a statement changes each row once.
STATEMENT = """
WITH locked AS MATERIALIZED (
    SELECT room.id, asked.* FROM room
    JOIN unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::timestamptz[])
        AS asked(room_id, epoch, after_seq, last_seq, ended_at) ON asked.room_id = room.id
    ORDER BY room.id FOR NO KEY UPDATE OF room {skip_locked}
), fenced AS (
    UPDATE room SET last_seq = locked.last_seq, ended_at = coalesce(locked.ended_at, room.ended_at)
    FROM locked
    WHERE room.id = locked.id AND room.epoch = locked.epoch AND room.last_seq = locked.after_seq
    RETURNING room.id
), written AS (
    INSERT INTO room_event (room_id, seq, epoch, at, author, type, version, data, audience, txn, body_hash, subject)
    SELECT entry.* FROM unnest(
        $6::text[], $7::bigint[], $8::bigint[], $9::timestamptz[], $10::text[], $11::text[], $12::int[],
        $13::bytea[], $14::jsonb[], $15::text[], $16::bytea[], $17::bigint[]
    ) AS entry(room_id, seq, epoch, at, author, type, version, data, audience, txn, body_hash, subject)
    JOIN fenced ON fenced.id = entry.room_id
), opened AS (
    INSERT INTO room_session (
        room_id, session, participant, token_hash, ticket, user_id, auth_session, keys, roles,
        opened_at, joined_at, closed_at
    )
    SELECT opened.* FROM unnest(
        $18::text[], $19::text[], $20::text[], $21::bytea[], $22::text[], $23::text[], $24::text[], $25::jsonb[],
        $26::jsonb[], $27::timestamptz[], $28::timestamptz[], $29::timestamptz[]
    ) AS opened(
        room_id, session, participant, token_hash, ticket, user_id, auth_session, keys, roles,
        opened_at, joined_at, closed_at
    )
    JOIN fenced ON fenced.id = opened.room_id
), moved AS (
    UPDATE room_session SET joined_at = coalesce(room_session.joined_at, moved.joined_at), closed_at = moved.closed_at
    FROM unnest($30::text[], $31::text[], $32::timestamptz[], $33::timestamptz[])
        AS moved(room_id, session, joined_at, closed_at)
    JOIN fenced ON fenced.id = moved.room_id
    WHERE room_session.session = moved.session AND room_session.room_id = moved.room_id
        AND room_session.closed_at IS NULL
)
SELECT id, false AS written FROM locked UNION ALL SELECT id, true FROM fenced
"""
MANY = STATEMENT.format(skip_locked="SKIP LOCKED")
ALONE = STATEMENT.format(skip_locked="")

ROOM_COLUMNS, ENTRY_COLUMNS, OPENED_COLUMNS, MOVED_COLUMNS = 5, 12, 12, 4


class PostgresCommits:
    """Own connections, so that no unit of work delays a commit: one a lane, one for what waits for a lock."""

    lanes = 2

    def __init__(self, connect: Connect) -> None:
        """`connect` opens a raw asyncpg connection."""
        self._connect = connect
        self._idle: list[Any] = []
        self._busy = asyncio.Semaphore(self.lanes)
        self._waiting = asyncio.Semaphore(1)

    async def write(self, commits: Sequence[Commit], seal: Seal) -> Outcome:
        async with self._busy:
            return await self._execute(MANY, commits, seal)

    async def write_alone(self, commit: Commit, seal: Seal) -> Outcome:
        """Waits for the room's lock as long as `lock_timeout` lets it."""
        async with self._waiting:
            try:
                outcome = await self._execute(ALONE, [commit], seal)
            except Refusal as refusal:
                if isinstance(refusal.answer, Locked):
                    raise UnknownOutcome(f"room {commit.room} stays locked") from refusal
                raise
        # No row at all: the room is gone, which is one way of being stale.
        return Outcome(locked=frozenset({commit.room}), written=outcome.written)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close(timeout=limits.COMMIT_TIMEOUT_S)

    async def _execute(self, statement: str, commits: Sequence[Commit], seal: Seal) -> Outcome:
        try:
            arguments = _arguments(commits, seal)
            async with self._connection() as connection:
                rows = await connection.fetch(statement, *arguments, timeout=limits.COMMIT_TIMEOUT_S)
        except Unavailable as error:
            raise UnknownOutcome(str(error)) from error
        except Exception as error:
            raise _translated(error) from error
        return Outcome(frozenset(row["id"] for row in rows), frozenset(row["id"] for row in rows if row["written"]))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """One that is used again only if its last statement got an answer."""
        connection = self._idle.pop() if self._idle else await self._connect()
        if connection.is_closed():
            connection = await self._connect()
        try:
            yield connection
        except BaseException as error:
            if is_connection_loss(error) or not isinstance(error, Exception):
                connection.terminate()
            raise
        finally:
            if not connection.is_closed():
                self._idle.append(connection)


def _translated(error: Exception) -> Exception:
    if is_connection_loss(error):
        return UnknownOutcome(repr(error))
    if isinstance(error, asyncpg.UniqueViolationError):
        return not_unique()
    if isinstance(error, asyncpg.PostgresError):
        return _translated_by_code(error)
    # A value that cannot be encoded for PostgreSQL; what else it is, nobody foresaw.
    return not_storable(error) if isinstance(error, ValueError | OverflowError) else error


def _translated_by_code(error: Exception) -> Exception:
    """Only what is wrong with a value is its entry's fault: everything else may work later."""
    code = sqlstate_of(error)
    if code in TRANSIENT:
        return Refusal(Locked(str(error)))
    if code.startswith(VALUE_CLASSES):
        return not_storable(error)
    if code.startswith(SERVER_CLASSES):
        return UnknownOutcome(repr(error))
    # A page that cannot be read, say. It may be one room's, so the others are tried without it.
    return Refusal(UnknownOutcome(repr(error)))


def _arguments(commits: Sequence[Commit], seal: Seal) -> list[list[Any]]:
    """A list a column, in the order of STATEMENT."""
    rooms = [(c.room, c.epoch, c.after_seq, c.entries[-1].seq, ended_at(c)) for c in commits]
    entries = [
        (
            c.room, e.seq, e.epoch, e.at, e.by, e.type, e.v, seal(c.room, e.seq, e.data),
            None if e.to is None else msgspec.json.encode(e.to).decode(), e.txn, e.body_hash,
            e.subject,
        )
        for c in commits
        for e in c.entries
    ]  # fmt: skip
    opened = [
        (
            c.room, s.session, s.participant, s.token_hash, s.ticket, s.user, s.auth_session,
            msgspec.json.encode(s.keys).decode(), msgspec.json.encode(s.roles).decode(),
            c.entries[-1].at, joined_at(c, s),
            c.entries[-1].at if s.session in c.closed else None,
        )
        for c in commits
        for s in c.opened
    ]  # fmt: skip
    moved = [
        (
            c.room, session, c.entries[-1].at if session in c.admitted else None,
            c.entries[-1].at if session in c.closed else None,
        )
        for c in commits
        for session in dict.fromkeys((*c.admitted, *c.closed))
    ]  # fmt: skip
    return [
        *_columns(rooms, ROOM_COLUMNS),
        *_columns(entries, ENTRY_COLUMNS),
        *_columns(opened, OPENED_COLUMNS),
        *_columns(moved, MOVED_COLUMNS),
    ]


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
