"""The process that keeps others: with small programs in the place of servers, which listen on the same socket."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import psutil
import pytest

from meetserver import shards as module
from meetserver.config import Config
from meetserver.errors import ConfigError
from meetserver.http.port import bound_socket
from meetserver.shards import Shard, check_can_share, keep

CHILD = Path(__file__).with_name("small_shard.py")
WAIT_S = 20.0


class Family:
    """The shards of one test, and what they and their parent say of themselves."""

    def __init__(self, folder: Path, listening: socket.socket) -> None:
        self.folder = folder
        self.listening = listening
        self.shards = [Shard(f"s-{n}", [sys.executable, str(CHILD), str(folder)], listening) for n in (1, 2, 3)]
        self.announced = 0
        self.port: int = listening.getsockname()[1]

    def announce(self) -> None:
        self.announced += 1

    def pids(self) -> list[int]:
        """Of those that are ready, by name."""
        return [shard._process.pid for shard in self.shards if shard._process and shard.is_ready.is_set()]

    def said(self) -> list[str]:
        """Each child's lines "name pid what", in the order of time."""
        path = self.folder / "said"
        return path.read_text().splitlines() if path.exists() else []

    def told(self, what: str) -> int:
        return sum(line.endswith(f" {what}") for line in self.said())

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_S):
            while not holds():  # noqa: ASYNC110 - other processes set no asyncio.Event
                await asyncio.sleep(0.01)

    async def until_ready(self) -> list[int]:
        await self.until(lambda: len(self.pids()) == 3)
        return self.pids()

    def behave(self, name: str, how: str) -> None:
        """What the next process of this name does instead of serving."""
        (self.folder / f"{name}.how").write_text(how)


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Family]:
    monkeypatch.setattr(module, "SETTLE_S", 0.0)
    with bound_socket(Config(port=0)) as listening:
        listening.listen()
        yield Family(tmp_path, listening)


@asynccontextmanager
async def kept(family: Family) -> AsyncIterator[asyncio.Task[None]]:
    """The parent at work; at the end it is told to go, if it has not gone."""
    parent = asyncio.create_task(keep(family.shards, family.announce))
    try:
        yield parent
    finally:
        for shard in family.shards:
            shard.end()
        await asyncio.wait([parent])


async def test_all_are_started_under_their_names_and_announced_once(family: Family) -> None:
    async with kept(family):
        await family.until(lambda: family.announced == 1)
        assert len(family.pids()) == 3
        assert sorted(line.split()[0] for line in family.said() if line.endswith("ready")) == ["s-1", "s-2", "s-3"]


async def test_nothing_is_announced_before_the_last_one_is_ready(family: Family) -> None:
    family.behave("s-2", "never ready")
    async with kept(family):
        await family.until(lambda: len(family.pids()) == 2 and family.told("never ready") == 1)
        assert family.announced == 0


async def test_at_a_signal_all_end_at_once(family: Family) -> None:
    async with kept(family) as parent:
        await family.until_ready()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(parent, WAIT_S)
    ends = [line.rpartition(" ")[2] for line in family.said()][-6:]
    assert ends == ["draining"] * 3 + ["gone"] * 3


async def test_one_that_is_told_to_end_while_it_is_started_ends(family: Family) -> None:
    run = asyncio.create_task(family.shards[0].run())
    await asyncio.sleep(0)
    family.shards[0].end()
    await asyncio.wait_for(run, WAIT_S)
    assert family.pids() == []


async def test_one_that_dies_comes_back_under_its_name(family: Family, caplog: pytest.LogCaptureFixture) -> None:
    async with kept(family):
        before = await family.until_ready()
        os.kill(before[1], signal.SIGKILL)
        await family.until(lambda: family.told("ready") == 4)
        after = await family.until_ready()
        assert [after[0], after[2]] == [before[0], before[2]]
        assert after[1] != before[1]
        assert "action=shard_ended shard=s-2 status=-9" in caplog.text
        assert family.announced == 1


async def test_one_that_dies_again_and_again_is_given_longer_each_time(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.04)
    async with kept(family):
        before = await family.until_ready()
        family.behave("s-1", "fail")
        os.kill(before[0], signal.SIGKILL)
        await family.until(lambda: family.told("fail") == 5)
    pauses = [record.getMessage().rpartition("=")[2] for record in caplog.records if "ended" in record.message]
    assert pauses[:5] == ["0.01", "0.02", "0.04", "0.04", "0.04"]


async def test_a_long_run_forgives_what_was_before(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(module, "STEADY_S", 0.0)
    async with kept(family):
        for _ in range(3):
            pids = await family.until_ready()
            os.kill(pids[0], signal.SIGKILL)
            await family.until(lambda old=pids: len(family.pids()) == 3 and family.pids() != old)  # type: ignore[misc]
    assert caplog.text.count("again_in_s=0.01") == 3


async def test_a_shard_that_cannot_start_ends_them_all(family: Family) -> None:
    family.behave("s-3", "fail")
    with pytest.raises(ConfigError, match="s-3 ended with status 7 before it was ready"):
        await asyncio.wait_for(keep(family.shards, family.announce), WAIT_S)
    assert family.pids() == []
    assert family.announced == 0


async def test_a_rolling_restart_takes_one_at_a_time(family: Family, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, module.__name__)
    async with kept(family):
        before = await family.until_ready()
        await family.until(lambda: family.announced == 1)
        start = len(family.said())
        os.kill(os.getpid(), signal.SIGHUP)
        await family.until(lambda: "action=rolled_restart" in caplog.text)
        after = await family.until_ready()
        told = [(line.split()[0], line.split()[2]) for line in family.said()[start:]]
        steps = ["draining", "gone", "ready"]
        assert told == [(name, step) for name in ("s-1", "s-2", "s-3") for step in steps]
        assert not set(before) & set(after)
        assert "shard_ended" not in caplog.text


async def test_a_rolling_restart_waits_while_another_shard_is_not_ready(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.5)
    async with kept(family):
        before = await family.until_ready()
        await family.until(lambda: family.announced == 1)
        os.kill(before[2], signal.SIGKILL)
        await family.until(lambda: len(family.pids()) == 2)
        os.kill(os.getpid(), signal.SIGHUP)
        await family.until(lambda: family.told("draining") == 1)
        assert family.told("ready") == 4


async def test_a_rolling_restart_gives_the_others_time_to_see_the_new_one(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLE_S", 1000.0)
    async with kept(family):
        await family.until(lambda: family.announced == 1)
        os.kill(os.getpid(), signal.SIGHUP)
        await family.until(lambda: family.told("ready") == 4)
        await family.until_ready()
        assert family.told("draining") == 1


async def test_one_that_does_not_drain_is_killed(
    family: Family, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "END_S", 0.2)
    family.behave("s-2", "deaf")
    async with kept(family) as parent:
        await family.until_ready()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(parent, WAIT_S)
    assert "action=shard_killed shard=s-2" in caplog.text


async def test_who_waits_to_be_let_in_is_not_lost_with_a_shard_that_dies(family: Family) -> None:
    """The queue is the parent's socket's."""
    async with kept(family):
        pids = await family.until_ready()
        processes = [psutil.Process(pid) for pid in pids]
        for process in processes:
            process.suspend()
        await family.until(lambda: all(process.status() == psutil.STATUS_STOPPED for process in processes))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", family.port)
            processes[0].kill()
            async with asyncio.timeout(WAIT_S):
                assert await reader.read() == b"s-1"
            writer.close()
            await writer.wait_closed()
        finally:
            for process in processes[1:]:
                process.resume()


def test_a_second_signal_ends_all_now(family: Family) -> None:
    family.behave("s-2", "deaf")
    parent = os.fork()
    if parent == 0:
        asyncio.run(keep(family.shards, family.announce))
        os._exit(0)
    _wait(lambda: family.told("ready") == 3)
    os.kill(parent, signal.SIGTERM)
    _wait(lambda: family.told("gone") == 2)
    os.kill(parent, signal.SIGINT)
    assert os.waitstatus_to_exitcode(os.waitpid(parent, 0)[1]) == 1


def _wait(holds: Callable[[], bool]) -> None:
    asyncio.run(Family.until(None, holds))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({"redis_url": "redis://localhost"}, "MEET_DATABASE_URL"),
        ({"database_url": "sqlite:///x", "redis_url": "redis://localhost"}, "MEET_DATABASE_URL"),
        ({"database_url": "postgresql://localhost/x"}, "MEET_REDIS_URL"),
    ],
)
def test_what_shards_cannot_share_is_refused_with_what_to_set(settings: dict[str, str], missing: str) -> None:
    with pytest.raises(ConfigError, match=missing):
        check_can_share(msgspec.convert(settings, Config))
