"""The whole server in this process, on SQLite, and bare WebSockets that may break every rule of the protocol."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp.test_utils import TestServer

from meetserver.bootstrap import Server, open_server
from meetserver.client import Api, JoinOffer
from meetserver.config import Config
from meetserver.http.websocket import SUBPROTOCOL
from tests.servers import migrated

PASSWORD = "correct horse battery staple"

postgres_database = migrated.postgres_database
postgres_url = migrated.postgres_url
sqlite_file = migrated.sqlite_file
sqlite_url = migrated.sqlite_url


class Socket:
    """One client's end. `closed_with` is (code, reason) once the server has closed it."""

    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw
        self.closed_with: tuple[int | None, str] | None = None

    async def say(self, **frame: Any) -> None:
        await self.raw.send_str(msgspec.json.encode(frame).decode())

    async def hear(self) -> dict[str, Any]:
        """The next frame; a close fails the test."""
        message = await self.raw.receive(timeout=30)
        assert message.type is aiohttp.WSMsgType.TEXT, (message.type, self.raw.close_code, message.extra)
        frame: dict[str, Any] = msgspec.json.decode(message.data)
        return frame

    async def hear_type(self, type_: str) -> dict[str, Any]:
        while (frame := await self.hear()).get("type") != type_:
            pass
        return frame

    async def reply(self, command_id: int | str | None) -> dict[str, Any]:
        while "re" not in (frame := await self.hear()) or frame["re"] != command_id:
            pass
        return frame

    async def end(self) -> tuple[int | None, str]:
        """Read until the server closes: (code, reason)."""
        while True:
            message = await self.raw.receive(timeout=30)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data, message.extra or ""
            if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR):
                return self.raw.close_code, ""


class Meeting:
    """A meeting on the server under test, and ways into its room."""

    def __init__(self, server: Server, base: TestServer, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.base = base
        self.http = http
        self.host = Api(str(base.make_url("")), http=http)
        self.guest = Api(str(base.make_url("")), http=http)
        self.id = ""
        self._sockets: list[Socket] = []
        """Kept, as one that nobody holds any more complains that it was not closed."""

    async def begin(self) -> None:
        email = f"host-{secrets.token_hex(4)}@example.org"
        await self.host.register(email, PASSWORD, "Ann")
        await self.host.login(email, PASSWORD)
        self.id = (await self.host.create_meeting("Weekly")).id

    async def offer(self, *, as_host: bool = False) -> JoinOffer:
        return await (self.host.join(self.id) if as_host else self.guest.join(self.id, name="Bo"))

    @property
    def room(self) -> str:
        (room,) = self.server.router.room_ids
        return room

    async def connect(self, room: str, **options: Any) -> Socket:
        options.setdefault("protocols", (SUBPROTOCOL,))
        url = self.base.make_url(f"/ws/v1/rooms/{room}")
        socket = Socket(await self.http.ws_connect(url, autoping=False, autoclose=False, **options))
        self._sockets.append(socket)
        return socket

    async def welcomed(self, room: str, **options: Any) -> Socket:
        socket = await self.connect(room, **options)
        assert (await socket.hear())["type"] == "welcome"
        return socket

    async def enter(self, *, as_host: bool = False) -> tuple[Socket, dict[str, Any]]:
        """A socket in the room, and the ok of its hello."""
        offer = await self.offer(as_host=as_host)
        socket = await self.welcomed(offer.room_id)
        await socket.say(id=1, type="hello", data={"ticket": offer.ticket})
        return socket, (await socket.hear())["ok"]


@pytest.fixture
def config(sqlite_url: str, tmp_path: Path) -> Config:
    return Config(database_url=sqlite_url, data_dir=str(tmp_path), require_verified_email=False, bcrypt_cost=4)


@pytest.fixture
async def meeting(config: Config) -> AsyncIterator[Meeting]:
    async with open_server(config) as server, aiohttp.ClientSession() as http:
        base = TestServer(server.app)
        # Clients here do not answer a close by themselves; there is nothing to wait for.
        await base.start_server(shutdown_timeout=0.1)
        meeting = Meeting(server, base, http)
        await meeting.begin()
        yield meeting
        await server.router.drain()
        await base.close()
