"""Who floods a room: a process of its own, so that it does not disturb who measures.

    python -m tests.faults.matrix.flooder <base URL> <meeting> <commands a second> <ports>

It goes to any of the ports, as a guest, and says things without waiting for replies; cut off, it comes again.
"""

import asyncio
import contextlib
import itertools
import random
import secrets
import sys
from typing import NoReturn

import aiohttp

from meetserver.chat.messages import Send
from meetserver.client import Api, ClientError
from meetserver.client.connection import Connection
from meetserver.client.frames import command_frame
from meetserver.client.hello import say_hello
from meetserver.rooms.frames import Hello
from tests.faults.cluster import AnyShard

AGAIN_S = 0.5
TICK_S = 0.01


async def flood(http: aiohttp.ClientSession, base_url: str, meeting: str, rate_per_s: float) -> None:
    """Until it is cut off."""
    offer = await Api(base_url, http=http).join(meeting, name="Flooder")
    connection = await Connection.open(http, offer.ws_url)
    try:
        await say_hello(connection, 1, Hello(ticket=offer.ticket))
        async with asyncio.TaskGroup() as group:
            group.create_task(_read_all(connection))
            group.create_task(_talk(connection, rate_per_s))
    finally:
        await connection.close()


async def _talk(connection: Connection, rate_per_s: float) -> NoReturn:
    numbers = itertools.count(2)
    while True:
        for _ in range(int(rate_per_s * TICK_S)):
            await connection.send(command_frame(next(numbers), Send(text="flood " * 20), secrets.token_hex(8)))
        await asyncio.sleep(TICK_S)


async def _read_all(connection: Connection) -> NoReturn:
    while True:
        await connection.receive()


async def main(base_url: str, meeting: str, rate_per_s: float, ports: list[int]) -> NoReturn:
    connector = aiohttp.TCPConnector(resolver=AnyShard(ports, random.Random()), use_dns_cache=False)
    async with aiohttp.ClientSession(connector=connector) as http:
        while True:
            with contextlib.suppress(ClientError, ExceptionGroup):
                await flood(http, base_url, meeting, rate_per_s)
            await asyncio.sleep(AGAIN_S)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), [int(port) for port in sys.argv[4:]]))
