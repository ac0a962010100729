"""The migrations make what the models say, on both databases, and refuse what they do not know."""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from meetserver.adapters.alembic_steps import alembic_config
from meetserver.adapters.engine import open_database
from meetserver.adapters.migrations import check_version, migrate, migration_engine
from meetserver.config import Config
from meetserver.database import metadata
from meetserver.errors import ConfigError, Unavailable
from meetserver.schema import HEAD

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(database_url: str) -> Config:
    return Config(database_url=database_url, secret_key="s" * 32)


async def set_version(config: Config, version: str) -> None:
    database = open_database(config)
    await database.write(text("UPDATE alembic_version SET version_num = :version"), {"version": version})
    await database.close()


async def test_models_and_migrations_say_the_same(config: Config) -> None:
    await migrate(config)
    engine = migration_engine(config)
    async with engine.begin() as connection:
        # Raises with the list of what differs; scripts/new_migration.py writes what is missing.
        await connection.run_sync(lambda sync: command.check(alembic_config(sync)))
    await engine.dispose()


def test_the_newest_migration_is_the_one_that_a_start_looks_for() -> None:
    assert ScriptDirectory(str(ROOT / "schema" / "migrations")).get_heads() == [HEAD]


async def test_an_empty_database_is_brought_up_to_date(config: Config) -> None:
    assert not await check_version(config)
    await migrate(config)
    assert await check_version(config)


async def test_migrating_again_changes_nothing(config: Config) -> None:
    await migrate(config)
    await migrate(config)
    assert await check_version(config)


async def test_many_that_start_at_once_migrate_once(config: Config) -> None:
    await asyncio.gather(*(migrate(config) for _ in range(4)))
    assert await check_version(config)


async def test_a_newer_database_is_refused_and_left_alone(config: Config) -> None:
    await migrate(config)
    await set_version(config, "9999")
    for refused in (migrate, check_version):
        with pytest.raises(ConfigError, match=r"newer than this meetserver.*9999"):
            await refused(config)


async def test_every_models_module_is_known_to_the_migrations(sqlite_url: str) -> None:
    await migrate(Config(database_url=sqlite_url))
    env = (ROOT / "schema" / "migrations" / "env.py").read_text()
    packages = [path.parent.name for path in (ROOT / "meetserver").glob("*/models.py")]
    assert [package for package in packages if f"import meetserver.{package}.models" not in env] == []


async def test_every_foreign_key_says_what_a_deletion_does(sqlite_url: str) -> None:
    await migrate(Config(database_url=sqlite_url))
    silent = [str(key) for table in metadata.tables.values() for key in table.foreign_keys if key.ondelete is None]
    assert silent == []


async def test_a_migration_cannot_reach_what_is_not_there(unused_tcp_port: int) -> None:
    url = f"postgresql://u:p@127.0.0.1:{unused_tcp_port}/d"
    with pytest.raises(Unavailable):
        await migrate(Config(database_url=url, secret_key="s" * 32))
