"""What every BlobStore keeps to, and what the one on the disk leaves behind when it is cut off."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import pytest

from meetserver.adapters.blobs import ASIDE, READ_BYTES, DiskBlobs
from meetserver.adapters.memory.blobs import MemoryBlobs
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.object_store import ObjectBlobs
from meetserver.config import Config
from meetserver.errors import NotFound, StorageFull, Unavailable
from meetserver.ports import BlobStore
from tests.servers.s3 import S3Server


@pytest.fixture
def disk(tmp_path: Path) -> DiskBlobs:
    return DiskBlobs(tmp_path / "files", SeededRandom())


@pytest.fixture
def s3_config(s3_server: S3Server) -> Config:
    """A store of this test's own."""
    return s3_server.config(prefix=uuid4().hex)


@pytest.fixture
def s3(s3_config: Config) -> ObjectBlobs:
    return ObjectBlobs.open(s3_config)


@pytest.fixture(params=["memory", "disk", "s3"])
def blobs(request: pytest.FixtureRequest) -> BlobStore:
    store: BlobStore = MemoryBlobs() if request.param == "memory" else request.getfixturevalue(request.param)
    return store


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def cut_off(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
    raise ConnectionResetError


async def read(blobs: BlobStore, name: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in blobs.get(name, start, end)])


async def names(blobs: BlobStore, prefix: str = "") -> list[str]:
    return [name async for name in blobs.names(prefix)]


async def test_what_was_put_is_there(blobs: BlobStore) -> None:
    assert await blobs.put("m1/f1", chunks(b"one ", b"", b"two")) == 7
    assert await read(blobs, "m1/f1") == b"one two"
    assert await blobs.size("m1/f1") == 7


async def test_an_empty_blob_is_a_blob(blobs: BlobStore) -> None:
    assert await blobs.put("empty", chunks()) == 0
    assert await blobs.size("empty") == 0
    assert await read(blobs, "empty") == b""


async def test_a_large_blob_comes_in_pieces(blobs: BlobStore) -> None:
    part = os.urandom(READ_BYTES - 1)
    await blobs.put("large", chunks(part, part, part))
    pieces = [piece async for piece in blobs.get("large")]
    assert b"".join(pieces) == part * 3
    assert max(map(len, pieces)) <= READ_BYTES


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (0, None, b"0123456789"),
        (4, None, b"456789"),
        (0, 4, b"0123"),
        (4, 6, b"45"),
        (4, 4, b""),
        (8, 99, b"89"),
        (10, None, b""),
        (99, 100, b""),
    ],
)
async def test_a_range_is_from_start_up_to_end(blobs: BlobStore, start: int, end: int | None, wanted: bytes) -> None:
    await blobs.put("digits", chunks(b"0123456789"))
    assert await read(blobs, "digits", start, end) == wanted


@pytest.mark.parametrize(("start", "end"), [(-1, None), (2, 1)])
async def test_a_range_that_is_none_is_refused(blobs: BlobStore, start: int, end: int | None) -> None:
    await blobs.put("digits", chunks(b"0123456789"))
    with pytest.raises(ValueError, match="range"):
        await read(blobs, "digits", start, end)


async def test_what_is_not_there_is_not_found(blobs: BlobStore) -> None:
    with pytest.raises(NotFound):
        await read(blobs, "nothing")
    assert await blobs.size("nothing") is None
    await blobs.delete("nothing")
    assert await names(blobs) == []


async def test_a_second_put_replaces_the_first(blobs: BlobStore) -> None:
    await blobs.put("f", chunks(b"a longer first"))
    await blobs.put("f", chunks(b"second"))
    assert await read(blobs, "f") == b"second"


async def test_who_reads_reads_on_when_the_blob_is_replaced_and_deleted(blobs: BlobStore) -> None:
    first = os.urandom(2 * READ_BYTES)
    await blobs.put("f", chunks(first))
    reading = aiter(blobs.get("f"))
    seen = await anext(reading)
    await blobs.put("f", chunks(b"second"))
    await blobs.delete("f")
    async for chunk in reading:
        seen += chunk
    assert seen == first


async def test_a_deleted_blob_is_gone(blobs: BlobStore) -> None:
    await blobs.put("f", chunks(b"x"))
    await blobs.delete("f")
    assert await blobs.size("f") is None
    assert await names(blobs) == []


async def test_names_are_sorted_and_begin_with_the_prefix(blobs: BlobStore) -> None:
    for name in ("m2/a", "m1/b", "m1/a/deep", "m1/a", "m10/a"):
        await blobs.put(name, chunks(b"x"))
    assert await names(blobs) == ["m1/a", "m1/a/deep", "m1/b", "m10/a", "m2/a"]
    assert await names(blobs, "m1/") == ["m1/a", "m1/a/deep", "m1/b"]


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "/", "/etc/passwd", "../secret.key", "a/../b", "a//b", "a/", ".hidden", "a/.b", "a\x00b", "a b",
        "a\nb", "é", "a\\b", "a.blob", "a.blob/b", "x" * 129, "/".join("x" * 9), "a%2fb", "~", "a#1",
    ],
)  # fmt: skip
async def test_a_name_that_leads_elsewhere_is_refused(blobs: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        await blobs.put(name, chunks(b"x"))
    with pytest.raises(ValueError, match="no name"):
        await read(blobs, name)
    with pytest.raises(ValueError, match="no name"):
        await blobs.delete(name)


async def test_an_upload_that_is_cut_off_is_invisible(blobs: BlobStore) -> None:
    await blobs.put("f", chunks(b"whole"))
    for name in ("f", "g"):
        with pytest.raises(ConnectionResetError):
            await blobs.put(name, cut_off(b"half"))
    assert await names(blobs) == ["f"]
    assert await read(blobs, "f") == b"whole"


async def test_an_upload_is_invisible_until_it_is_whole(blobs: BlobStore) -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"half"
        began.set()
        await go.wait()
        yield b" and half"

    putting = asyncio.create_task(blobs.put("f", slow()))
    await began.wait()
    assert await blobs.size("f") is None
    assert await names(blobs) == []
    go.set()
    assert await putting == 13


async def test_what_is_whole_is_not_swept(blobs: BlobStore) -> None:
    await blobs.put("f", chunks(b"x"))
    assert await blobs.sweep(datetime.now(UTC) + timedelta(days=1)) == 0
    assert await read(blobs, "f") == b"x"


# --- on the disk


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_cancelled_upload_leaves_nothing(disk: DiskBlobs, tmp_path: Path) -> None:
    began = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield os.urandom(100_000)
            began.set()

    putting = asyncio.create_task(disk.put("f", endless()))
    await began.wait()
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert not _files(tmp_path)


async def test_a_full_disk_leaves_nothing(disk: DiskBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(Unavailable, match="full"):
        await disk.put("f", chunks(b"x"))
    assert not _files(tmp_path)


async def test_a_disk_that_was_full_before_leaves_nothing_either(
    disk: DiskBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create(path: Path) -> BinaryIO:
        path.parent.mkdir(parents=True)
        path.touch()
        return Path("/dev/full").open("wb")

    monkeypatch.setattr("meetserver.adapters.blobs._create", create)
    with pytest.raises(StorageFull):
        await disk.put("f", chunks(b"a head of some bytes", bytes(100_000)))
    assert not _files(tmp_path)


async def test_a_blob_is_synced_before_it_is_seen_and_its_folder_after(
    disk: DiskBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "files" / "m1" / "f1.blob"
    seen: list[tuple[str, bool]] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        seen.append((os.readlink(f"/proc/self/fd/{descriptor}"), target.exists()))
        sync(descriptor)

    monkeypatch.setattr("os.fsync", note)
    await disk.put("m1/f1", chunks(b"x"))
    synced_file, synced_above, synced_folder = seen
    assert ASIDE in synced_file[0]
    assert not synced_file[1]
    assert synced_above == (str(tmp_path / "files"), False)
    assert synced_folder == (str(target.parent), True)


async def test_a_folder_goes_with_its_last_blob(disk: DiskBlobs, tmp_path: Path) -> None:
    for name in ("m1/a", "m1/f1/b", "m1/f1/c"):
        await disk.put(name, chunks(b"x"))
    await disk.delete("m1/f1/b")
    assert (tmp_path / "files/m1/f1").is_dir()
    await disk.delete("m1/f1/c")
    assert not (tmp_path / "files/m1/f1").exists()
    assert await names(disk) == ["m1/a"]
    await disk.delete("m1/a")
    assert sorted(path.name for path in (tmp_path / "files").iterdir()) == [ASIDE]


async def test_a_folder_that_goes_takes_nothing_with_it_that_is_just_put(disk: DiskBlobs) -> None:
    async def come_and_go(name: str) -> None:
        for _ in range(40):
            await disk.put(name, chunks(b"x"))
            assert await read(disk, name) == b"x"
            await disk.delete(name)

    await asyncio.gather(*(come_and_go(f"m/f/{number}") for number in range(4)))


async def test_only_the_folder_of_the_prefix_is_looked_through(
    disk: DiskBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("m1/a", "m2/a", "m2/b"):
        await disk.put(name, chunks(b"x"))
    seen: list[str] = []
    scan = os.scandir

    def note(path: Path) -> Any:
        seen.append(Path(path).name)
        return scan(path)

    monkeypatch.setattr("os.scandir", note)
    assert await names(disk, "m1/") == ["m1/a"]
    assert set(seen) == {"m1"}


async def test_what_a_dead_process_was_writing_is_swept(disk: DiskBlobs, tmp_path: Path) -> None:
    await disk.put("f", chunks(b"x"))
    (tmp_path / "files" / ASIDE / "left").write_bytes(b"half")
    now = datetime.now(UTC)
    assert await disk.sweep(now - timedelta(days=1)) == 0
    assert await disk.sweep(now + timedelta(days=1)) == 1
    assert _files(tmp_path) == ["files/f.blob"]


async def test_only_the_owner_may_read_a_blob(disk: DiskBlobs, tmp_path: Path) -> None:
    await disk.put("m1/f1", chunks(b"x"))
    assert (tmp_path / "files/m1/f1.blob").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "files/m1").stat().st_mode & 0o777 == 0o700
