"""What the proxy does to a way: a real one in between, and whoever answers behind it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.faults.proxy import Proxy
from tests.servers.postgres import _free_port

Connected = tuple[asyncio.StreamReader, asyncio.StreamWriter]
QUIET_S = 0.2


class Scene:
    """An echo behind a way."""

    def __init__(self, proxy: Proxy, port: int) -> None:
        self.proxy = proxy
        self.port = port
        self.writers: list[asyncio.StreamWriter] = []

    async def connected(self) -> Connected:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        return reader, writer


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(1000):
                writer.write(chunk)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = _free_port()
    with Proxy({port: f"127.0.0.1:{server.sockets[0].getsockname()[1]}"}) as proxy:
        scene = Scene(proxy, port)
        try:
            yield scene
        finally:
            proxy.turn(port, "pass")
            for writer in scene.writers:
                writer.transport.abort()
    server.close()
    await server.wait_closed()


async def answered(connected: Connected, text: bytes) -> bytes:
    reader, writer = connected
    writer.write(text)
    return await asyncio.wait_for(reader.readexactly(len(text)), 5)


async def test_it_passes_both_ways_and_the_end(scene: Scene) -> None:
    reader, writer = connected = await scene.connected()
    assert await answered(connected, b"hello") == b"hello"
    writer.write_eof()
    assert await reader.read() == b""


async def test_what_was_sent_while_it_dropped_arrives_later_and_in_order(scene: Scene) -> None:
    reader, writer = connected = await scene.connected()
    await answered(connected, b"before")
    scene.proxy.turn(scene.port, "drop")
    writer.write(b"mean")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), QUIET_S)
    writer.write(b"while")
    scene.proxy.turn(scene.port, "pass")
    assert await asyncio.wait_for(reader.readexactly(9), 5) == b"meanwhile"


async def test_who_comes_while_it_drops_hears_nothing_until_it_passes(scene: Scene) -> None:
    scene.proxy.turn(scene.port, "drop")
    reader, writer = await scene.connected()
    writer.write(b"hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), QUIET_S)
    scene.proxy.turn(scene.port, "pass")
    assert await asyncio.wait_for(reader.readexactly(5), 5) == b"hello"


async def test_reset_ends_what_is_open_and_what_comes(scene: Scene) -> None:
    reader, _ = connected = await scene.connected()
    await answered(connected, b"before")
    scene.proxy.turn(scene.port, "reset")
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(1), 5)
    with pytest.raises(ConnectionResetError):
        await answered(await scene.connected(), b"during")
    scene.proxy.turn(scene.port, "pass")
    assert await answered(await scene.connected(), b"after") == b"after"


async def test_it_delays(scene: Scene) -> None:
    connected = await scene.connected()
    scene.proxy.delay(scene.port, 0.1)
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert await answered(connected, b"hello") == b"hello"
    assert loop.time() - started >= 0.2
