"""Forms with a file, read as they come (RFC 7578). Not by aiohttp's reader: it refuses names with two semicolons."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import ClientError, web
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from meetserver import limits
from meetserver.errors import BadMessage, TooLarge
from meetserver.http.errors import BodyLate, MediaTypeRefused

READ_BYTES = 256 * 1024


class FileForm:
    """The form of a request whose first field is the file. `name` and `media_type` are as they were sent."""

    def __init__(self, request: web.Request) -> None:
        kind, options = parse_options_header(request.headers.get("Content-Type", ""))
        if kind != "multipart/form-data":
            raise MediaTypeRefused("the body must be multipart/form-data with a field `file`")
        if not options.get("boundary"):
            raise BadMessage("the Content-Type says no boundary")
        self._content = request.content
        self._parser = PushMultipartParser(
            options["boundary"], max_segment_count=limits.FORM_FIELDS, max_header_size=limits.HEAD_LINE_BYTES
        )
        self._events: list[MultipartSegment | bytes | bytearray | None] = []
        self._beside_bytes = 0
        self.name = self.media_type = ""

    async def begin(self) -> None:
        """Read to the file's first byte. Raises BadMessage where the first field is another, TooLarge, BodyLate."""
        field = await self._next()
        if not isinstance(field, MultipartSegment) or field.name != "file":
            raise BadMessage("the form's first field must be `file`")
        self.name, self.media_type = field.filename or "", field.content_type or ""

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file's bytes; whole, as the form is read to its end. Raises BadMessage where it is broken, TooLarge where
        much more than the file is in it, BodyLate."""
        while (event := await self._next()) is not None:
            if not isinstance(event, MultipartSegment):
                self._beside_bytes -= len(event)
                yield bytes(event)
        while not self._parser.closed:
            self._events.clear()
            await self._read()

    async def _next(self) -> MultipartSegment | bytes | bytearray | None:
        """None: the end of a field, or of the form."""
        while not self._events:
            if self._parser.closed:
                return None
            await self._read()
        return self._events.pop(0)

    async def _read(self) -> None:
        if self._beside_bytes > limits.BODY_BYTES:  # nobody counts that in a quota
            raise TooLarge(f"beside the file a form may have {limits.BODY_BYTES} bytes")
        try:
            async with asyncio.timeout(limits.FILE_IDLE_S):
                data = await self._content.read(READ_BYTES)
            self._beside_bytes += len(data)
            self._events += self._parser.parse(data)
        except TimeoutError:
            raise BodyLate(f"nothing came for {limits.FILE_IDLE_S:g} s") from None
        except (MultipartError, ClientError, ConnectionError) as error:
            raise BadMessage(f"the form cannot be read: {error}"[:300]) from None
        if not data and not self._events and not self._parser.closed:
            raise BadMessage("the form has no end")
