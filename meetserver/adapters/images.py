"""Images made anew by Pillow, each in a process of its own (image_worker.py).

Decoders are where hostile images strike. A process for one image costs 0.1 s of CPU time and takes with it whatever
has happened in there: memory, hangs, crashes, and anything that it was made to believe about the next image.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from meetserver import limits
from meetserver.errors import BadFile, Busy, Refusal, TooLarge, Unavailable, refused
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
READ_BYTES = 256 * 1024
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
"""Instead of the server's, which has its secrets in it."""
OUTSIDE_CAUSES = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
"""Whoever ended the worker so, it was not the image."""


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
        self._timeout_s = timeout_s
        self._limits = msgspec.json.encode(LIMITS | overrides).decode()
        self._at_work = asyncio.Semaphore(limits.IMAGES_AT_ONCE)
        self._waiting = 0

    async def remake(self, source: bytes) -> Remade:
        checked_size(source)
        if self._waiting >= limits.IMAGES_WAITING:
            raise Busy("too many images are waiting", retry_after_s=limits.SHED_RETRY_S)
        self._waiting += 1
        try:
            await self._at_work.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._remade(source)
        finally:
            self._at_work.release()

    async def _remade(self, source: bytes) -> Remade:
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            WORKER,
            self._limits,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await _told(worker, source)
                code = await worker.wait()
        except TimeoutError:
            raise Unavailable("the image takes too long") from None
        finally:
            await _end(worker)
        if code:
            log.warning('action="image worker died" code=%d bytes=%d', code, len(source))
            raise _why(code)
        return _opened(answer)


def checked_size(source: bytes) -> None:
    if len(source) > limits.IMAGE_BYTES:
        raise TooLarge(f"an image may have {limits.IMAGE_BYTES} bytes")


async def _told(worker: Process, source: bytes) -> bytes:
    """What it answers. It reads to the end before it says anything, unless it dies."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    with contextlib.suppress(ConnectionError):
        worker.stdin.write(source)
        await worker.stdin.drain()
    worker.stdin.close()
    answer = bytearray()
    while chunk := await worker.stdout.read(READ_BYTES):
        answer += chunk
        if len(answer) > ANSWER_BYTES:
            raise TooLarge("made anew the image is too large")
    return bytes(answer)


async def _end(worker: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()


def _why(code: int) -> BadFile | TooLarge | Unavailable:
    if code in OUTSIDE_CAUSES:
        return Unavailable("the image was not made anew")
    if code == -signal.SIGXCPU:
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
