"""The core Autobahn cases (RFC 6455) against the room's own socket, with an echo in place of the room."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import WSMsgType, web
from kosoku import FailureError, run_fuzzingclient

from meetserver.actors.background import Background
from meetserver.framing import text_frame
from meetserver.http.connection import SocketConnection
from meetserver.http.websocket import make_socket

CORE = ["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "10.*"]
"""Not here: 9.* sends megabytes, which the room's socket refuses; 12.* and 13.* are compression, which it lacks."""
CASES = 247

KNOWN = {"7.9.5"}
"""A close frame with code 1006, which must not be sent (RFC 6455, 7.4.1). aiohttp's reader lets through every code that
its own enum has, and that has 1006 for its own use; so it answers with 1000 where the case wants 1002. No harm is done:
the connection ends either way, and what the code says is used for nothing here."""


async def echo(request: web.Request) -> web.WebSocketResponse:
    """As meetserver.http.websocket reads and writes: no automatic pongs, text frames made by us and written raw."""
    socket = make_socket()
    await socket.prepare(request)
    assert request.transport is not None
    connection = SocketConnection(socket, request.transport, request.app[BACKGROUND])
    async for message in socket:
        match message.type:
            case WSMsgType.TEXT:
                connection.write(text_frame(message.data.encode()))
            case WSMsgType.BINARY:
                await socket.send_bytes(message.data)
            case WSMsgType.PING:
                await socket.pong(message.data)
            case _:
                pass
    return socket


BACKGROUND = web.AppKey("background", Background)


@contextlib.asynccontextmanager
async def echo_server() -> AsyncIterator[str]:
    background = Background()
    app = web.Application()
    app[BACKGROUND] = background
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
        await background.close()


async def failed_of(url: str, cases: list[str], count: int) -> dict[str, str]:
    try:
        results = await run_fuzzingclient(url, cases=cases, concurrency=4)
    except FailureError as failure:
        results = failure.results
    assert len(results) == count
    return {result.case_id: result.result for result in results if not result.passed}


async def test_core_cases() -> None:
    async with echo_server() as url, asyncio.timeout(100):
        failed = await failed_of(url, CORE, CASES)
        # Cases wait for an answer only so long, and the machine may have stood still: what fails does so twice.
        if unexpected := sorted(failed.keys() - KNOWN):
            failed = await failed_of(url, sorted(KNOWN | {*unexpected}), len(KNOWN | {*unexpected}))
    if failed.keys() != KNOWN:
        pytest.fail(f"failed: {failed}; known: {KNOWN}")
