"""Parts of a room's state that were too large for its socket: made, compressed and sent a piece at a time.

So neither their size nor a client that reads slowly costs memory, or holds up the loop.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import chain
from typing import Final

from aiohttp import web
from isal import isal_zlib

from meetserver.http.past import state_at
from meetserver.http.readers import Reader
from meetserver.http.registry import AnyCall
from meetserver.ports import Pieces
from meetserver.rooms.views import Part, part_pieces
from meetserver.turns import paced

_GZIP: Final = 31
_LEVEL: Final = 1
"""Of 0 to 3: as fast as 0, and smaller; 2 saves nothing more, as coordinates hardly repeat."""


async def answer_with_part(call: AnyCall, reader: Reader, part: Part, at: str | None) -> web.StreamResponse:
    """From the room itself, where it is awake here: it has what its log would have to be read for."""
    found = await call.services.rooms.part(reader.meeting.room_id, part) if at is None else None
    if found is None:
        state = await state_at(call.services.history, reader.meeting, at)
        found = Pieces(state.seq, part_pieces(state, part))
    # A part depends on the log alone, so its seq says whether it is the same one.
    headers = {
        "ETag": f'"{part}-{found.seq}"',
        "Cache-Control": "private, no-cache",
        "Content-Type": "application/json",
    }
    if headers["ETag"] in call.request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    pieces = paced(chain([b'{"seq":%d,"snapshot":' % found.seq], found.pieces, [b"}"]))
    if "gzip" in call.request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        pieces = _compressed(pieces)
    response = web.StreamResponse(headers=headers)
    await response.prepare(call.request)
    async with aclosing(pieces):
        async for piece in pieces:
            await response.write(piece)
    await response.write_eof()
    return response


async def _compressed(pieces: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """In a thread, while the next piece is made."""
    loop, packer = asyncio.get_running_loop(), isal_zlib.compressobj(_LEVEL, wbits=_GZIP)
    under_way: asyncio.Future[bytes] | None = None
    async with aclosing(pieces):
        async for piece in pieces:
            ready = b"" if under_way is None else await under_way
            under_way = loop.run_in_executor(None, packer.compress, piece)
            if ready:
                yield ready
    yield (b"" if under_way is None else await under_way) + packer.flush()
