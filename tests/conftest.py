"""Fixtures for all tests: real servers, started by the first test of a worker that asks for one, and the leak check."""

import asyncio
import contextlib
import inspect
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import redis

from tests.asvs import AsvsCount
from tests.counts import Counts
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.s3 import S3Server
from tests.servers.tools import need
from tests.servers.valkey import ValkeyServer


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # with xdist the workers' reports come together in the main process
        config.pluginmanager.register(AsvsCount())
        config.pluginmanager.register(Counts())


# Turns of the loop that a finished task may need to say so; and how long one that was cancelled may take to end, as it
# may wait for a thread of a database on a machine that has much else to do.
SETTLE_TURNS = 5
SETTLE_S = 5.0


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The worker's PostgreSQL. A test that stops, kills or freezes one owns it: `with PostgresServer() as server:`."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[ValkeyServer]:
    """The worker's Valkey. A test that stops, kills or freezes one owns it: `with ValkeyServer() as server:`."""
    with ValkeyServer() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """The worker's object store. A test that kills or freezes one owns it: `with S3Server() as server:`."""
    with S3Server() as server:
        yield server


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Makes databases on MEET_TEST_DATABASE_URL (a user who may create them), or on `postgres_server`."""
    url = os.environ.get("MEET_TEST_DATABASE_URL") or request.getfixturevalue("postgres_server").url
    with contextlib.closing(Databases(url)) as databases:
        yield databases


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """postgresql:// URL of an empty database that is this test's own."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """sqlite:// URL of a file that is not there yet, this test's own."""
    return f"sqlite:///{tmp_path}/meetserver.sqlite3"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database, once of each kind: for suites that both must pass."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def redis_url(request: pytest.FixtureRequest, worker_id: str) -> str:
    """URL of an empty Redis database, on the worker's own server.

    On MEET_TEST_REDIS_URL it is a database per worker, which is FLUSHED; channels there are shared by all workers.
    """
    if given := os.environ.get("MEET_TEST_REDIS_URL"):
        url = _with_redis_database(given, int(worker_id.removeprefix("gw")) if worker_id != "master" else 0)
    else:
        url = str(request.getfixturevalue("redis_server").url)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """A Chromium for playwright's `executable_path`."""
    return need("chromium")


@pytest.fixture(autouse=True)
def _leak_check(request: pytest.FixtureRequest) -> None:
    """Autouse fixtures come first and go last, so that this one sees what all others left."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_no_task_left")


@pytest.fixture
async def _no_task_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    for _ in range(SETTLE_TURNS):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if ending := {task for task in left if task.cancelling()}:
        await asyncio.wait(ending, timeout=SETTLE_S)
    if left := {task for task in left if not task.done()}:
        pytest.fail("tasks left behind: " + ", ".join(map(repr, left)), pytrace=False)


def _with_redis_database(url: str, number: int) -> str:
    """`url` for the database `number` after the one that it names."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        query = dict(parse_qsl(parts.query))
        query["db"] = str(int(query.get("db", 0)) + number)
        return f"unix://{parts.path}?{urlencode(query)}"  # geturl() would drop the slashes
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + number}").geturl()
