"""A server that plays a script to each connection, to show a client what a real one rarely does."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from aiohttp import WSMsgType, web

SUBPROTOCOL = "meet.v1.json"
LIMITS = {"frame_bytes": 65536, "hello_timeout_s": 10, "ping_s": 25, "send_queue_bytes": 65536}

Script = Callable[["Peer"], Awaitable[None]]


class Peer:
    """The server's end of one connection."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self._request = request
        self._ws = ws

    async def say(self, frame: Any) -> None:
        await self._ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def welcome(self, **limits: float) -> None:
        data = {"protocol": SUBPROTOCOL, "server": "scripted", "shard": "s1", "features": [], "limits": LIMITS | limits}
        await self.say({"type": "welcome", "data": data})

    async def command(self, expected: str) -> Any:
        """The next frame of the client, which must be of this type."""
        message = await self._ws.receive(timeout=5)
        assert message.type is WSMsgType.TEXT, message
        frame = json.loads(message.data)
        assert frame["type"] == expected, frame
        return frame

    async def let_in(self, **changes: Any) -> Any:
        """Welcome, and a good answer to the hello, which is returned."""
        await self.welcome()
        hello = await self.command("hello")
        await self.ok(hello, **(hello_ok() | changes))
        return hello

    async def ok(self, command: Any, **ok: Any) -> None:
        await self.say({"re": command["id"], "ok": ok})

    async def refuse(self, command: Any, code: str, **more: Any) -> None:
        await self.say({"re": command["id"], "error": {"code": code, "message": "no", "temporary": False} | more})

    async def chat(self, seq: int, text: str, epoch: int = 1) -> None:
        await self.say(chat_sent(seq, text, epoch))

    async def close(self, code: int, reason: str = "") -> None:
        await self._ws.close(code=code, message=reason.encode())

    def cut(self) -> None:
        """End the connection with no close frame."""
        transport = self._request.transport
        assert transport is not None
        transport.abort()

    async def bye(self) -> None:
        """Let the client go."""
        await self.ok(await self.command("bye"))
        await self.close(1000)

    async def until_gone(self) -> None:
        """Take whatever comes until the client is gone."""
        while not self._ws.closed:
            await self._ws.receive()


def hello_ok(**changes: Any) -> dict[str, Any]:
    ok = {
        "session": "s-ann",
        "participant": "p-ann",
        "resume_token": "token-1",
        "role": "host",
        "state": "joined",
        "epoch": 1,
        "seq": 10,
        "recovered": False,
        "snapshot": {"messages": []},
    }
    return ok | changes


def chat_sent(seq: int, text: str, epoch: int = 1) -> dict[str, Any]:
    data = {"message_id": f"m{seq}", "name": "Bob", "text": text}
    at = f"2026-11-22T21:24:00.{seq:03d}Z"
    return {"type": "chat.sent", "epoch": epoch, "seq": seq, "at": at, "by": "p-bob", "data": data}


class ScriptedServer:
    """Plays `scripts`, one per connection, in order; what goes wrong in one is kept for the test in `errors`."""

    def __init__(self, scripts: Iterable[Script]) -> None:
        self._scripts = iter(scripts)
        self.errors: list[BaseException] = []
        self.played = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        script = next(self._scripts, None)
        if script is None:
            return web.Response(status=503)
        ws = web.WebSocketResponse(protocols=[SUBPROTOCOL])
        await ws.prepare(request)
        try:
            await script(Peer(request, ws))
        except (Exception, asyncio.CancelledError) as error:
            self.errors.append(error)
            raise
        finally:
            self.played += 1
        return ws


@contextlib.asynccontextmanager
async def scripted_server(*scripts: Script) -> AsyncIterator[ScriptedServer]:
    server = ScriptedServer(scripts)
    app = web.Application()
    app.router.add_get("/ws/v1/rooms/r1", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"ws://127.0.0.1:{port}/ws/v1/rooms/r1"
    try:
        yield server
    finally:
        await runner.cleanup()
    for error in server.errors:
        raise error
