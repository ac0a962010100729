"""One WebSocket, from its welcome to its end: frames in and out, no idea of rooms."""

import asyncio
import contextlib
import socket
from typing import Self

import aiohttp

from meetserver import limits
from meetserver.client.backoff import ABNORMAL
from meetserver.client.errors import ApiError, ClientError, ProtocolViolation
from meetserver.client.frames import Incoming, Welcome, decode_data, decode_frame

SUBPROTOCOL = "meet.v1.json"
OPEN_TIMEOUT_S = 10.0
FRAME_BYTES = 2 * limits.SNAPSHOT_BYTES
"""Largest frame taken from the server."""
_RETRY_STATUSES = (429, 500, 502, 503, 504)


class Disconnected(ClientError):
    """The socket is gone; `code` is 1006 when no close frame said why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class Connection:
    """An open socket that has been welcomed."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, silence_s: float) -> None:
        self._ws = ws
        self._silence_s = silence_s
        self.welcome = Welcome(SUBPROTOCOL)

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, url: str, silence_s: float | None = None) -> Self:
        """Connect and take the welcome.

        `silence_s`: cut when nothing, not even a ping, comes for so long; by default what the server's pings allow.
        Raises Disconnected, ApiError (the upgrade was refused) and ProtocolViolation.
        """
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                ws = await http.ws_connect(url, protocols=[SUBPROTOCOL], max_msg_size=FRAME_BYTES)
        except aiohttp.WSServerHandshakeError as error:
            if error.status in _RETRY_STATUSES:
                raise Disconnected(ABNORMAL, f"HTTP {error.status}") from error
            raise ApiError(error.status, "upgrade_refused", error.message) from error
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise Disconnected(ABNORMAL, str(error) or type(error).__name__) from error
        connection = cls(ws, OPEN_TIMEOUT_S)
        try:
            await connection._take_welcome(silence_s)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _take_welcome(self, silence_s: float | None) -> None:
        if self._ws.protocol != SUBPROTOCOL:
            raise ProtocolViolation(f"the server does not speak {SUBPROTOCOL}")
        frame = await self.receive()
        if frame.type != "welcome":
            raise ProtocolViolation("the first frame was no welcome")
        self.welcome = decode_data(frame.data, Welcome)
        ping_s = self.welcome.limits.get("ping_s", limits.PING_S)
        self._silence_s = silence_s if silence_s is not None else ping_s + limits.PONG_TIMEOUT_S

    async def send(self, frame: bytes) -> None:
        """Write one text frame; waits while the server does not read. Raises Disconnected."""
        await self.send_text(frame.decode())

    async def send_text(self, text: str) -> None:
        """As `send`, of whatever text. Raises Disconnected."""
        try:
            await self._ws.send_str(text)
        except (aiohttp.ClientError, OSError) as error:
            raise Disconnected(ABNORMAL, str(error)) from error

    async def receive(self) -> Incoming:
        """The next frame. Raises Disconnected and ProtocolViolation."""
        try:
            message = await self._ws.receive(timeout=self._silence_s)
        except TimeoutError:
            self.cut()
            raise Disconnected(ABNORMAL, f"silent for {self._silence_s:g} s") from None
        if message.type is aiohttp.WSMsgType.TEXT:
            return decode_frame(message.data)
        if message.type is aiohttp.WSMsgType.CLOSE:
            raise Disconnected(message.data, message.extra or "")
        if message.type is aiohttp.WSMsgType.BINARY:
            raise ProtocolViolation("a binary frame")
        # aiohttp says 1000 also when the peer just vanished, so only a close frame's own code counts.
        raise Disconnected(ABNORMAL, "the connection ended")

    def cut(self) -> None:
        """End the TCP connection at once, with no close frame, as a failing network does."""
        its = self._ws.get_extra_info("socket")
        if its is not None:
            # A socket of our own for the same connection: what uvloop hands out cannot shut it down.
            with contextlib.suppress(OSError), socket.fromfd(its.fileno(), its.family, its.type) as own:
                own.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Close in order; never raises."""
        with contextlib.suppress(aiohttp.ClientError, OSError):
            await self._ws.close()
