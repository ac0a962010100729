"""Viruses looked for by clamd, over its socket (clamd(8), INSTREAM): a file is streamed to it, never whole here."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from meetserver import limits
from meetserver.config import Config
from meetserver.errors import ConfigError, Unavailable
from meetserver.ports import Scanner, Verdict

HOW_TO_SET = "MEET_CLAMD_URL must look like unix:///run/clamav/clamd.ctl or tcp://host:3310"
PORT = 3310
PIECE_BYTES = 64 * 1024
ANSWER_BYTES = 4096
FOUND = " FOUND"
TOO_LONG = "INSTREAM size limit exceeded"
"""More than its StreamMaxLength; it hangs up then, too."""


def open_scanner(config: Config) -> Scanner | None:
    """Raises ConfigError for a URL it cannot use."""
    return Clamd(config.clamd_url) if config.clamd_url else None


class Clamd:
    """A connection for each file: clamd ends a session that is at rest."""

    def __init__(
        self, url: str, *, silence_s: float = limits.SCAN_SILENCE_S, answer_s: float = limits.SCAN_TIMEOUT_S
    ) -> None:
        self._path, self._host, self._port = _parse(url)
        self._silence_s = silence_s
        self._answer_s = answer_s
        self._at_once = asyncio.Semaphore(limits.SCANS_AT_ONCE)

    async def scan(self, chunks: AsyncIterator[bytes]) -> Verdict:
        async with self._at_once:
            try:
                async with asyncio.timeout(limits.SCAN_CONNECT_S):
                    line = await self._connected()
            except (OSError, TimeoutError) as error:
                raise Unavailable("the virus scanner cannot be reached") from error
            with line:
                await self._send(chunks, line)
                return _understood(await self._answer(line))

    async def _connected(self) -> socket.socket:
        if self._path:
            return await _dialled(socket.AF_UNIX, self._path)
        loop, failed = asyncio.get_running_loop(), OSError("its name has no address")
        for family, _, _, _, address in await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM):
            try:
                return await _dialled(family, address)
            except OSError as error:
                failed = error
        raise failed

    async def _send(self, chunks: AsyncIterator[bytes], line: socket.socket) -> None:
        """Until the end, or until it hangs up: then it has had enough, and has said so before."""
        if not await self._took(b"zINSTREAM\0", line):
            return
        async for chunk in chunks:
            for at in range(0, len(chunk), PIECE_BYTES):
                piece = chunk[at : at + PIECE_BYTES]
                if not await self._took(len(piece).to_bytes(4, "big") + piece, line):
                    return
        await self._took(bytes(4), line)

    async def _took(self, data: bytes, line: socket.socket) -> bool:
        try:
            async with asyncio.timeout(self._silence_s):
                await asyncio.get_running_loop().sock_sendall(line, data)
        except TimeoutError as error:
            raise Unavailable("the virus scanner takes no more") from error
        except OSError:
            return False
        return True

    async def _answer(self, line: socket.socket) -> str:
        said = b""
        try:
            async with asyncio.timeout(self._answer_s):
                while not said.endswith(b"\0"):
                    more = await asyncio.get_running_loop().sock_recv(line, ANSWER_BYTES)
                    if not more or len(said) > ANSWER_BYTES:
                        raise Unavailable("the virus scanner breaks off")
                    said += more
        except (OSError, TimeoutError) as error:
            raise Unavailable("the virus scanner does not answer") from error
        return said.decode(errors="replace").rstrip("\0")


async def _dialled(family: int, address: str | tuple[Any, ...]) -> socket.socket:
    """A plain socket, not a stream: that would lose what clamd says before it hangs up on somebody who still sends."""
    line = socket.socket(family)
    line.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(line, address)
    except BaseException:
        line.close()
        raise
    return line


def _understood(said: str) -> Verdict:
    if said.startswith(TOO_LONG):
        return Verdict(is_whole=False)
    if said.endswith(FOUND):
        return Verdict(virus=said.removeprefix("stream: ").removesuffix(FOUND))
    if said != "stream: OK":
        raise Unavailable(f"the virus scanner says {said!r}")
    return Verdict()


def _parse(url: str) -> tuple[str, str, int]:
    """Path of a socket, or host and port."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORT
    except ValueError:
        raise ConfigError(HOW_TO_SET) from None
    if parts.scheme == "unix" and parts.path and not parts.netloc:
        return parts.path, "", 0
    if parts.scheme == "tcp" and parts.hostname:
        return "", parts.hostname, port
    raise ConfigError(HOW_TO_SET)
