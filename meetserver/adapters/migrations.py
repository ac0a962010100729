"""Whether a database has this code's version; only where it does not, Alembic is loaded to see to it."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from meetserver.adapters import postgres, sqlite
from meetserver.adapters.engine import sqlite_path
from meetserver.config import Config
from meetserver.schema import HEAD

T = TypeVar("T")


async def migrate(config: Config) -> None:
    """Bring an empty or older database to this code's version, whole or not at all.

    Raises ConfigError on a newer one, and Unavailable.
    """
    if not await _with_connection(config, has_head):
        from meetserver.adapters.alembic_steps import upgrade

        await _with_connection(config, upgrade)


async def check_version(config: Config) -> bool:
    """Whether the database has this code's version, without changing it. Raises ConfigError on a newer one."""
    from meetserver.adapters.alembic_steps import is_current

    return await _with_connection(config, is_current)


def has_head(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars()) == [HEAD]


def migration_engine(config: Config) -> AsyncEngine:
    """Units of work have timeouts that a migration must not have, and SQLite's foreign keys must be off for it."""
    return sqlite.migration_engine(sqlite_path(config)) if config.is_sqlite else postgres.migration_engine(config)


async def _with_connection(config: Config, work: Callable[[Connection], T]) -> T:
    engine = migration_engine(config)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()
