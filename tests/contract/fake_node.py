"""A node of a Redis Cluster that says what a test wants to hear, which real ones say for moments only."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class FakeNode:
    """Answers all commands with OK, but those of sharded pub/sub with `answer()`."""

    def __init__(self, answer: Callable[[], str]) -> None:
        self.asked: list[list[bytes]] = []
        """Those commands."""
        self.port = 0
        self._answer = answer
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def count(self, command: bytes) -> int:
        return sum(words[0] == command for words in self.asked)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeNode"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)
            await server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.ensure_future(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readline():
                words = [await _word(reader) for _ in range(int(head[1:]))]
                if words[0] in {b"SPUBLISH", b"SSUBSCRIBE"}:
                    self.asked.append(words)
                    writer.write(f"{self._answer()}\r\n".encode())
                else:
                    writer.write(b"-ERR no cluster\r\n" if words[0] == b"CLUSTER" else b"+OK\r\n")
        finally:
            writer.transport.abort()


async def _word(reader: asyncio.StreamReader) -> bytes:
    length = int((await reader.readline())[1:])
    return (await reader.readexactly(length + 2))[:-2]
