"""A database of one's own, with every table."""

from collections.abc import AsyncIterator

import pytest

# What accounts' tables point at is described in packages beside.
import meetserver.accounts.models  # noqa: F401
from meetserver.adapters.engine import open_database
from meetserver.adapters.memory.clock import ManualClock
from meetserver.config import load_config
from meetserver.database import Database, metadata


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def database(sqlite_url: str) -> AsyncIterator[Database]:
    database = open_database(load_config({}, database_url=sqlite_url))
    async with database.writer.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield database
    await database.close()
