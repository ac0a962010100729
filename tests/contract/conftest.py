"""Migrated databases: each is a copy of one that was migrated once, which takes a tenth of the time."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from meetserver.adapters.engine import open_database
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.migrations import migrate
from meetserver.config import Config
from meetserver.database import Database
from tests.contract.machine import Machine
from tests.servers.databases import Databases
from tests.servers.valkey_cluster import ValkeyCluster

SECRET = "a master secret that is only for tests"


@pytest.fixture(scope="session")
def migrated_postgres_url(databases: Databases) -> Iterator[str]:
    """A template: nobody may be connected to it while it is copied."""
    url = databases.create()
    _migrate(Config(database_url=url, secret_key=SECRET))
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "template.sqlite3"
    _migrate(Config(database_url=f"sqlite:///{path}"))
    return path


@pytest.fixture
def postgres_config(databases: Databases, migrated_postgres_url: str) -> Iterator[Config]:
    url = databases.create(template=migrated_postgres_url.rpartition("/")[2])
    yield Config(database_url=url, secret_key=SECRET)
    databases.drop(url)


@pytest.fixture
def sqlite_config(migrated_sqlite_file: Path, tmp_path: Path) -> Config:
    path = shutil.copy(migrated_sqlite_file, tmp_path / "meetserver.sqlite3")
    return Config(database_url=f"sqlite:///{path}")


@pytest.fixture(params=["sqlite", "postgres"])
def database_config(request: pytest.FixtureRequest) -> Config:
    """Settings with a migrated database, once of each kind."""
    config: Config = request.getfixturevalue(f"{request.param}_config")
    return config


@pytest.fixture
async def database(database_config: Config) -> AsyncIterator[Database]:
    database = open_database(database_config)
    yield database
    await database.close()


def _migrate(config: Config) -> None:
    """In a thread: whoever asks for the fixture may have a loop running in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate(config))).result()


@pytest.fixture
def machine(database: Database) -> Machine:
    return Machine(database, ManualClock())


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[ValkeyCluster]:
    """The worker's. A test that kills nodes or moves slots owns its cluster: `with ValkeyCluster() as cluster:`."""
    with ValkeyCluster() as cluster:
        yield cluster
