"""The parts that a content consists of: each a sealed blob of at most limits.FILE_PART_BYTES plain bytes."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from msgspec import Struct

from meetserver.files.sealed import open_range
from meetserver.ports import BlobStore

THUMBNAIL_PART = 1 << 31
"""Added to its longest side it is the part number that a thumbnail is sealed as."""


class Part(Struct, frozen=True, array_like=True):
    """`blob`: its name in the store, below the content's. `bytes`: plain ones."""

    blob: str
    bytes: int


class Thumbnail(Struct, frozen=True, array_like=True):
    """At most `px` high and wide. `blob` and `bytes` as of a part."""

    px: int
    blob: str
    bytes: int


def blob_name(content: str, part: Part | Thumbnail) -> str:
    return f"{content}/{part.blob}"


async def read_parts(
    store: BlobStore, content: str, key: bytes, parts: Sequence[Part], start: int, end: int
) -> AsyncGenerator[bytes, None]:
    """The plain bytes from `start` up to, without, `end`. Raises NotFound, SealBroken, Unavailable."""
    begins = 0
    for number, part in enumerate(parts):
        first, last = max(start - begins, 0), min(end - begins, part.bytes)
        if first < last:
            name = blob_name(content, part)
            async with aclosing(open_range(store, name, key, content, number, part.bytes, first, last)) as chunks:
                async for chunk in chunks:
                    yield chunk
        begins += part.bytes


async def read_thumbnail(store: BlobStore, content: str, key: bytes, thumbnail: Thumbnail) -> bytes:
    """Raises as `read_parts` does."""
    name, size = blob_name(content, thumbnail), thumbnail.bytes
    async with aclosing(open_range(store, name, key, content, THUMBNAIL_PART + thumbnail.px, size, 0, size)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def delete_parts(store: BlobStore, content: str) -> None:
    """All that is in the store of this content, also what nobody counted."""
    async for name in store.names(f"{content}/"):
        await store.delete(name)
