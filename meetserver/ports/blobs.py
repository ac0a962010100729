"""Where bytes are kept, and what looks at them or draws them."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class BlobStore(Protocol):
    """Named bytes, whole or invisible."""

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int: ...
    def get(self, name: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        """Whoever stops before its end closes it."""

    async def size(self, name: str) -> int | None: ...
    async def delete(self, name: str) -> None: ...
    def names(self, prefix: str = "") -> AsyncIterator[str]: ...
    async def sweep(self, before: datetime) -> int:
        """Take away what processes that died before then were putting; how many there were."""

    async def free_bytes(self) -> int | None:
        """How much more fits; None where nobody can say."""


class Presigner(Protocol):
    """URLs by which whoever has them reaches a blob in the store, without the server, for a while."""

    async def presigned_get(self, names: Sequence[str], expires_s: float) -> list[str]:
        """From each of these, in their order, it may be got as it is in the store. Raises Unavailable."""

    async def presigned_put(self, name: str, expires_s: float) -> str:
        """To it a blob of any size may be put, again and again. Raises Unavailable."""


class Remade(Struct, frozen=True):
    """An image made anew from its pixels alone. `width` and `height` in pixels, upright. `thumbnails`: by the longest
    side that they may have (limits.THUMBNAIL_PX), in WebP (image/webp), never larger than the image."""

    image: bytes
    media_type: str
    width: int
    height: int
    thumbnails: Mapping[int, bytes]


class ImageMaker(Protocol):
    """Makes images anew, apart from whoever asks: what an image does to its reader stays there."""

    async def remake(self, source: bytes) -> Remade:
        """The same picture, or animation, in the same format (PNG, JPEG, GIF or WebP), in sRGB, upright, without
        anything else that came with it. Raises BadFile for what is none of these or broken, TooLarge above
        limits.IMAGE_BYTES, IMAGE_PIXELS and the like, Busy when too many wait, Unavailable when it did not work and
        may another time."""


class Drawing(Struct, frozen=True):
    """What a picture of a page of the board is made of. `elements`: as snapshots show them, a JSON list, bottom first;
    `background`: as in whiteboard.Sheet; `images`: data: URIs by the ids of files. Sizes are in units of the board."""

    elements: bytes
    title: str = ""
    width: int = 1600
    height: int = 900
    background: str = ""
    images: Mapping[str, str] = {}


class BoardPrinter(Protocol):
    """Makes pictures of pages of the board, apart from whoever asks."""

    async def svg(self, drawings: Sequence[Drawing]) -> list[bytes]:
        """One for each. Raises, as the others do, TooLarge, Busy when too many wait, Unavailable when it did not work
        and may another time."""

    async def png(self, drawing: Drawing) -> bytes:
        """limits.PICTURE_SIDE_PX on its longer side."""

    async def pdf(self, drawings: Sequence[Drawing]) -> bytes:
        """A page for each."""


class Verdict(Struct, frozen=True):
    """`virus`: what was found, in the scanner's words; "" where nothing was. `is_whole`: all was looked at; not so
    where the scanner takes no stream of that length."""

    virus: str = ""
    is_whole: bool = True

    @property
    def is_clean(self) -> bool:
        return self.is_whole and not self.virus


class Scanner(Protocol):
    """Looks for viruses."""

    async def scan(self, chunks: AsyncIterator[bytes]) -> Verdict:
        """What it says of a content; how much of `chunks` it took is left open. Raises Unavailable when it cannot be
        asked, and whatever `chunks` raises."""
