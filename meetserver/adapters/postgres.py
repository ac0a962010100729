"""The shared database: asyncpg below SQLAlchemy, and raw connections for the room log's commit path."""

import ssl
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import NullPool, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from meetserver import limits
from meetserver.adapters.tls import database_tls
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import Unavailable

CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 15.0
"""No answer to a statement for this long, which is longer than PostgreSQL lets one run: it is not reachable."""

# serialization_failure, deadlock_detected, lock_not_available, idle_in_transaction_session_timeout
TRANSIENT = {"40001", "40P01", "55P03", "25P03"}

# Class 08: connection; 57P: the server goes down or comes up. They tell nothing about the statement before.
# 25006 is a standby's answer, and another connection may find the primary.
CONNECTION_CLASSES = ("08", "57P", "25006")

# What all statements of this moment may meet: no space, memory or connection; somebody cancels them.
SERVER_CLASSES = ("53", "57")

# All that tells of the server and not of the statement. 25P: a timeout ended the transaction and the connection;
# 58: the system below; F0: its settings; XX: itself.
TROUBLE_CLASSES = (*CONNECTION_CLASSES, *SERVER_CLASSES, "25P03", "25P04", "58", "F0", "XX")

# A value that a column, a constraint or (54) an index cannot hold.
VALUE_CLASSES = ("22", "23", "54")

Connect = Callable[[], Awaitable[Any]]


def open_postgres(config: Config) -> Database:
    """Units of work are SERIALIZABLE; single statements run on the same connections, autocommitted."""
    writer = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connector(config),
        isolation_level="SERIALIZABLE",
        pool_size=config.database_pool,
        max_overflow=0,
        pool_timeout=limits.DATABASE_WAIT_S,
    )
    event.listen(writer.sync_engine, "checkout", _refuse_closed)
    return Database(
        dialect="postgresql",
        writer=writer,
        reader=writer.execution_options(isolation_level="AUTOCOMMIT"),
        is_transient=lambda error: sqlstate_of(error) in TRANSIENT or was_not_sent(error),
        is_trouble=lambda error: sqlstate_of(error).startswith(TROUBLE_CLASSES),
    )


def migration_engine(config: Config) -> AsyncEngine:
    """READ COMMITTED: what waited for another's migration then sees its outcome. As patient as that takes."""
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connector(config, command_timeout_s=None, patient=True),
        isolation_level="READ COMMITTED",
        poolclass=NullPool,
    )


def connector(config: Config, *, command_timeout_s: float | None = COMMAND_TIMEOUT_S, patient: bool = False) -> Connect:
    """What opens a raw connection; a `patient` one may wait, and hold locks, without a limit. Raises Unavailable.

    Raises ConfigError at once for a MEET_CA_FILE that is none.
    """
    # asyncpg understands libpq's query parameters (sslmode, a host that is a socket's folder …) by itself.
    dsn = urlsplit(config.database_url)._replace(scheme="postgresql").geturl()
    settings = {"application_name": "meetserver"} if patient else server_settings(config.lease_ttl_s)
    tls = database_tls(config)

    async def connect() -> Any:
        try:
            return await asyncpg.connect(
                dsn, timeout=CONNECT_TIMEOUT_S, command_timeout=command_timeout_s, server_settings=settings, **tls
            )
        except ssl.SSLError as error:
            raise Unavailable(f"the database's certificate is not accepted: {error.reason}") from error
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable("the database cannot be reached") from error

    return connect


def server_settings(lease_ttl_s: float) -> dict[str, str]:
    """What a dead or frozen process holds in the database is let go of before its lease ends."""
    patience_ms = str(int(min(limits.COMMIT_TIMEOUT_S, lease_ttl_s) * 1000 / 2))
    return {
        "application_name": "meetserver",
        "lock_timeout": patience_ms,
        "statement_timeout": str(int(limits.STATEMENT_TIMEOUT_S * 1000)),
        "idle_in_transaction_session_timeout": patience_ms,
        "tcp_user_timeout": patience_ms,
        "timezone": "UTC",
        # Statements here are short: compiling them costs more than it gains.
        "jit": "off",
    }


def sqlstate_of(error: BaseException | None) -> str:
    """PostgreSQL's code of an error, of asyncpg's or of SQLAlchemy's driver; empty when the server did not say it."""
    return str(getattr(error, "sqlstate", None) or "")


def was_not_sent(error: BaseException | None) -> bool:
    """Whether a statement of SQLAlchemy's driver, be it COMMIT, met a connection that the server had ended before, as
    it does when a process stood still in a transaction: nothing was done."""
    cause = error.__cause__ if error is not None else None
    is_closed = isinstance(cause, asyncpg.InterfaceError) and "closed" in str(cause)
    return is_closed or isinstance(cause, asyncpg.InternalClientError)


def is_connection_loss(error: BaseException) -> bool:
    """Whether `error`, of a raw connection, leaves open what became of the statement."""
    if isinstance(error, asyncpg.PostgresError):
        return sqlstate_of(error).startswith(CONNECTION_CLASSES)
    # asyncpg's DataError is a value that it could not encode: nothing was sent. Its InternalClientError is a connection
    # that the server is just ending.
    is_loss = isinstance(error, OSError | TimeoutError | asyncpg.InterfaceError | asyncpg.InternalClientError)
    return is_loss and not isinstance(error, ValueError)


def _refuse_closed(connection: Any, _record: object, _proxy: object) -> None:
    """A connection that the server closed meanwhile is replaced before use; asking it costs no round trip."""
    if connection._connection.is_closed():
        raise DisconnectionError
