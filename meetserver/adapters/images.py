"""Images made anew by Pillow, each in a process of its own (image_worker.py).

Decoders are where hostile images strike. A process for one image costs 0.1 s of CPU time and takes with it whatever
has happened in there: memory, hangs, crashes, and anything that it was made to believe about the next image.
"""

import logging
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from meetserver import limits
from meetserver.adapters.worker import Died, Workers
from meetserver.errors import BadFile, Refusal, TooLarge, Unavailable, refused
from meetserver.ports import Remade

log = logging.getLogger(__name__)

WORKER = Path(__file__).with_name("image_worker.py")
LIMITS: Final = {
    "pixels": limits.IMAGE_PIXELS,
    "side_px": limits.IMAGE_SIDE_PX,
    "frames": limits.IMAGE_FRAMES,
    "thumbnails_px": limits.THUMBNAIL_PX,
    "memory_bytes": limits.IMAGE_MEMORY_BYTES,
    "cpu_s": limits.IMAGE_CPU_S,
}
ANSWER_BYTES = 2 * limits.IMAGE_BYTES
PARTS = 1 + len(limits.THUMBNAIL_PX)


class _Made(Struct, frozen=True, tag="made"):
    """`lengths`: of what follows: the image, and thumbnails of limits.THUMBNAIL_PX."""

    media_type: Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
    width: int
    height: int
    lengths: Annotated[tuple[int, ...], Meta(min_length=PARTS, max_length=PARTS)]


class _Refused(Struct, frozen=True, tag="refused"):
    code: Literal["bad_file", "too_large"]
    message: str
    error: str = ""


class PillowImages:
    """`overrides`: of LIMITS, for tests."""

    def __init__(self, *, timeout_s: float = limits.IMAGE_TIMEOUT_S, **overrides: int) -> None:
        self._workers = Workers(
            WORKER,
            LIMITS | overrides,
            what="image",
            at_once=limits.IMAGES_AT_ONCE,
            waiting=limits.IMAGES_WAITING,
            timeout_s=timeout_s,
            answer_bytes=ANSWER_BYTES,
        )

    async def remake(self, source: bytes) -> Remade:
        checked_size(source)
        try:
            return _opened(await self._workers.run(source))
        except Died as error:
            log.warning('action="image worker died" code=%d bytes=%d', error.code, len(source))
            raise _why(error) from None


def checked_size(source: bytes) -> None:
    if len(source) > limits.IMAGE_BYTES:
        raise TooLarge(f"an image may have {limits.IMAGE_BYTES} bytes")


def _why(death: Died) -> BadFile | TooLarge | Unavailable:
    if death.is_from_outside:
        return Unavailable("the image was not made anew")
    if death.is_out_of_time:
        return TooLarge("the image takes too much time")
    return BadFile("the image cannot be read")


def _opened(answer: bytes) -> Remade:
    """Raises BadFile, too, for an answer that is none: an image may have made the worker say anything."""
    head, _, blobs = answer.partition(b"\n")
    try:
        told = msgspec.json.decode(head, type=_Made | _Refused)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFile("the image cannot be read") from error
    if isinstance(told, _Refused):
        log.info('action="image refused" code=%s error=%r', told.code, told.error)
        raise refused(Refusal(told.code, told.message))
    parts = []
    for length in told.lengths:
        parts.append(blobs[:length])
        blobs = blobs[length:]
    thumbnails = dict(zip(limits.THUMBNAIL_PX, parts[1:], strict=True))
    return Remade(parts[0], told.media_type, told.width, told.height, thumbnails)
