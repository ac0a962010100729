"""What every Scanner keeps to, with a real clamd; and what it does when clamd is away, silent or has enough."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from meetserver import limits
from meetserver.adapters.clamd import Clamd, open_scanner
from meetserver.adapters.memory.scanner import EICAR, MemoryScanner
from meetserver.config import Config
from meetserver.errors import ConfigError, Unavailable
from meetserver.ports import Scanner
from tests.servers.clamd import ClamdServer

MOST_BYTES = 1 << 20


@pytest.fixture(scope="module")
def clamd() -> Iterator[ClamdServer]:
    with ClamdServer(MOST_BYTES) as server:
        yield server


@pytest.fixture(params=["memory", "unix", "tcp"])
def scanner(request: pytest.FixtureRequest) -> Scanner:
    if request.param == "memory":
        return MemoryScanner(MOST_BYTES)
    server: ClamdServer = request.getfixturevalue("clamd")
    return Clamd(server.unix_url if request.param == "unix" else server.tcp_url)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def cut_off(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    raise ConnectionResetError


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield bytes(100_000)
        await asyncio.sleep(0)


async def test_what_is_harmless_is_clean(scanner: Scanner) -> None:
    assert (await scanner.scan(chunks(b"minutes ", b"", b"of the meeting"))).is_clean
    assert (await scanner.scan(chunks())).is_clean


async def test_a_virus_is_found_also_between_two_chunks(scanner: Scanner) -> None:
    verdict = await scanner.scan(chunks(b"x" * 100_000, EICAR[:30], EICAR[30:]))
    assert not verdict.is_clean
    assert verdict.virus.startswith("Eicar-Test-Signature")


async def test_what_is_too_long_was_not_looked_at(scanner: Scanner) -> None:
    verdict = await scanner.scan(endless())
    assert (verdict.is_clean, verdict.is_whole, verdict.virus) == (False, False, "")


async def test_a_stream_of_just_the_length_it_takes_is_scanned(scanner: Scanner) -> None:
    assert (await scanner.scan(chunks(bytes(MOST_BYTES)))).is_clean


async def test_a_source_that_breaks_off_is_the_callers(scanner: Scanner) -> None:
    with pytest.raises(ConnectionResetError):
        await scanner.scan(cut_off(b"half"))


async def test_a_clamd_that_is_not_there_is_away(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for url in (f"unix://{tmp_path}/none", f"tcp://127.0.0.1:{port}"):
        with pytest.raises(Unavailable):
            await Clamd(url).scan(chunks(b"x"))
    away = MemoryScanner()
    away.is_away = True
    with pytest.raises(Unavailable):
        await away.scan(chunks(b"x"))


async def test_a_clamd_that_takes_nothing_any_more_is_away() -> None:
    with ClamdServer() as server:
        server.freeze()
        with pytest.raises(Unavailable):
            await Clamd(server.unix_url, silence_s=0.2).scan(endless())


async def test_a_clamd_that_does_not_say_what_it_found_is_away() -> None:
    with ClamdServer() as server:
        server.freeze()
        with pytest.raises(Unavailable):
            await Clamd(server.unix_url, answer_s=0.2).scan(chunks(b"x"))


async def test_so_many_files_are_scanned_at_once_and_the_next_one_after_that(clamd: ClamdServer) -> None:
    at_work = 0
    all_at_work, may_end = asyncio.Event(), asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        nonlocal at_work
        at_work += 1
        if at_work == limits.SCANS_AT_ONCE:
            all_at_work.set()
        yield b"x"
        await may_end.wait()

    scanner = Clamd(clamd.unix_url)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        scans = [group.create_task(scanner.scan(waiting())) for _ in range(limits.SCANS_AT_ONCE + 1)]
        await all_at_work.wait()
        await asyncio.sleep(0)
        assert at_work == limits.SCANS_AT_ONCE
        may_end.set()
    assert all(scan.result().is_clean for scan in scans)


async def test_a_clamd_that_dies_meanwhile_is_away() -> None:
    with ClamdServer(1 << 30) as server:

        async def until_killed() -> AsyncIterator[bytes]:
            yield b"x"
            server.stop()
            async for chunk in endless():
                yield chunk

        with pytest.raises(Unavailable):
            await Clamd(server.unix_url).scan(until_killed())


def test_only_a_url_that_can_be_used_starts() -> None:
    assert open_scanner(Config()) is None
    for url in ("clamd.ctl", "unix://", "unix://host/path", "tcp://", "http://127.0.0.1:3310", "tcp://h:port"):
        with pytest.raises(ConfigError, match="MEET_CLAMD_URL"):
            open_scanner(Config(clamd_url=url))
