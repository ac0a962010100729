"""CPU of the server per delivery: one member of a room of 100 shows a stroke under way (200 bytes) to the 99 others.

    .venv/bin/python -m bench.fanout [rounds]

The whole server (decode, room, reply, fan-out) against aiohttp's own `send_str` to each member, in turn, in one run.
Every delivery is counted at the clients. What to trust is the ratio of a round, not the microseconds.
"""

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

import aiohttp
import psutil

from meetserver import limits
from meetserver.client import Api
from tests.servers.meetserver import MeetServer

MEMBERS = 100
MESSAGES = 400
BURSTS = (1, 8)
PACE_S = 1.5 / limits.COMMAND_RATE_PER_S
"""Between messages, so that the talker stays below the server's limit."""
PASSWORD = "correct horse battery staple"


class Crowd:
    """Members that count what they get. `command` is what the talker sends, the n-th time."""

    def __init__(self, sockets: list[aiohttp.ClientWebSocketResponse], *, counts: bytes) -> None:
        self._sockets = sockets
        self._counts = counts.decode()
        self.got = 0
        self._tasks = [asyncio.create_task(self._read(one)) for one in sockets]

    async def _read(self, one: aiohttp.ClientWebSocketResponse) -> None:
        async for message in one:
            if self._counts in str(message.data):
                self.got += 1

    async def measure(self, server: psutil.Process, burst: int) -> float:
        """CPU seconds of the server for each delivery."""
        wanted = self.got
        before = server.cpu_times()
        for number in range(0, MESSAGES, burst):
            for n in range(number, number + burst):
                data = {"id": str(n), "element": {"kind": "stroke", "points": [n] * 30}}
                await self._sockets[0].send_str(json.dumps({"id": n, "type": "whiteboard.preview", "data": data}))
            wanted += burst * (MEMBERS - 1)
            await self._arrived(wanted)
            await asyncio.sleep(PACE_S * burst)
        after = server.cpu_times()
        return (after.user + after.system - before.user - before.system) / (MESSAGES * (MEMBERS - 1))

    async def _arrived(self, wanted: int) -> None:
        until = time.monotonic() + 30
        while self.got < wanted:
            if time.monotonic() > until:
                raise SystemExit(f"{wanted - self.got} deliveries are missing")
            await asyncio.sleep(0.001)

    async def leave(self) -> None:
        for one in self._sockets:
            await one.close()
        await asyncio.gather(*self._tasks)


@asynccontextmanager
async def on_meetserver(http: aiohttp.ClientSession) -> AsyncIterator[tuple[psutil.Process, Crowd]]:
    with MeetServer() as server:
        api, guest = Api(server.base_url, http=http), Api(server.base_url, http=http)
        await api.register("host@example.org", PASSWORD, "Host")
        await api.login("host@example.org", PASSWORD)
        meeting = await api.create_meeting("Bench")
        sockets = []
        for number in range(MEMBERS):
            offer = await guest.join(meeting.id, name=f"Member {number}")
            one = await http.ws_connect(offer.ws_url, protocols=("meet.v1.json",))
            await one.receive()
            await one.send_json({"id": 0, "type": "hello", "data": {"ticket": offer.ticket}})
            while "re" not in (await one.receive()).json():
                pass
            sockets.append(one)
        crowd = Crowd(sockets, counts=b'"points"')
        yield _listener(server.base_url), crowd
        await crowd.leave()


@asynccontextmanager
async def on_peer(http: aiohttp.ClientSession) -> AsyncIterator[tuple[psutil.Process, Crowd]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    peer = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.send_str_peer", str(port))
    try:
        sockets = [await _connect(http, f"http://127.0.0.1:{port}/room") for _ in range(MEMBERS)]
        crowd = Crowd(sockets, counts=b'"points"')
        yield psutil.Process(peer.pid), crowd
        await crowd.leave()
    finally:
        peer.terminate()
        await peer.wait()


async def _connect(http: aiohttp.ClientSession, url: str) -> aiohttp.ClientWebSocketResponse:
    for _ in range(100):
        try:
            return await http.ws_connect(url)
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.1)
    raise SystemExit("the peer does not answer")


def _listener(base_url: str) -> psutil.Process:
    """The process behind an address."""
    port = int(base_url.rpartition(":")[2])
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.laddr[1] == port and connection.status == "LISTEN" and connection.pid:
            return psutil.Process(connection.pid)
    raise SystemExit("nobody listens there")


async def main(rounds: int) -> None:
    ratios: dict[int, list[float]] = {burst: [] for burst in BURSTS}
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        on_meetserver(http) as (server, ours),
        on_peer(http) as (peer, theirs),
    ):
        for _ in range(rounds):
            for burst in BURSTS:
                mine, other = await ours.measure(server, burst), await theirs.measure(peer, burst)
                ratios[burst].append(mine / other)
                print(f"bursts of {burst}: {mine * 1e6:6.2f} µs a delivery, send_str {other * 1e6:6.2f} µs")
    for burst, each in ratios.items():
        print(f"fan-out in bursts of {burst}: {median(each):.2f} × send_str to each (median of {rounds} rounds)")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
