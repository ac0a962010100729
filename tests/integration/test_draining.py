"""SIGTERM while people are in a room."""

import asyncio
import contextlib
import signal
from contextlib import AsyncExitStack

import aiohttp
import pytest

from meetserver.client import Api
from meetserver.client.connection import Connection, Disconnected
from meetserver.client.hello import say_hello
from meetserver.rooms.frames import Hello
from tests.servers.meetserver import MeetServer

PEOPLE = 60
"""They go at 100 a second: time enough to knock meanwhile."""
PASSWORD = "correct horse battery staple"


async def test_a_server_that_drains_refuses_connections_while_people_are_still_inside() -> None:
    with MeetServer(settings={"MEET_RATE_FACTOR": "0"}) as server:
        async with aiohttp.ClientSession() as http, AsyncExitStack() as stack:
            host, guest = Api(server.base_url, http=http), Api(server.base_url, http=http)
            await host.register("host@example.org", PASSWORD, "Host")
            await host.login("host@example.org", PASSWORD)
            meeting = await host.create_meeting("Weekly")
            inside = []
            for number in range(PEOPLE):
                offer = await guest.join(meeting.id, name=f"Guest {number}")
                connection = await Connection.open(http, offer.ws_url)
                stack.push_async_callback(connection.close)
                await say_hello(connection, 1, Hello(ticket=offer.ticket))
                inside.append(asyncio.create_task(_stay(connection)))
            server.signal(signal.SIGTERM)
            with pytest.raises(aiohttp.ClientConnectorError):
                await _knock(server)
            assert not all(person.done() for person in inside)
            await asyncio.wait(inside)


async def _stay(connection: Connection) -> None:
    with contextlib.suppress(Disconnected):
        while True:
            await connection.receive()


async def _knock(server: MeetServer) -> None:
    """Until it is refused, on a connection of its own each time."""
    async with asyncio.timeout(30), aiohttp.ClientSession() as http:
        while True:
            async with http.get(f"{server.base_url}/healthz", headers={"Connection": "close"}):
                pass
