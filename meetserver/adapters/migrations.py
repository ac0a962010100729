"""Brings a database to the version that this code knows, or refuses one that it does not know."""

from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from meetserver.adapters import postgres, sqlite
from meetserver.adapters.engine import sqlite_path
from meetserver.config import Config
from meetserver.errors import ConfigError

ADVISORY_LOCK = 0x6D656574
"""Any number of ours: whoever holds it migrates, the others wait and then find nothing to do."""


async def migrate(config: Config) -> None:
    """Bring an empty or older database to this code's version, whole or not at all.

    Raises ConfigError on a newer one, and Unavailable.
    """
    await _with_connection(config, _upgrade)


async def check_version(config: Config) -> bool:
    """Whether the database has this code's version, without changing it. Raises ConfigError on a newer one."""
    return bool(await _with_connection(config, _is_current))


def alembic_config(connection: Connection) -> AlembicConfig:
    """For Alembic's commands on `connection`, inside its transaction."""
    alembic = AlembicConfig()
    alembic.set_main_option("script_location", str(Path(str(files("meetserver.schema"))) / "migrations"))
    alembic.set_main_option("path_separator", "os")
    alembic.attributes["connection"] = connection
    return alembic


def migration_engine(config: Config) -> AsyncEngine:
    """Units of work have timeouts that a migration must not have, and SQLite's foreign keys must be off for it."""
    return sqlite.migration_engine(sqlite_path(config)) if config.is_sqlite else postgres.migration_engine(config)


async def _with_connection(config: Config, work: Any) -> Any:
    engine = migration_engine(config)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    if _is_current(connection):
        return
    command.upgrade(alembic_config(connection), "head")
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise ConfigError("the migration would leave rows that point nowhere; it was taken back")


def _is_current(connection: Connection) -> bool:
    scripts = ScriptDirectory.from_config(alembic_config(connection))
    known = {script.revision for script in scripts.walk_revisions()}
    there = set(MigrationContext.configure(connection).get_current_heads())
    if unknown := sorted(there - known):
        raise ConfigError(
            f"the database is newer than this meetserver, which does not know its version {', '.join(unknown)}: "
            "install the release that wrote it, or restore a backup from before"
        )
    return there == set(scripts.get_heads())
