"""Every process sees the same store of files, or does not start."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from meetserver.adapters.blobs import DiskBlobs
from meetserver.adapters.engine import open_database
from meetserver.adapters.memory.blobs import MemoryBlobs
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.adapters.random import SystemRandom
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import ConfigError, Unavailable
from meetserver.files.identity import MARKER, StoreIdentity
from meetserver.files.models import file_store
from meetserver.keys.ring import KeyRing
from meetserver.ports import BlobStore, Sealer

RANDOM = SystemRandom()
SECRET = b"the master secret of these tests"
PROCESSES = 5


class SlowBlobs(MemoryBlobs):
    """Others have their turns while something is put."""

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        for _ in range(20):
            await asyncio.sleep(0)
        return await super().put(name, chunks)


class DyingBlobs(MemoryBlobs):
    """The first process dies when it has put something."""

    is_first = True

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        size = await super().put(name, chunks)
        if self.is_first:
            self.is_first = False
            raise asyncio.CancelledError
        return size


def identity(database: Database, blobs: BlobStore, sealer: Sealer | None = None) -> StoreIdentity:
    return StoreIdentity(database, blobs, sealer or PlainSealer(), RANDOM, "/data/files")


async def check(database: Database, blobs: BlobStore, sealer: Sealer | None = None) -> None:
    await identity(database, blobs, sealer).check()


async def one(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
async def processes(database_config: Config) -> AsyncIterator[list[Database]]:
    """The same database, as several processes see it."""
    async with contextlib.AsyncExitStack() as stack:
        opened = [open_database(database_config) for _ in range(PROCESSES)]
        for database in opened:
            stack.push_async_callback(database.close)
        yield opened


async def test_whoever_sees_the_same_folder_starts(database: Database, tmp_path: Path) -> None:
    for _ in range(3):
        await check(database, DiskBlobs(tmp_path / "shared", RANDOM))
    assert [name async for name in DiskBlobs(tmp_path / "shared", RANDOM).names()] == [MARKER]


async def test_whoever_sees_another_folder_does_not(database: Database, tmp_path: Path) -> None:
    await check(database, DiskBlobs(tmp_path / "first", RANDOM))
    with pytest.raises(ConfigError, match=r"not in /data/files.*MEET_DATA_DIR.*MEET_FILES_URL=s3://.*adopt-files"):
        await check(database, DiskBlobs(tmp_path / "second", RANDOM))
    assert not (tmp_path / "second").exists()
    await check(database, DiskBlobs(tmp_path / "first", RANDOM))


async def test_a_store_whose_marker_is_gone_is_not_taken_for_a_new_one(database: Database) -> None:
    blobs = MemoryBlobs()
    await check(database, blobs)
    await blobs.delete(MARKER)
    with pytest.raises(ConfigError, match="not in /data/files"):
        await check(database, blobs)


async def test_a_store_of_another_database_is_not_taken_over(
    database: Database, migrated_sqlite_file: Path, tmp_path: Path
) -> None:
    """Its orphans would be swept."""
    blobs = MemoryBlobs()
    path = shutil.copy(migrated_sqlite_file, tmp_path / "another.sqlite3")
    other = open_database(Config(database_url=f"sqlite:///{path}"))
    try:
        await check(other, blobs, await KeyRing.open(other, SECRET, ManualClock(), RANDOM))
    finally:
        await other.close()
    before = [chunk async for chunk in blobs.get(MARKER)]
    ring = await KeyRing.open(database, b"the master secret of another one", ManualClock(), RANDOM)
    with pytest.raises(ConfigError, match="files of another database: set MEET_FILES_URL"):
        await check(database, blobs, ring)
    with pytest.raises(ConfigError, match="files of another database"):
        await identity(database, blobs, ring).adopt()
    assert [chunk async for chunk in blobs.get(MARKER)] == before
    await check(database, MemoryBlobs(), ring)


async def test_of_first_processes_at_once_all_start_where_they_see_the_same(processes: list[Database]) -> None:
    blobs = SlowBlobs()
    await asyncio.gather(*(check(database, blobs) for database in processes))
    assert (await processes[0].fetch(select(func.count()).select_from(file_store)))[0][0] == 1


async def test_of_first_processes_at_once_one_starts_where_each_sees_its_own(processes: list[Database]) -> None:
    ends = await asyncio.gather(*(check(database, SlowBlobs()) for database in processes), return_exceptions=True)
    assert ends.count(None) == 1
    assert sum(isinstance(end, ConfigError) for end in ends) == PROCESSES - 1


async def test_who_died_before_the_database_knew_goes_on_where_it_was(database: Database) -> None:
    blobs = DyingBlobs()
    with pytest.raises(asyncio.CancelledError):
        await check(database, blobs)
    await check(database, blobs)
    with pytest.raises(ConfigError):
        await check(database, MemoryBlobs())


async def test_who_died_so_and_was_replaced_elsewhere_does_not_start(database: Database) -> None:
    died = DyingBlobs()
    with pytest.raises(asyncio.CancelledError):
        await check(database, died)
    await check(database, MemoryBlobs())
    with pytest.raises(ConfigError):
        await check(database, died)


async def test_a_store_that_is_away_is_no_other_store(database: Database) -> None:
    class AwayBlobs(MemoryBlobs):
        async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
            raise Unavailable("the object store cannot be reached")

    with pytest.raises(Unavailable):
        await check(database, AwayBlobs())
    await check(database, MemoryBlobs())


async def test_an_operator_may_begin_anew_with_another_store(database: Database) -> None:
    old, new = MemoryBlobs(), MemoryBlobs()
    await check(database, old)
    await identity(database, new).adopt()
    await check(database, new)
    with pytest.raises(ConfigError):
        await check(database, old)


async def test_a_changed_marker_is_no_marker(database: Database) -> None:
    blobs = MemoryBlobs()
    await check(database, blobs)
    await blobs.put(MARKER, one(b"something else"))
    with pytest.raises(ConfigError, match="another database"):
        await check(database, blobs)
