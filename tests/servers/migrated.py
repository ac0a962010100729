"""Fixtures for tests of what stands on a database: it comes with this version's tables, which are made once a worker.

A conftest takes them as its own, `sqlite_url = migrated.sqlite_url` and so on; migrations have tests of their own.
"""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from meetserver import limits
from meetserver.adapters import postgres
from meetserver.adapters.migrations import migrate
from meetserver.adapters.sqlite import FILE_NAME
from meetserver.config import Config
from meetserver.database import metadata
from tests.servers.databases import Databases

PATIENCE_S = 60.0
DISCONNECT_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / FILE_NAME
    asyncio.run(migrate(Config(database_url=f"sqlite:///{path}")))
    return path


@pytest.fixture
def sqlite_url(sqlite_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of a copy that is this test's own: it takes 1 ms, where making the tables takes 70. As patient as PostgreSQL."""
    monkeypatch.setattr(limits, "DATABASE_WAIT_S", PATIENCE_S)
    return f"sqlite:///{shutil.copy(sqlite_file, tmp_path)}"


@pytest.fixture(scope="session")
def postgres_database(databases: Databases) -> Iterator[str]:
    url = databases.create()
    asyncio.run(migrate(Config(database_url=url)))
    yield url
    databases.drop(url)


@pytest.fixture
def postgres_url(databases: Databases, postgres_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """All tests of a worker have the same database, one after the other, and find it empty.

    On a machine that has much else to do it may keep a test waiting for longer than a server in use would wait.
    """
    monkeypatch.setattr(postgres, "CONNECT_TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(limits, "STATEMENT_TIMEOUT_S", PATIENCE_S)
    monkeypatch.setattr(limits, "DATABASE_WAIT_S", PATIENCE_S)
    monkeypatch.setattr(limits, "COMMIT_TIMEOUT_S", PATIENCE_S)
    empty = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]  # migrating has loaded all
    databases.execute(postgres_database, ";".join([DISCONNECT_OTHERS, *empty]))
    return postgres_database
