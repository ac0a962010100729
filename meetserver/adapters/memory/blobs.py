"""Blobs that are gone with the process."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import datetime

from meetserver.adapters.blobs import READ_BYTES, checked_name, checked_range
from meetserver.errors import NotFound


class MemoryBlobs:
    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}
        self.free: int | None = None

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        checked_name(name)
        blob = b"".join([chunk async for chunk in chunks])
        self._blobs[name] = blob
        return len(blob)

    async def get(self, name: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        checked_range(start, end)
        if checked_name(name) not in self._blobs:
            raise NotFound("there is no such file")
        wanted = self._blobs[name][start:end]
        for at in range(0, len(wanted), READ_BYTES):
            yield wanted[at : at + READ_BYTES]

    async def size(self, name: str) -> int | None:
        blob = self._blobs.get(checked_name(name))
        return None if blob is None else len(blob)

    async def delete(self, name: str) -> None:
        self._blobs.pop(checked_name(name), None)

    async def names(self, prefix: str = "") -> AsyncIterator[str]:
        for name in sorted(self._blobs):
            if name.startswith(prefix):
                yield name

    async def sweep(self, before: datetime) -> int:
        return 0

    async def free_bytes(self) -> int | None:
        return self.free

    async def presigned_get(self, names: Sequence[str], expires_s: float) -> list[str]:
        return [f"memory:GET/{checked_name(name)}" for name in names]

    async def presigned_put(self, name: str, expires_s: float) -> str:
        return f"memory:PUT/{checked_name(name)}"
