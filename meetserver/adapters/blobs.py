"""Blobs as files on the local disk: whole or invisible, also after a power cut.

Each is written to a file aside, synced, renamed into its place, and the folder synced. Plain files and threads,
because obstore's LocalStore syncs nothing, leaves its source running when a write is cancelled, and can abort the
interpreter at its exit; it stays the choice for object stores.
"""

import asyncio
import errno
import os
import re
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from msgspec.structs import replace

from meetserver.adapters.disk import sync_folder
from meetserver.config import Config
from meetserver.errors import ConfigError, NotFound, StorageFull
from meetserver.ports import BlobStore, Presigner, Random

T = TypeVar("T")

READ_BYTES = 256 * 1024
SUFFIX = ".blob"
"""Tells a blob from the folder of those whose names go on: a.blob, a/b.blob."""
ASIDE = ".aside"
FOLDER = "files"
"""Of the data folder."""

_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}"
_NAME = re.compile(rf"{_SEGMENT}(/{_SEGMENT}){{0,7}}")


def checked_name(name: str) -> str:
    """Names are made by the server, of ids: 1–8 segments of letters, digits, `_`, `-` and `.`. Raises ValueError."""
    if not _NAME.fullmatch(name) or any(segment.endswith(SUFFIX) for segment in name.split("/")):
        raise ValueError(f"{name!r} is no name for a blob")
    return name


def checked_range(start: int, end: int | None) -> None:
    if start < 0 or (end is not None and end < start):
        raise ValueError(f"{start}–{end} is no range")


def open_blobs(config: Config, random: Random) -> BlobStore:
    """The bucket of `files_url` where one is named, else a folder of the data folder. Raises ConfigError."""
    if not config.files_url:
        return DiskBlobs(_folder(config), random)
    try:
        from meetserver.adapters.object_store import ObjectBlobs
    except ImportError:
        raise ConfigError("MEET_FILES_URL=s3://… needs more packages: pip install 'meetserver[s3]'") from None
    return ObjectBlobs.open(config)


def open_presigner(config: Config) -> Presigner | None:
    """None where clients do not reach the store directly. Its URLs name the bucket as clients know it."""
    if not config.files_direct:
        return None
    from meetserver.adapters.object_store import ObjectBlobs

    return ObjectBlobs.open(replace(config, s3_endpoint=config.s3_public_endpoint or config.s3_endpoint))


def blobs_place(config: Config) -> str:
    """Where that is, for people."""
    return config.files_url or str(_folder(config))


class DiskBlobs:
    def __init__(self, folder: Path, random: Random) -> None:
        self._folder = folder
        self._random = random

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """Keep what `chunks` brings, in place of an older blob of this name; its size in bytes.

        Raises StorageFull when the disk is, ValueError for a bad name, and whatever `chunks` raises.
        """
        path = self._path(name)
        aside = self._folder / ASIDE / self._random.id()
        try:
            file = await _in_thread(partial(_create, aside))
            try:
                size = await _pour(chunks, file)
            except BaseException:
                with suppress(OSError):  # what it had not written yet finds no space either
                    file.close()
                aside.unlink(missing_ok=True)
                raise
            await _in_thread(partial(_settle, file, aside, path))
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull("the disk is full") from error
            raise
        return size

    async def get(self, name: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """Its bytes from `start` up to, without, `end`; what lies beyond its size is left out. Raises NotFound."""
        checked_range(start, end)
        path = self._path(name)
        try:
            file = await _in_thread(lambda: cast(BinaryIO, path.open("rb")))
        except FileNotFoundError:
            raise NotFound("there is no such file") from None
        try:
            file.seek(start)
            left = None if end is None else end - start
            while left is None or left > 0:
                wanted = READ_BYTES if left is None else min(READ_BYTES, left)
                chunk = await _in_thread(partial(file.read, wanted))
                if not chunk:
                    return
                if left is not None:
                    left -= len(chunk)
                yield chunk
        finally:
            file.close()

    async def size(self, name: str) -> int | None:
        path = self._path(name)
        try:
            return (await _in_thread(path.stat)).st_size
        except FileNotFoundError:
            return None

    async def delete(self, name: str) -> None:
        """Nothing happens when it is not there. Who reads it reads on."""
        path = self._path(name)
        await _in_thread(partial(_delete, path, self._folder))

    async def names(self, prefix: str = "") -> AsyncIterator[str]:
        """All that begin so, sorted."""
        folder, _, _ = prefix.rpartition("/")
        below = self._folder / checked_name(folder) if folder else self._folder
        for name in await _in_thread(lambda: sorted(_names(self._folder, below))):
            if name.startswith(prefix):
                yield name

    async def sweep(self, before: datetime) -> int:
        """Several processes may do so at once."""
        return await _in_thread(partial(_sweep, self._folder / ASIDE, before.timestamp()))

    async def free_bytes(self) -> int | None:
        return await _in_thread(partial(_free, self._folder))

    def _path(self, name: str) -> Path:
        return self._folder / (checked_name(name) + SUFFIX)


def _folder(config: Config) -> Path:
    return config.data_path / FOLDER


async def _in_thread(call: Callable[[], T]) -> T:
    """Unlike asyncio.to_thread it does not leave the thread at work on a file when it is cancelled."""
    work = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


async def _pour(chunks: AsyncIterator[bytes], file: BinaryIO) -> int:
    size = 0
    async for chunk in chunks:
        await _in_thread(partial(file.write, chunk))
        size += len(chunk)
    return size


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return cast(BinaryIO, open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"))


def _settle(file: BinaryIO, aside: Path, path: Path) -> None:
    try:
        with file:
            file.flush()
            os.fsync(file.fileno())
        _into_place(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _into_place(aside: Path, path: Path) -> None:
    while True:
        try:
            _make_folder(path.parent)
            aside.rename(path)
            return
        except FileNotFoundError:
            # Somebody deleted the last other blob in the folder, and the folder with it.
            if not aside.exists():
                raise


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


def _delete(path: Path, root: Path) -> None:
    """The folders that are empty then go too."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)
    with suppress(OSError):
        for folder in path.parents:
            if folder == root:
                break
            folder.rmdir()


def _names(folder: Path, below: Path) -> Iterator[str]:
    for path in below.rglob(f"*{SUFFIX}"):
        yield path.relative_to(folder).as_posix().removesuffix(SUFFIX)


def _free(folder: Path) -> int:
    """Of the disk that it is on, or will be."""
    return _free(folder.parent) if not folder.exists() else shutil.disk_usage(folder).free


def _sweep(folder: Path, before: float) -> int:
    swept = 0
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < before:
                path.unlink()
                swept += 1
    return swept
