"""One MetaData for all tables, the column types that mean the same on both databases, and units of work.

Isolation: a unit of work (`Database.run`) is SERIALIZABLE on PostgreSQL and BEGIN IMMEDIATE on SQLite, and the
whole unit is tried again on a deadlock, a serialization failure or a busy database, so it must not act outside
its connection. Single statements (`Database.fetch`, the room log's commit, job claims) are autocommitted
at READ COMMITTED. See docs/decisions.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from meetserver import limits
from meetserver.errors import Unavailable

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC out; naive ones are refused (SQLite would compare them as text, wrongly)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Big = BigInteger().with_variant(Integer, "sqlite")
JsonDocument = JSON().with_variant(JSONB, "postgresql")
Id = Text
Bytes = LargeBinary


AFTER_COMMIT = "meetserver.after_commit"


def after_commit(connection: AsyncConnection, call: Callable[[], None]) -> None:
    """Have `call` called once the unit of work that `connection` belongs to is committed; never if it is not."""
    calls: list[Callable[[], None]] = connection.info.setdefault(AFTER_COMMIT, [])
    if call not in calls:
        calls.append(call)


class Database:
    """Units of work and single reads over one database.

    `writer` and `reader` may be the same engine (PostgreSQL) or not (SQLite: one writer, many readers).
    `is_transient` says whether an error means "the same unit may work if tried again".
    """

    def __init__(
        self,
        *,
        dialect: str,
        writer: AsyncEngine,
        reader: AsyncEngine,
        is_transient: Callable[[DBAPIError], bool],
        write_lock: asyncio.Lock | None = None,
    ) -> None:
        self.dialect = dialect
        self.writer = writer
        self.reader = reader
        self._is_transient = is_transient
        self.write_lock = write_lock

    async def run(self, unit: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `unit` in one transaction, again from its start when that may help.

        Raises Unavailable after `limits.TRANSACTION_ATTEMPTS` tries, or when the database cannot be reached.
        """
        for attempt in range(limits.TRANSACTION_ATTEMPTS):
            try:
                with _reachable():
                    return await self._once(unit)
            except DBAPIError as error:
                if not self._is_transient(error):
                    raise
            await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))
        raise Unavailable("the database is too busy")

    async def _once(self, unit: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        if self.write_lock is None:
            return await self._transaction(unit)
        async with self.write_lock:
            return await self._transaction(unit)

    async def _transaction(self, unit: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async with self.writer.begin() as connection:
            calls: list[Callable[[], None]] = []
            connection.info[AFTER_COMMIT] = calls
            answer = await unit(connection)
        for call in calls:
            call()
        return answer

    async def fetch(self, statement: Any, parameters: Any = None) -> list[Any]:
        """Rows of one autocommitted read. Raises Unavailable when the database cannot be reached."""
        with _reachable():
            async with self.reader.connect() as connection:
                return list((await connection.execute(statement, parameters)).all())

    async def write(self, statement: Any, parameters: Any = None) -> list[Any]:
        """Run one writing statement, autocommitted at READ COMMITTED: it waits for a row that another has locked,
        and then sees that row's newest state, where a unit of work would have to start again.

        Returns its RETURNING rows. Raises Unavailable like `run`.
        """

        async def execute(connection: AsyncConnection) -> list[Any]:
            result = await connection.execute(statement, parameters)
            return list(result.all()) if result.returns_rows else []

        if self.write_lock is not None:
            return await self.run(execute)
        for _ in range(limits.TRANSACTION_ATTEMPTS):
            try:
                with _reachable():
                    async with self.reader.connect() as connection:
                        return await execute(connection)
            except DBAPIError as error:
                if not self._is_transient(error):
                    raise
        raise Unavailable("the database is too busy")

    async def close(self) -> None:
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()


@contextmanager
def _reachable() -> Iterator[None]:
    """A lost connection, or none to be had in time, as Unavailable; the cause stays attached."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise Unavailable("the database cannot be reached") from error
        raise
    except (OSError, TimeoutError) as error:
        raise Unavailable("the database cannot be reached") from error
    except PoolTimeout as error:
        raise Unavailable("the database is too busy") from error
