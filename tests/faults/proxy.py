"""The ways between servers, so that they can be cut: TCP proxies in a process of its own.

    python -m tests.faults.proxy <port>=<host:port | path of a Unix socket> …

Each line on standard input, `<port> <mode>`, changes one way and is answered by `ok`:

pass        bytes go through
drop        nothing goes through and nobody is told; as with TCP, what was sent meanwhile arrives when it passes again
reset       what is open is reset, and so is what comes
delay <s>   bytes take so much longer
"""

import asyncio
import contextlib
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

SOURCE = Path(__file__).parents[2]
CHUNK_BYTES = 64 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Mode = Literal["pass", "drop", "reset"]


class Way:
    """One listening port and where it leads."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._delay_s = 0.0
        self._is_reset = False
        self._passes = asyncio.Event()
        self._passes.set()
        self._open: set[asyncio.StreamWriter] = set()

    def turn(self, mode: str, delay_s: float = 0.0) -> None:
        """From now on: `pass`, `drop`, `reset` or `delay`."""
        self._delay_s = delay_s
        self._is_reset = mode == "reset"
        if mode == "drop":
            self._passes.clear()
        else:
            self._passes.set()
        if self._is_reset:
            for writer in self._open:
                _reset(writer)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody came."""
        self._open.add(writer)
        try:
            await self._passes.wait()
            if self._is_reset:
                return _reset(writer)
            there, back = await self._reach()
            self._open.add(back)
            try:
                await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
            finally:
                self._open.discard(back)
                back.transport.abort()
        except OSError:
            _reset(writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, colon, port = self._target.rpartition(":")
        if not colon:
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection(host, int(port))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until its end, which the other side gets as well. While it drops, the kernel keeps what was sent."""
        while chunk := await reader.read(CHUNK_BYTES):
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            await self._passes.wait()
            writer.write(chunk)
            await writer.drain()
        await self._passes.wait()
        writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock.family != socket.AF_UNIX:
        with contextlib.suppress(OSError):  # closed meanwhile
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()


async def serve(places: Sequence[str]) -> None:
    """Until the end of standard input."""
    ways: dict[str, Way] = {}
    for place in places:
        port, _, target = place.partition("=")
        ways[port] = Way(target)
        await asyncio.start_server(ways[port].connected, "127.0.0.1", int(port), limit=CHUNK_BYTES)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    _say_ok()
    while line := (await commands.readline()).decode():
        port, mode, *delay = line.split()
        ways[port].turn(mode, *map(float, delay))
        _say_ok()


def _say_ok() -> None:
    sys.stdout.write("ok\n")
    sys.stdout.flush()


class Proxy:
    """The process, for who owns it; it ends with its owner. `ways`: each port, and the address it leads to."""

    def __init__(self, ways: dict[int, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.proxy", *(f"{port}={target}" for port, target in ways.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=SOURCE,
            start_new_session=True,
        )
        self._expect_ok()

    def turn(self, port: int, mode: Mode) -> None:
        self._command(f"{port} {mode}")

    def delay(self, port: int, seconds: float) -> None:
        self._command(f"{port} delay {seconds}")

    def close(self) -> None:
        self._process.communicate(timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _command(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        self._expect_ok()

    def _expect_ok(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ok\n", "the proxy gave up"


async def _main() -> None:
    await serve(sys.argv[1:])
    os._exit(0)  # whoever talks through it is cut off, without a word about each


if __name__ == "__main__":
    asyncio.run(_main())
