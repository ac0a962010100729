"""A file's bytes as an answer: ranges, conditions (RFC 9110, 13 and 14), and headers that let no browser run it."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import web

from meetserver.errors import MeetError
from meetserver.files.kinds import kind_of_type
from meetserver.files.names import content_disposition
from meetserver.files.service import Files
from meetserver.files.store import File

log = logging.getLogger(__name__)

SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; media-src 'self'"


async def answer_with(request: web.Request, file: File, files: Files) -> web.StreamResponse:
    """Streamed as the client takes it; what fails after the head can only end the connection."""
    kind = kind_of_type(file.media_type)
    headers = {
        "ETag": f'"{file.content_id}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600, immutable",
        "Content-Type": kind.served_as,
        "Content-Disposition": content_disposition(file.name, is_inline=kind.is_inline),
        "Content-Security-Policy": SANDBOX,
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    start, end, status = _range(request, file.size_bytes, headers["ETag"])
    if status == 416:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{file.size_bytes}"})
    if status == 206:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size_bytes}"
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = end - start
    async with aclosing(files.read(file, start, end)) as chunks:
        first = await anext(chunks, b"")  # what does not work at all is refused
        await response.prepare(request)
        await _pour(request, response, file, first, chunks)
    return response


async def thumbnail_of(request: web.Request, file: File, files: Files, px: int) -> web.Response:
    data, known_as = await files.thumbnail(file, px)
    headers = {
        "ETag": f'"{known_as}"',
        "Cache-Control": "private, max-age=3600, immutable",
        "Content-Type": "image/webp",
        "Content-Security-Policy": SANDBOX,
    }
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    return web.Response(body=data, headers=headers)


def _range(request: web.Request, size: int, etag: str) -> tuple[int, int, int]:
    """From, up to, and the status. Several ranges at once, and what is no range, are answered with all (RFC 9110,
    14.2)."""
    condition = request.headers.get("If-Range")
    if "Range" not in request.headers or (condition is not None and condition != etag):
        return 0, size, 200
    try:
        asked = request.http_range
    except ValueError:
        return 0, size, 200
    is_of_end = "=-" in request.headers["Range"]  # its last bytes, of which there may be none
    start, end, _ = slice(asked.start or size if is_of_end else asked.start, asked.stop).indices(size)
    return (start, end, 206) if start < end else (0, 0, 416)


async def _pour(
    request: web.Request, response: web.StreamResponse, file: File, chunk: bytes, more: AsyncIterator[bytes]
) -> None:
    """Where it breaks off, so does the connection: the client sees that it has not all."""
    try:
        while chunk:
            await response.write(chunk)
            chunk = await anext(more, b"")
        await response.write_eof()
    except MeetError as error:
        log.error("action=file_broken file=%s error=%s", file.id, error)
        if request.transport is not None:
            request.transport.abort()
