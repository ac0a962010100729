"""One MetaData for all tables, the column types that mean the same on both databases, and units of work.

Isolation: a unit of work (`Database.run`) is SERIALIZABLE on PostgreSQL and BEGIN IMMEDIATE on SQLite, and the
whole unit is tried again on a deadlock, a serialization failure or a busy database, so it must not act outside
its connection. Single statements (`Database.fetch`, the room log's commit, job claims) are autocommitted
at READ COMMITTED. See docs/decisions.

What ails the database rather than the statement (no space, a standby, a broken disk) is Unavailable, and the
connection that said so is not used again: another one may reach a server, or open a file, that is well.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TextClause,
    TypeDecorator,
    delete,
    event,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError
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
CHANGED = "meetserver.changed"
IN_TROUBLE = "meetserver.in_trouble"


def after_commit(connection: AsyncConnection, call: Callable[[], None]) -> None:
    """Have `call` called once the unit of work that `connection` belongs to is committed; never if it is not."""
    calls: list[Callable[[], None]] = connection.info.setdefault(AFTER_COMMIT, [])
    if call not in calls:
        calls.append(call)


def changed(connection: AsyncConnection, *keys: str) -> None:
    """Note that the unit of work that `connection` belongs to changes what is cached under these keys
    (cache/keys.py): once it is committed, and before `Database.run` returns, whoever has copies is told."""
    connection.info.setdefault(CHANGED, set()).update(keys)


async def _nobody_told(_: Collection[str]) -> None:
    """Where nothing is cached."""


class Database:
    """Units of work and single reads over one database.

    `writer` and `reader` may be the same engine (PostgreSQL) or not (SQLite: one writer, many readers).
    `is_transient` says whether a driver's error means "the same unit may work if tried again", `is_trouble` whether
    it tells of the database's own state, and nothing of the statement.
    """

    def __init__(
        self,
        *,
        dialect: str,
        writer: AsyncEngine,
        reader: AsyncEngine,
        is_transient: Callable[[BaseException | None], bool],
        is_trouble: Callable[[BaseException | None], bool],
        write_lock: asyncio.Lock | None = None,
    ) -> None:
        self.dialect = dialect
        self.writer = writer
        self.reader = reader
        self._is_transient = is_transient
        self.write_lock = write_lock
        self._is_trouble = is_trouble
        self._under_way = 0
        self.on_changed: Callable[[Collection[str]], Awaitable[None]] = _nobody_told
        """Called with the keys that a committed unit of work has noted by `changed`; it does not raise."""
        for engine in (writer, reader):
            event.listen(engine.sync_engine, "handle_error", self._mark)
            event.listen(engine.sync_engine, "checkout", _refuse_marked)

    async def run(self, unit: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run `unit` in one transaction, again from its start when that may help.

        Raises Unavailable after `limits.TRANSACTION_ATTEMPTS` tries, or when the database cannot be reached or is in
        trouble.
        """
        answer, keys = await self._again_if_transient(lambda: self._once(unit))
        if keys:
            await self.on_changed(keys)
        return answer

    async def _once(self, unit: Callable[[AsyncConnection], Awaitable[T]]) -> tuple[T, Collection[str]]:
        if self.write_lock is None:
            return await self._transaction(unit)
        async with _turn(self.write_lock):
            return await self._transaction(unit)

    async def _transaction(self, unit: Callable[[AsyncConnection], Awaitable[T]]) -> tuple[T, Collection[str]]:
        async with self.writer.begin() as connection:
            calls: list[Callable[[], None]] = []
            keys: set[str] = set()
            connection.info[AFTER_COMMIT], connection.info[CHANGED] = calls, keys
            answer = await unit(connection)
        for call in calls:
            call()
        return answer, keys

    async def fetch(self, statement: Any, parameters: Any = None) -> list[Any]:
        """Rows of one autocommitted read. Raises Unavailable like `run`, but not for one lost connection: nothing hangs
        on whether a read was done, so it is done on another."""

        async def read() -> list[Any]:
            try:
                return await self._autocommitted(statement, parameters)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
            return await self._autocommitted(statement, parameters)

        return await self._again_if_transient(read)

    async def write(self, statement: Any, parameters: Any = None) -> list[Any]:
        """Run one writing statement, autocommitted at READ COMMITTED: it waits for a row that another has locked,
        and then sees that row's newest state, where a unit of work would have to start again.

        Returns its RETURNING rows. Raises Unavailable like `run`.
        """
        if self.write_lock is not None:
            return await self.run(lambda connection: _execute(connection, statement, parameters))
        return await self._again_if_transient(lambda: self._autocommitted(statement, parameters))

    async def sweep(self, table: Table, *where: ColumnElement[bool] | TextClause) -> int:
        """Delete the rows of which all of this is true, limits.ROWS_SWEPT with each statement, so that none takes long
        and nobody waits for all; how many there were. Raises Unavailable like `run`: what went until then is gone."""
        key = list(table.primary_key)
        some = select(*key).where(*where).limit(limits.ROWS_SWEPT)
        statement = delete(table).where(tuple_(*key).in_(some)).returning(key[0])
        swept = 0
        while gone := len(await self.write(statement)):
            swept += gone
        return swept

    async def forget_deleted(self) -> None:
        """What was deleted is not in the database's files any more. Raises Unavailable: somebody reads just now.

        SQLite only, whose write-ahead log keeps old pages until it begins anew; PostgreSQL vacuums by itself.
        """
        if self.dialect == "sqlite":
            ((is_busy, *_),) = await self.fetch(text("PRAGMA wal_checkpoint(TRUNCATE)"))
            if is_busy:
                raise Unavailable("the write-ahead log cannot be begun anew just now")

    async def _autocommitted(self, statement: Any, parameters: Any) -> list[Any]:
        async with self.reader.connect() as connection:
            return await _execute(connection, statement, parameters)

    def refuse_if_crowded(self) -> None:
        """For who has not begun yet and may come again later. Raises Unavailable: limits.DATABASE_WAITING others wait
        already, or are being served."""
        if self._under_way >= limits.DATABASE_WAITING:
            raise _unavailable("is too busy")

    async def _again_if_transient(self, try_: Callable[[], Awaitable[T]]) -> T:
        self._under_way += 1
        try:
            return await self._attempts(try_)
        finally:
            self._under_way -= 1

    async def _attempts(self, try_: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(limits.TRANSACTION_ATTEMPTS):
            try:
                with _reachable():
                    return await try_()
            except DBAPIError as error:
                self._raise_unless_transient(error)
            await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))
        raise _unavailable("is too busy")

    def _raise_unless_transient(self, error: DBAPIError) -> None:
        if self._is_transient(error.orig):
            return
        if error.connection_invalidated:
            raise _unavailable("cannot be reached") from error
        if self._is_trouble(error.orig):
            raise _unavailable("is in trouble") from error
        raise error

    def _mark(self, context: ExceptionContext) -> None:
        """Not closed at once: the transaction is rolled back first, or SQLite would keep its locks."""
        connection = None if context.is_disconnect else context.connection
        if connection is not None and self._is_trouble(context.original_exception):
            connection.info[IN_TROUBLE] = True

    async def close(self) -> None:
        await self.writer.dispose()
        if self.reader is not self.writer:
            await self.reader.dispose()


async def _execute(connection: AsyncConnection, statement: Any, parameters: Any) -> list[Any]:
    result = await connection.execute(statement, parameters)
    return list(result.all()) if result.returns_rows else []


def _refuse_marked(_connection: Any, record: Any, _proxy: object) -> None:
    """The pool then makes a new connection in this one's place."""
    if IN_TROUBLE in record.info:
        raise DisconnectionError


@contextmanager
def _reachable() -> Iterator[None]:
    """No connection to be had (in time), as Unavailable; the cause stays attached."""
    try:
        yield
    except (OSError, TimeoutError) as error:
        raise _unavailable("cannot be reached") from error
    except PoolTimeout as error:
        raise _unavailable("is too busy") from error


@asynccontextmanager
async def _turn(lock: asyncio.Lock) -> AsyncIterator[None]:
    """Hold the lock, or raise PoolTimeout: where there is one connection that writes, to wait for it is this."""
    try:
        async with asyncio.timeout(limits.DATABASE_WAIT_S):
            await lock.acquire()
    except TimeoutError as error:
        raise PoolTimeout from error
    try:
        yield
    finally:
        lock.release()


def _unavailable(why: str) -> Unavailable:
    return Unavailable(f"the database {why}", retry_after_s=limits.SHED_RETRY_S)
