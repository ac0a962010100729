"""Members go on, and newcomers get in, while others hold all the connections they can get."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import aiohttp
import psutil
import pytest

from meetserver.chat.messages import Send
from meetserver.client import Api, RoomClient
from tests.servers.attackers import SETTINGS, SOURCE
from tests.servers.meetserver import SOURCE as FOLDER
from tests.servers.meetserver import MeetServer

PASSWORD = "correct horse battery staple"
MOST = 60
ATTACKERS = 200
ANSWER_S = 10.0


@pytest.fixture(scope="module")
def server() -> Iterator[MeetServer]:
    """With room for fewer connections than the attackers want."""
    settings = {**SETTINGS, "MEET_MAX_CONNECTIONS": str(MOST), "MEET_MAX_CONNECTIONS_PER_ADDRESS": "20"}
    with MeetServer(settings=settings) as server:
        yield server


@contextlib.asynccontextmanager
async def attackers(kind: str, port: int, addresses: int) -> AsyncIterator[None]:
    words = [kind, *map(str, (port, ATTACKERS, addresses))]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.servers.attackers", *words, cwd=FOLDER)
    try:
        yield
        assert process.returncode is None
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize(
    ("kind", "addresses", "held"),
    [("slowloris", 1, 20), ("slowloris", 1000, MOST - 10), ("silent", 1000, MOST - 10)],
)
async def test_members_go_on_and_newcomers_get_in(server: MeetServer, kind: str, addresses: int, held: int) -> None:
    port = urlsplit(server.base_url).port
    assert port is not None
    async with aiohttp.ClientSession() as http:
        host = Api(server.base_url, http=http)
        email = f"{kind}-{addresses}@example.org"
        await host.register(email, PASSWORD, "Ann")
        await host.login(email, PASSWORD)
        meeting = await host.create_meeting("Weekly")
        async with (
            RoomClient.join(await host.join(meeting.id), http=http) as ann,
            attackers(kind, port, addresses),
        ):
            await _hold(port, held)
            for number in range(5):
                await ann.send(Send(text="still here"), timeout_s=ANSWER_S)
                async with aiohttp.ClientSession() as fresh:
                    guest = Api(server.base_url, http=fresh)
                    offer = await asyncio.wait_for(guest.join(meeting.id, name=f"Bo {number}"), ANSWER_S)
                    async with RoomClient.join(offer, http=fresh) as bo:
                        await bo.send(Send(text="came in"), timeout_s=ANSWER_S)
            assert len(_connections(port)) <= MOST + 1


async def _hold(port: int, many: int) -> None:
    """When the attackers hold so many connections."""
    async with asyncio.timeout(20):
        while _connections(port).count(SOURCE) < many:  # noqa: ASYNC110 - another process sets no asyncio.Event
            await asyncio.sleep(0.05)


def _connections(port: int) -> list[str]:
    """Whom the server is connected to, by their address."""
    all_ = [one for one in psutil.net_connections("tcp") if one.status == "ESTABLISHED"]
    return [one.raddr.ip for one in all_ if one.laddr and one.laddr.port == port and one.raddr]
