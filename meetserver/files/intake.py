"""Bytes on their way in: counted, hashed, sealed and stored part by part as they come; never whole in memory."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeAlias

from msgspec import Struct

from meetserver import limits
from meetserver.errors import TooLarge
from meetserver.files.parts import Part, blob_name
from meetserver.files.sealed import seal
from meetserver.ports import BlobStore, Random

OnPart: TypeAlias = Callable[[Part], Awaitable[None]]
"""Called once a part is in the store."""


class Taken(Struct, frozen=True):
    """`head` and `tail`: the first and the last bytes, of limits.FILE_HEAD_BYTES each at most. `digest`: SHA-256."""

    size_bytes: int
    digest: bytes
    head: bytes
    tail: bytes


class Summary:
    """Of bytes that go by."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._head = self._tail = b""
        self.size_bytes = 0

    def add(self, chunk: bytes) -> None:
        self.size_bytes += len(chunk)
        self._hash.update(chunk)
        self._head += chunk[: limits.FILE_HEAD_BYTES - len(self._head)]
        self._tail = (self._tail + chunk)[-limits.FILE_HEAD_BYTES :]

    def taken(self) -> Taken:
        return Taken(self.size_bytes, self._hash.digest(), self._head, self._tail)


class Intake:
    """Into one content, under its key, behind `part_count` parts that are there already."""

    def __init__(self, store: BlobStore, random: Random, content: str, key: bytes, part_count: int = 0) -> None:
        self._store = store
        self._random = random
        self._content = content
        self._key = key
        self._number = part_count
        self._rest = b""
        self.summary = Summary()

    async def take(self, chunks: AsyncIterator[bytes], most_bytes: int, on_part: OnPart) -> None:
        """Of nothing there is no part. Raises TooLarge, and whatever the store, `chunks` and `on_part` raise."""
        while await self._has_more(chunks):
            before = self.summary.size_bytes
            part = Part(self._random.id(), 0)
            sealed = seal(self._next_part(chunks, most_bytes), self._key, self._content, self._number)
            await self._store.put(blob_name(self._content, part), sealed)
            await on_part(Part(part.blob, self.summary.size_bytes - before))
            self._number += 1

    async def _next_part(self, chunks: AsyncIterator[bytes], most_bytes: int) -> AsyncIterator[bytes]:
        """The next part's bytes; what came with its last chunk and is too much begins the one after it."""
        space = limits.FILE_PART_BYTES
        while space:
            chunk, self._rest = self._rest or await anext(chunks, b""), b""
            if not chunk:
                return
            chunk, self._rest = chunk[:space], chunk[space:]
            space -= len(chunk)
            self.summary.add(chunk)
            if self.summary.size_bytes > most_bytes:
                raise TooLarge(f"a file may have {most_bytes} bytes here")
            yield chunk

    async def _has_more(self, chunks: AsyncIterator[bytes]) -> bool:
        self._rest = self._rest or await anext(chunks, b"")
        return bool(self._rest)
