"""The servers that other tests stand on: one test's data is not the next one's, and a killed server comes back."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as RedisGone

from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.process import ServerFailed
from tests.servers.valkey import ValkeyServer


@pytest.mark.parametrize("round_number", [1, 2])
async def test_each_test_has_an_empty_database(postgres_url: str, round_number: int) -> None:
    await _execute(postgres_url, "CREATE TABLE meeting (id int)")  # would fail if the other round's were here


async def test_a_database_may_start_as_a_copy(databases: Databases, postgres_url: str) -> None:
    await _execute(postgres_url, "CREATE TABLE meeting AS SELECT 7 AS id")
    copy = databases.create(template=postgres_url.rpartition("/")[2])
    try:
        assert await _fetch_value(copy, "SELECT id FROM meeting") == 7
    finally:
        databases.drop(copy)


async def test_a_forgotten_connection_does_not_keep_a_database(databases: Databases) -> None:
    url = databases.create()
    connection = await asyncpg.connect(url)
    databases.drop(url)
    with pytest.raises(asyncpg.PostgresError):
        await connection.execute("SELECT 1")


def test_both_kinds_of_database(database_url: str) -> None:
    assert database_url.startswith(("sqlite:////", "postgresql://"))


@pytest.mark.parametrize("fsync", [False, True])
@pytest.mark.faults
async def test_committed_rows_survive_a_kill(fsync: bool) -> None:
    with PostgresServer(fsync=fsync) as server:
        await _execute(server.url, "CREATE TABLE meeting AS SELECT 7 AS id")
        server.kill()
        with pytest.raises(OSError, match="Connect"):
            await asyncpg.connect(server.url)
        server.start()
        assert await _fetch_value(server.url, "SELECT id FROM meeting") == 7
        server.restart()
        assert await _fetch_value(server.url, "SELECT id FROM meeting") == 7
    assert not server.folder.exists()


@pytest.mark.faults
async def test_a_frozen_postgres_answers_when_thawed() -> None:
    with PostgresServer() as server:
        connection = await asyncpg.connect(server.url)
        server.freeze()
        answer = asyncio.ensure_future(connection.fetchval("SELECT 7"))
        done, _ = await asyncio.wait([answer], timeout=0.2)
        assert not done
        server.thaw()
        assert await answer == 7
        await connection.close()


def test_a_server_that_cannot_start_says_why() -> None:
    server = PostgresServer(settings={"shared_buffers": "much"})
    with pytest.raises(ServerFailed, match="shared_buffers"):
        server.start()
    server.close()


@pytest.mark.parametrize("round_number", [1, 2])
async def test_each_test_has_an_empty_redis(redis_url: str, round_number: int) -> None:
    async with redis.asyncio.Redis.from_url(redis_url) as client:
        assert await client.set("room", "1", nx=True)
        assert await client.get("room") == b"1"


@pytest.mark.faults
async def test_a_killed_redis_comes_back_at_the_same_place_and_empty() -> None:
    with ValkeyServer() as server:
        async with redis.asyncio.Redis.from_url(server.url) as client:
            await client.set("room", "1")
            server.kill()
            with pytest.raises(RedisGone):
                await client.get("room")
            server.start()
            assert await client.get("room") is None


OWNER = """
import sys
import time
from tests.servers.postgres import PostgresServer
server = PostgresServer()
server.start()
print(server._process.pid, server.folder, flush=True)
sys.stdin.read()
"""


@pytest.mark.faults
def test_nothing_is_left_of_a_server_whose_owner_is_killed(pytestconfig: pytest.Config) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        cwd=pytestconfig.rootpath,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split()
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while Path(folder).exists() or psutil.pid_exists(int(pid)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _fetch_value(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()
