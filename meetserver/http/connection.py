"""A room's socket below the protocol: whole frames written straight to the transport, and an end that always comes.

aiohttp's own frames (pongs, the close) mix safely with ours as each is one synchronous write; after the close has
begun nothing is written any more.
"""

import asyncio

from aiohttp import ClientConnectionError, web

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.close_codes import CLOSE_CODES, FLOOD, NORMAL, REASONS
from meetserver.errors import Refusal
from meetserver.framing import close_frame

_PING_FRAME = b"\x89\x00"


class SocketConnection:
    """Implements `actors.session.Connection`. `seen_at` and `pinged_at` are the loop's times."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport, background: Background) -> None:
        self._socket = socket
        self._transport = transport
        self._background = background
        self._is_closing = False
        self._closed = asyncio.Event()
        self.seen_at = asyncio.get_running_loop().time()
        self.pinged_at: float | None = None

    def write(self, frames: bytes) -> None:
        if not self._is_closing and not self._transport.is_closing():
            self._transport.write(frames)

    def unsent_bytes(self) -> int:
        return self._transport.get_write_buffer_size()

    def ping(self, now: float) -> None:
        self.pinged_at = now
        self.write(_PING_FRAME)

    def seen(self, now: float) -> None:
        self.seen_at = now
        self.pinged_at = None

    def close(self, refusal: Refusal | None, *, code: int | None = None) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        if code is None:
            code = NORMAL if refusal is None else CLOSE_CODES[refusal.code]
        reason = refusal.code if refusal is not None else REASONS.get(code, "")
        self._background.start(self._cut(code, reason) if code == FLOOD else self._close(code, reason))

    async def _cut(self, code: int, reason: str) -> None:
        """Close without reading on: a proper close would wade through all that a flooder has sent."""
        if not self._transport.is_closing():
            self._transport.pause_reading()
            self._transport.write(close_frame(code, reason))
            await asyncio.sleep(limits.CUT_S)
        self.abort()

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(limits.ABORT_AFTER_CLOSE_S):
                await self._socket.close(code=code, message=reason.encode())
        except (TimeoutError, ClientConnectionError):
            self.abort()
        finally:
            self._closed.set()

    async def finish(self) -> None:
        """Let a close that has begun come to its end: a handler that returns earlier would close by 1000 instead."""
        if self._is_closing and not self._transport.is_closing():
            await self._closed.wait()

    def abort(self) -> None:
        self._is_closing = True
        self._transport.abort()
        self._closed.set()
