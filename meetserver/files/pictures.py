"""Images on their way in: made anew from their pixels before anybody gets them, with thumbnails."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from msgspec import Struct

from meetserver import limits
from meetserver.errors import TooLarge
from meetserver.files.intake import Intake, Taken
from meetserver.files.parts import THUMBNAIL_PART, Part, Thumbnail, read_parts
from meetserver.files.sealed import seal
from meetserver.ports import BlobStore, ImageMaker, Random


class Picture(Struct, frozen=True):
    """What is in the store of an image that was made anew."""

    taken: Taken
    parts: list[Part]
    media_type: str
    width: int
    height: int
    thumbnails: list[Thumbnail]


class Pictures:
    def __init__(self, blobs: BlobStore, images: ImageMaker, random: Random) -> None:
        self._blobs = blobs
        self._images = images
        self._random = random

    async def remake(self, content: str, key: bytes, parts: list[Part]) -> Picture:
        """Of the content that these parts are, which stay. Raises BadFile, TooLarge, Busy, Unavailable."""
        made = await self._images.remake(await self._source(content, key, parts))
        intake, stored = Intake(self._blobs, self._random, content, key), list[Part]()

        async def on_part(part: Part) -> None:
            stored.append(part)

        await intake.take(_one(made.image), len(made.image), on_part)
        thumbnails = [await self._thumbnail(content, key, px, data) for px, data in made.thumbnails.items()]
        return Picture(intake.summary.taken(), stored, made.media_type, made.width, made.height, thumbnails)

    async def _source(self, content: str, key: bytes, parts: list[Part]) -> bytes:
        size = sum(part.bytes for part in parts)
        if size > limits.IMAGE_BYTES:
            raise TooLarge(f"an image may have {limits.IMAGE_BYTES} bytes")
        async with aclosing(read_parts(self._blobs, content, key, parts, 0, size)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def _thumbnail(self, content: str, key: bytes, px: int, data: bytes) -> Thumbnail:
        blob = self._random.id()
        await self._blobs.put(f"{content}/{blob}", seal(_one(data), key, content, THUMBNAIL_PART + px))
        return Thumbnail(px, blob, len(data))


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data
