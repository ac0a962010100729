"""Commits on SQLite: one transaction for many rooms, in a thread of its own that is entered once a commit."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from meetserver import limits
from meetserver.adapters.commit_path import Outcome, Seal, ended_at, joined_at, not_storable, not_unique
from meetserver.adapters.sqlite import connect
from meetserver.errors import UnknownOutcome
from meetserver.ids import RoomId
from meetserver.ports import Commit

FENCE = """
UPDATE room SET last_seq = asked.last_seq, ended_at = coalesce(asked.ended_at, room.ended_at)
FROM (
    SELECT json_extract(value, '$[0]') AS room_id, json_extract(value, '$[1]') AS epoch,
        json_extract(value, '$[2]') AS after_seq, json_extract(value, '$[3]') AS last_seq,
        json_extract(value, '$[4]') AS ended_at
    FROM json_each(?)
) AS asked
WHERE room.id = asked.room_id AND room.epoch = asked.epoch AND room.last_seq = asked.after_seq
RETURNING room.id
"""
WRITE = """
INSERT INTO room_event (room_id, seq, epoch, at, author, type, version, data, audience, txn, body_hash, subject)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
OPEN = """
INSERT INTO room_session (
    room_id, session, participant, token_hash, ticket, user_id, auth_session, keys, roles, opened_at, joined_at
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ADMIT = "UPDATE room_session SET joined_at = ? WHERE session = ? AND room_id = ? AND joined_at IS NULL"
CLOSE = "UPDATE room_session SET closed_at = ? WHERE session = ? AND room_id = ? AND closed_at IS NULL"

UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}


class SqliteCommits:
    """A connection and a thread of its own. `write_lock` is the one that all writers of this process queue up for."""

    lanes = 1

    def __init__(self, path: Path, write_lock: asyncio.Lock) -> None:
        self._path = path
        self._write_lock = write_lock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commits")
        self._connection: sqlite3.Connection | None = None

    async def write(self, commits: Sequence[Commit], seal: Seal) -> Outcome:
        try:
            async with asyncio.timeout(limits.COMMIT_TIMEOUT_S), self._write_lock:
                written = await asyncio.get_running_loop().run_in_executor(self._thread, self._write, commits, seal)
        except TimeoutError:
            raise UnknownOutcome("the disk does not answer") from None
        # Rows are not locked here, the whole database is: whoever was not written was fenced off.
        return Outcome(locked=frozenset(c.room for c in commits), written=written)

    async def write_alone(self, commit: Commit, seal: Seal) -> Outcome:
        return await self.write([commit], seal)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _write(self, commits: Sequence[Commit], seal: Seal) -> frozenset[RoomId]:
        try:
            connection = self._connected()
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                return _write(connection, commits, seal)
        except sqlite3.IntegrityError as error:
            raise (not_unique() if error.sqlite_errorcode in UNIQUE else not_storable(error)) from error
        except (sqlite3.DataError, ValueError, OverflowError) as error:
            raise not_storable(error) from error
        except (sqlite3.Error, MemoryError) as error:
            # Also a COMMIT that failed: a full disk, a broken one. The connection's state is not worth guessing.
            self._close()
            raise UnknownOutcome(str(error)) from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = connect(self._path)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _write(connection: sqlite3.Connection, commits: Sequence[Commit], seal: Seal) -> frozenset[RoomId]:
    """Inside a transaction: fence, then write those whose fence matched."""
    asked = [(c.room, c.epoch, c.after_seq, c.entries[-1].seq, _text(ended_at(c))) for c in commits]
    written = frozenset(row[0] for row in connection.execute(FENCE, (msgspec.json.encode(asked).decode(),)))
    mine = [c for c in commits if c.room in written]
    connection.executemany(WRITE, _entries(mine, seal))
    opened = [
        (
            c.room, s.session, s.participant, s.token_hash, s.ticket, s.user, s.auth_session,
            msgspec.json.encode(s.keys).decode(), msgspec.json.encode(s.roles).decode(),
            _text(c.entries[-1].at), _text(joined_at(c, s)),
        )
        for c in mine
        for s in c.opened
    ]  # fmt: skip
    if opened:
        connection.executemany(OPEN, opened)
    admitted = [(_text(c.entries[-1].at), session, c.room) for c in mine for session in c.admitted]
    if admitted:
        connection.executemany(ADMIT, admitted)
    closed = [(_text(c.entries[-1].at), session, c.room) for c in mine for session in c.closed]
    if closed:
        connection.executemany(CLOSE, closed)
    return written


def _entries(commits: Sequence[Commit], seal: Seal) -> Iterator[tuple[Any, ...]]:
    for commit in commits:
        for e in commit.entries:
            audience = None if e.to is None else msgspec.json.encode(e.to).decode()
            data = seal(commit.room, e.seq, e.data)
            yield (
                commit.room, e.seq, e.epoch, _text(e.at), e.by, e.type, e.v, data, audience, e.txn, e.body_hash,
                e.subject,
            )  # fmt: skip


def _text(at: datetime | None) -> str | None:
    """As SQLAlchemy writes its DateTime, so that texts compare as times do."""
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
