"""serve --shards: real processes on a real PostgreSQL and a real Valkey."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest

from meetserver.adapters.engine import open_database
from meetserver.adapters.leases import SqlLeases
from meetserver.config import Config
from meetserver.ports import Lease
from tests.servers.meetserver import FOR_TESTS

SOURCE = Path(__file__).parents[2]
WAIT_S = 60.0


class Shards:
    """One `serve --shards` and what can be seen of it from outside."""

    def __init__(self, parent: subprocess.Popen[bytes], leases: SqlLeases, ready: str) -> None:
        self.parent = parent
        self.ready = ready
        self.url = ready.split()[4]
        self._leases = leases

    async def live(self) -> dict[str, Lease]:
        return {lease.shard: lease for lease in await self._leases.live()}

    def pids(self) -> list[int]:
        return sorted(child.pid for child in psutil.Process(self.parent.pid).children())

    async def until(self, holds: Callable[[dict[str, Lease]], bool]) -> dict[str, Lease]:
        async with asyncio.timeout(WAIT_S):
            while not holds(live := await self.live()):  # noqa: ASYNC110 - other processes set no asyncio.Event
                await asyncio.sleep(0.05)
            return live

    async def exit_status(self) -> int:
        async with asyncio.timeout(WAIT_S):
            return await asyncio.to_thread(self.parent.wait)


def _start(count: int, settings: dict[str, str], log_path: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-u", "-m", "meetserver", "serve", "--shards", str(count)]
    with log_path.open("wb") as log:
        return subprocess.Popen(command, cwd=SOURCE, env=os.environ | settings, stdout=subprocess.PIPE, stderr=log)


@asynccontextmanager
async def serving_shards(count: int, folder: Path, postgres_url: str, redis_url: str) -> AsyncIterator[Shards]:
    where = {"MEET_DATABASE_URL": postgres_url, "MEET_REDIS_URL": redis_url, "MEET_DATA_DIR": str(folder)}
    settings = FOR_TESTS | where | {"MEET_PORT": "0", "MEET_SHARD_ID": "s", "MEET_LEASE_TTL_S": "2"}
    parent = _start(count, settings, folder / "log")
    assert parent.stdout is not None
    database = open_database(Config(database_url=postgres_url))
    try:
        ready = (await asyncio.to_thread(parent.stdout.readline)).decode()
        assert ready, (folder / "log").read_text()
        yield Shards(parent, SqlLeases(database), ready)
    finally:
        parent.kill()  # its shards go by themselves, as a test shows
        await asyncio.to_thread(parent.wait)
        parent.stdout.close()
        await database.close()


async def keep_knocking(url: str, answers: Counter[str]) -> None:
    """Each time on a new connection, as those do who come anew."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(10)) as http:
        while True:
            try:
                async with http.get(f"{url}/healthz") as response:
                    answers[str(response.status)] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                answers[repr(error)] += 1
            await asyncio.sleep(0.01)


async def test_a_machines_life_with_three_shards(tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    async with serving_shards(3, tmp_path, postgres_url, redis_url) as shards:
        assert shards.ready.endswith("(3 shards)\n")
        assert list(await shards.live()) == ["s-1", "s-2", "s-3"]

        await _connections_go_to_all(shards)
        await _one_that_is_killed_comes_back_under_its_name(shards)
        await _a_rolling_restart_turns_nobody_away(shards)

        shards.parent.send_signal(signal.SIGTERM)
        assert await shards.exit_status() == 0
        assert await shards.live() == {}


async def _connections_go_to_all(shards: Shards) -> None:
    port = int(shards.url.rpartition(":")[2])
    lines = []
    for _ in range(60):
        lines.append(await asyncio.open_connection("127.0.0.1", port))
        await asyncio.sleep(0.005)

    def taken() -> list[int]:
        of_all = [psutil.Process(pid).net_connections("tcp") for pid in shards.pids()]
        return [sum(bool(one.status == "ESTABLISHED" and one.laddr[1] == port) for one in mine) for mine in of_all]

    async with asyncio.timeout(WAIT_S):
        while sum(taken()) < len(lines):  # noqa: ASYNC110 - another process sets no asyncio.Event
            await asyncio.sleep(0.05)
    assert min(taken()) > 0
    for _, writer in lines:
        writer.close()


async def _one_that_is_killed_comes_back_under_its_name(shards: Shards) -> None:
    before, pids = await shards.live(), shards.pids()
    os.kill(pids[1], signal.SIGKILL)
    after = await shards.until(lambda live: list(live) == list(before) and live != before and _lives(live, before) == 2)
    assert list(after) == ["s-1", "s-2", "s-3"]


def _lives(live: dict[str, Lease], before: dict[str, Lease]) -> int:
    """How many go on as before."""
    return sum(lease.incarnation == before[name].incarnation for name, lease in live.items())


async def _a_rolling_restart_turns_nobody_away(shards: Shards) -> None:
    before, answers, fewest = await shards.live(), Counter[str](), 3
    knocking = asyncio.create_task(keep_knocking(shards.url, answers))
    shards.parent.send_signal(signal.SIGHUP)

    def is_done(live: dict[str, Lease]) -> bool:
        nonlocal fewest
        fewest = min(fewest, sum(not lease.is_draining for lease in live.values()))
        return len(live) == 3 and _lives(live, before) == 0

    await shards.until(is_done)
    knocking.cancel()
    await asyncio.gather(knocking, return_exceptions=True)
    assert set(answers) == {"200"}
    assert answers["200"] > 100
    assert fewest == 2


async def test_shards_end_with_the_process_that_keeps_them(tmp_path: Path, postgres_url: str, redis_url: str) -> None:
    async with serving_shards(2, tmp_path, postgres_url, redis_url) as shards:
        children = [psutil.Process(pid) for pid in shards.pids()]
        assert len(children) == 2
        shards.parent.kill()
        await shards.until(lambda live: live == {})
        gone, left = await asyncio.to_thread(psutil.wait_procs, children, WAIT_S)
        assert (len(gone), left) == (2, [])


@pytest.mark.parametrize(
    ("settings", "missing"),
    [({}, b"MEET_DATABASE_URL"), ({"MEET_DATABASE_URL": "postgresql://127.0.0.1:1/x"}, b"MEET_REDIS_URL")],
)
def test_without_what_they_share_they_are_refused(settings: dict[str, str], missing: bytes, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "meetserver", "serve", "--shards", "2"],
        cwd=SOURCE,
        env=os.environ | FOR_TESTS | {"MEET_DATA_DIR": str(tmp_path)} | settings,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"Error: --shards needs")
    assert missing in ended.stderr
