"""The embedded database: one writer behind a fair lock, a few readers, a write-ahead log that is synced at each commit.

A deferred transaction that reads and then writes fails when another wrote meanwhile, and no waiting helps it;
BEGIN IMMEDIATE takes the write lock first. The lock in this process makes waiting fair, which SQLite's own is not.
"""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from meetserver import limits
from meetserver.database import Database

FILE_NAME = "meetserver.sqlite3"
READERS = 4
"""Connections that read, a thread each."""
BUSY_TIMEOUT_S = 5.0
"""Patience with another process that writes the file: a backup, an admin command."""

# Somebody else writes.
TRANSIENT = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

# What ails the file, its disk or this process, and not the statement.
TROUBLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERNAL,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}


def open_sqlite(path: Path) -> Database:
    """The database in the file at `path`, which is made, folders included, when it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    writer = _engine(path, size=1)
    _begin_immediate(writer)
    return Database(
        dialect="sqlite",
        writer=writer,
        reader=_engine(path, size=READERS, isolation_level="AUTOCOMMIT"),
        is_transient=lambda error: _code_of(error) in TRANSIENT,
        is_trouble=lambda error: _code_of(error) in TROUBLE,
        write_lock=asyncio.Lock(),
    )


def migration_engine(path: Path) -> AsyncEngine:
    """Without foreign keys, which would follow a table that a migration drops to make it anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    engine = _engine(path, size=1)
    event.listen(engine.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = OFF"))
    _begin_immediate(engine)
    return engine


def connect(path: Path) -> sqlite3.Connection:
    """A raw connection, set up like those of the engines, for one thread; its transactions are begun by hand."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        _set_up(connection, None)
    except BaseException:
        connection.close()
        raise
    return connection


def _code_of(error: BaseException | None) -> int:
    """The primary code, which extended ones carry in their low byte; 0 when SQLite did not say it."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _engine(path: Path, *, size: int, **options: Any) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=size,
        max_overflow=0,
        pool_timeout=limits.DATABASE_WAIT_S,
        connect_args={"timeout": BUSY_TIMEOUT_S},
        **options,
    )
    event.listen(engine.sync_engine, "connect", _set_up)
    return engine


def _set_up(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # NORMAL would lose acknowledged commits when the machine stops.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # Not every build does so by itself: what is deleted is overwritten.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
    cursor.close()


def _begin_immediate(engine: AsyncEngine) -> None:
    """Let SQLAlchemy begin transactions, not the driver, which would begin deferred ones."""

    def leave_it_to_us(connection: Any, _: object) -> None:
        connection.isolation_level = None

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", leave_it_to_us)
    event.listen(engine.sync_engine, "begin", begin)
