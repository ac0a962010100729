"""A small application behind the server's own middlewares, gate and listener; and bare connections to it."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
import uvloop
from aiohttp import web

from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.config import Config, load_config
from meetserver.http.decoding import decode_body
from meetserver.http.gate import Gate
from meetserver.http.middlewares import explain, harden, identify, locate
from meetserver.http.peer import PEER, base_url
from meetserver.http.port import bound_socket
from meetserver.http.services import ORIGIN, SERVICES, Services
from meetserver.http.tls import Certificate
from meetserver.serving import serving

GET = b"GET /healthz HTTP/1.1\r\nHost: meet.example\r\n\r\n"


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a count sets no asyncio.Event
            await asyncio.sleep(0.01)


class Line:
    """A bare connection: what is said goes out as it is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, text: bytes) -> None:
        self.writer.write(text)
        await self.writer.drain()

    async def status(self) -> int:
        """Of the next answer, whose body is read too."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode()
        lengths = [line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
        await self.reader.readexactly(int(lengths[0]) if lengths else 0)
        return int(head.split(" ", 2)[1])

    async def is_cut(self) -> bool:
        """Whether the server ends it within 10 s, without another word."""
        try:
            return await asyncio.wait_for(self.reader.read(1), 10) == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        self.writer.transport.abort()


class Front:
    """A server that listens. `dial` opens a bare connection from `source`, an address of this machine."""

    def __init__(self, port: int, gate: Gate, http: aiohttp.ClientSession) -> None:
        self.port = port
        self.gate = gate
        self.http = http
        self.lines: list[Line] = []

    async def dial(
        self, source: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None, receive_bytes: int | None = None
    ) -> Line:
        """`receive_bytes`: what the machine takes in for it before anybody reads."""
        connection = socket.socket()
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.bind((source, 0))
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
        line = Line(
            *await asyncio.open_connection(sock=connection, ssl=tls, server_hostname="127.0.0.1" if tls else None)
        )
        self.lines.append(line)
        return line

    async def get(self, path: str, **options: object) -> aiohttp.ClientResponse:
        url = f"http://127.0.0.1:{self.port}{path}"
        return await self.http.get(url, allow_redirects=False, **options)  # type: ignore[arg-type]

    def hang_up(self) -> None:
        for line in self.lines:
            line.close()

    async def emptied(self, seats: int = 0) -> None:
        """When no more than so many connections are open."""
        await until(lambda: len(self.gate) <= seats)


MakeFront = Callable[..., Awaitable[Front]]


def small_app(config: Config) -> web.Application:
    async def ok(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def big(request: web.Request) -> web.Response:
        return web.Response(body=bytes(4 * 1024 * 1024))

    async def some(request: web.Request) -> web.Response:
        return web.Response(body=bytes(30_000))

    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("/healthz")

    async def take(request: web.Request) -> web.Response:
        await decode_body(request, cast(Any, SimpleNamespace(body=dict)))
        return web.Response()

    async def who(request: web.Request) -> web.Response:
        peer = request[PEER]
        told = {"address": peer.address, "scheme": peer.scheme, "host": peer.host}
        return web.json_response({**told, "url": base_url(request, config), "origin": request[ORIGIN].address})

    app = web.Application(middlewares=[identify, explain, locate])
    app[SERVICES] = cast(Services, SimpleNamespace(config=config, random=SeededRandom(), keys=PlainSealer()))
    app.on_response_prepare.append(harden)
    app.add_routes([web.get("/healthz", ok), web.get("/big", big), web.get("/some", some), web.get("/away", away)])
    app.add_routes([web.post("/take", take), web.get("/who", who), web.get("/api/v1/who", who)])
    return app


@pytest.fixture
async def make_front() -> AsyncIterator[MakeFront]:
    """`await make_front(proxy_protocol=True, …)`: a server with these settings."""
    async with AsyncExitStack() as stack:

        async def make(**settings: object) -> Front:
            config = load_config({}, **{"port": 0} | settings)
            certificate = Certificate(Path(config.tls_cert), Path(config.tls_key)) if config.tls_cert else None
            listening = stack.enter_context(bound_socket(config))
            listener = await stack.enter_async_context(serving(config, small_app(config), listening, certificate))
            http = await stack.enter_async_context(aiohttp.ClientSession())
            front = Front(listening.getsockname()[1], listener.gate, http)
            stack.callback(front.hang_up)
            return front

        yield make


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The server runs on both."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
