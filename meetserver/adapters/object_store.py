"""Blobs in a bucket of S3, or of a server that speaks its protocol.

A blob is an object with the name that its file on the disk would have (adapters/blobs.py), so that one can be copied
to the other; and no object `a` stands beside an `a/b`, which MinIO would not take. A small blob is written with one
request; of a larger one nothing is seen before its last part is there. What a store that went away meanwhile keeps of
such parts is seen by its owner only: give the bucket a rule that ends unfinished uploads after a day.
"""

import asyncio
import atexit
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from meetserver import limits
from meetserver.adapters.blobs import READ_BYTES, SUFFIX, checked_name, checked_range
from meetserver.config import Config
from meetserver.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import ClientConfig, S3Config

# obstore's threads hand back their last objects after a call has returned, and an interpreter that is about to be gone
# by then aborts: 12 of 95 programs that ended right after a call did, none of 150 that waited.
atexit.register(time.sleep, 0.1)


class ObjectBlobs:
    """ports.BlobStore. Its names come in the bucket's order, in which `a-b` is before `a`."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    @classmethod
    def open(cls, config: Config) -> Self:
        """The bucket of `files_url`. Nothing is asked yet: it may be away."""
        bucket, _, prefix = config.files_url.removeprefix("s3://").partition("/")
        return cls(
            S3Store(
                bucket,
                prefix=prefix.strip("/") or None,
                config=_s3_config(config),
                client_options=_client_options(config),
                retry_config={
                    "max_retries": limits.OBJECT_STORE_TRIES - 1,
                    "retry_timeout": timedelta(seconds=limits.OBJECT_STORE_SILENCE_S),
                },
            )
        )

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        """As DiskBlobs.put. At most limits.OBJECT_PART_BYTES, and as much that is under way, are in memory."""
        key = _key(name)
        begun = bytearray()
        async for chunk in chunks:
            begun += chunk
            if len(begun) > limits.OBJECT_PART_BYTES:
                return await self._put_in_parts(key, _Source(bytes(begun), chunks))
        with _reachable():
            await obstore.put_async(self._store, key, begun, use_multipart=False)
        return len(begun)

    async def _put_in_parts(self, key: str, source: "_Source") -> int:
        part = limits.OBJECT_PART_BYTES
        with _reachable():
            putting = asyncio.ensure_future(
                obstore.put_async(self._store, key, source, chunk_size=part, max_concurrency=1)
            )
            try:
                await asyncio.shield(putting)
            except asyncio.CancelledError:
                source.break_off()
                await asyncio.gather(putting, return_exceptions=True)
                raise
        return source.size

    async def get(self, name: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """As DiskBlobs.get; raises Unavailable, too. Whoever takes it slowly keeps the connection waiting."""
        checked_range(start, end)
        key = _key(name)
        with _reachable():
            result = await self._begin(key, start, end)
            if result is None:
                return
            async for piece in result.stream(READ_BYTES):
                view = memoryview(piece)
                for at in range(0, len(view), READ_BYTES):
                    yield bytes(view[at : at + READ_BYTES])

    async def _begin(self, key: str, start: int, end: int | None) -> "GetResult | None":
        """None when nothing is in that range. Some servers refuse one that goes beyond the end."""
        failed: BaseError | None = None
        if start != end:
            try:
                return await obstore.get_async(self._store, key, options=_options(start, end))
            except FileNotFoundError:
                raise NotFound("there is no such file") from None
            except BaseError as error:
                failed = error
        size = await self._size(key)
        if size is None:
            raise NotFound("there is no such file")
        if start == end or start >= size:
            return None
        if failed is not None and (end is None or end <= size):
            raise failed
        return await self._begin(key, start, size)

    async def size(self, name: str) -> int | None:
        with _reachable():
            return await self._size(_key(name))

    async def _size(self, key: str) -> int | None:
        try:
            return (await obstore.head_async(self._store, key))["size"]
        except FileNotFoundError:
            return None

    async def delete(self, name: str) -> None:
        with _reachable():
            await obstore.delete_async(self._store, _key(name))

    async def names(self, prefix: str = "") -> AsyncIterator[str]:
        folder, _, _ = prefix.rpartition("/")
        if folder:
            checked_name(folder)
        with _reachable():
            async for page in obstore.list(self._store, prefix=folder or None):
                for meta in page:
                    name = meta["path"].removesuffix(SUFFIX)
                    if name.startswith(prefix) and name != meta["path"]:
                        yield name

    async def sweep(self, before: datetime) -> int:
        """The bucket's rule does that."""
        return 0

    async def free_bytes(self) -> int | None:
        """The protocol cannot say."""
        return None

    async def presigned_get(self, names: Sequence[str], expires_s: float) -> list[str]:
        """ports.Presigner. Sent as application/octet-stream, so that no browser shows it."""
        return await self._presigned("GET", names, expires_s)

    async def presigned_put(self, name: str, expires_s: float) -> str:
        """ports.Presigner."""
        return (await self._presigned("PUT", [name], expires_s))[0]

    async def _presigned(self, method: Literal["GET", "PUT"], names: Sequence[str], expires_s: float) -> list[str]:
        keys = [_key(name) for name in names]
        with _reachable():
            return list(await obstore.sign_async(self._store, method, keys, timedelta(seconds=expires_s)))


class _Source:
    """What obstore reads a large blob from. Were obstore's own call cancelled, it would leave parts in the store, and
    this waiting; so it is told that its source has failed, and ends the upload itself."""

    def __init__(self, begun: bytes, chunks: AsyncIterator[bytes]) -> None:
        self._begun = begun
        self._chunks = chunks
        self._reading: asyncio.Task[object] | None = None
        self._is_broken = False
        self.size = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._is_broken:
            raise ConnectionAbortedError
        self._reading = asyncio.current_task()
        try:
            chunk, self._begun = self._begun or await anext(self._chunks), b""
        except asyncio.CancelledError:
            raise ConnectionAbortedError from None
        finally:
            self._reading = None
        self.size += len(chunk)
        return chunk

    def break_off(self) -> None:
        self._is_broken = True
        if self._reading is not None:
            self._reading.cancel()


def _key(name: str) -> str:
    return checked_name(name) + SUFFIX


def _options(start: int, end: int | None) -> "GetOptions":
    if end is not None:
        return {"range": (start, end)}
    return {"range": {"offset": start}} if start else {}


@contextmanager
def _reachable() -> Iterator[None]:
    """What ails the store as Unavailable; the cause stays attached."""
    try:
        yield
    except FileNotFoundError as error:
        raise Unavailable("the object store has no such bucket") from error
    except BaseError as error:
        raise Unavailable("the object store cannot be reached, or refuses us") from error


def _s3_config(config: Config) -> "S3Config":
    given: S3Config = {"region": config.s3_region}
    if config.s3_endpoint:
        given["endpoint"] = config.s3_endpoint
    if config.s3_access_key:
        given["access_key_id"] = config.s3_access_key
        given["secret_access_key"] = config.s3_secret_key
    # Not every server knows how to delete several at once.
    return {**given, "disable_bulk_delete": True}


def _client_options(config: Config) -> "ClientConfig":
    """A whole request may take long, when people read slowly, but not the store's silence."""
    options: ClientConfig = {
        "allow_http": config.s3_endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=limits.OBJECT_STORE_CONNECT_S),
        "read_timeout": timedelta(seconds=limits.OBJECT_STORE_SILENCE_S),
        "timeout": timedelta(days=1),
    }
    if config.ca_file:
        options["root_certificate"] = Path(config.ca_file).read_bytes()
    return options
