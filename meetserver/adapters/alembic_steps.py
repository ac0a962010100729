"""Alembic's part of bringing a database to this code's version."""

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from meetserver.errors import ConfigError

ADVISORY_LOCK = 0x6D656574
"""Any number of ours: whoever holds it migrates, the others wait and then find nothing to do."""


def alembic_config(connection: Connection) -> AlembicConfig:
    """For Alembic's commands on `connection`, inside its transaction."""
    alembic = AlembicConfig()
    alembic.set_main_option("script_location", str(Path(str(files("meetserver.schema"))) / "migrations"))
    alembic.set_main_option("path_separator", "os")
    alembic.attributes["connection"] = connection
    return alembic


def upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    if is_current(connection):
        return
    command.upgrade(alembic_config(connection), "head")
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise ConfigError("the migration would leave rows that point nowhere; it was taken back")


def is_current(connection: Connection) -> bool:
    scripts = ScriptDirectory.from_config(alembic_config(connection))
    known = {script.revision for script in scripts.walk_revisions()}
    there = set(MigrationContext.configure(connection).get_current_heads())
    if unknown := sorted(there - known):
        raise ConfigError(
            f"the database is newer than this meetserver, which does not know its version {', '.join(unknown)}: "
            "install the release that wrote it, or restore a backup from before"
        )
    return there == set(scripts.get_heads())
