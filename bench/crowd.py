"""Rooms full of people, to measure how most fare while some misbehave. Bare sockets: a comfortable client would be most
of what is measured.
"""

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import AsyncIterator
from statistics import quantiles
from typing import Any

import aiohttp
import msgspec
import psutil

from meetserver.client import Api
from tests.servers.meetserver import MeetServer

ROOMS = 20
MEMBERS = 10
PACE_S = 0.1
PASSWORD = "correct horse battery staple"
MARK = '"text":"at '
SEGMENT_BYTES = 1400
WINDOW_BYTES = 8192
"""A network's. On the loopback megabytes go before a sender notices that nobody reads."""


class Member:
    """`heard_ms`: from being sent to being heard here."""

    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw
        self.heard_ms: list[float] = []
        self._numbers = itertools.count(1)

    async def say(self, text_bytes: int) -> None:
        number = next(self._numbers)
        text = f"at {time.perf_counter():.6f} ".ljust(text_bytes, ".")
        frame = {"id": number, "type": "chat.send", "txn": str(number), "data": {"text": text}}
        await self.raw.send_str(msgspec.json.encode(frame).decode())

    async def listen(self) -> None:
        async for message in self.raw:
            text = str(message.data)
            if (at := text.find(MARK)) >= 0:
                sent = float(text[at + len(MARK) :].split(" ", 1)[0])
                self.heard_ms.append((time.perf_counter() - sent) * 1000)


class Room:
    """The first member talks, all listen but those who `stall`."""

    def __init__(self, meeting: str, members: list[Member]) -> None:
        self.meeting = meeting
        self.members = members
        self.stalled: list[Member] = []

    async def talk(self, text_bytes: int) -> None:
        while True:
            await self.members[0].say(text_bytes)
            await asyncio.sleep(PACE_S)


class Crowd:
    def __init__(self, server: MeetServer, rooms: list[Room]) -> None:
        self.server = server
        self.rooms = rooms
        self._process = psutil.Process(server.pid)

    async def round(self, name: str, seconds: float, rooms: list[Room] | None = None) -> None:
        """Wait, and print how long what was said meanwhile took to be heard in these rooms (none: in all)."""
        members = [member for room in rooms or self.rooms for member in room.members]
        for member in members:
            member.heard_ms.clear()
        most = 0
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            most = max(most, self.memory_bytes)
            await asyncio.sleep(0.25)
        print(f"{name:24}{told([ms for member in members for ms in member.heard_ms])}   {most >> 20} MB", flush=True)

    @property
    def memory_bytes(self) -> int:
        rss: int = self._process.memory_info().rss
        return rss

    @property
    def cut_off(self) -> int:
        """Of those who never read, and so do not learn of it."""
        theirs = {member.raw.get_extra_info("sockname") for room in self.rooms for member in room.stalled}
        return len(theirs - {tuple(one.raddr) for one in self._process.net_connections("tcp")})


def told(waits_ms: list[float]) -> str:
    cuts = quantiles(waits_ms, n=100)
    return f"{len(waits_ms):7} heard   p50 {cuts[49]:6.1f} ms   p99 {cuts[98]:7.1f} ms   most {max(waits_ms):7.1f} ms"


@contextlib.asynccontextmanager
async def given_crowd(text_bytes: int, stalled: int = 0) -> AsyncIterator[Crowd]:
    """Rooms in which one talks; `stalled` of all their members will never read from now on."""
    connector = aiohttp.TCPConnector(limit=0, socket_factory=_as_over_a_network)
    async with contextlib.AsyncExitStack() as stack:
        server = stack.enter_context(MeetServer())
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        host, guest = Api(server.base_url, http=http), Api(server.base_url, http=http)
        await host.register("host@example.org", PASSWORD, "Host")
        await host.login("host@example.org", PASSWORD)
        rooms = [await _given_room(host, guest, http) for _ in range(ROOMS)]
        for number in range(stalled):
            room = rooms[number % ROOMS]
            room.stalled.append(room.members.pop())
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(member.listen()) for room in rooms for member in room.members]
            tasks += [group.create_task(room.talk(text_bytes)) for room in rooms]
            yield Crowd(server, rooms)
            for task in tasks:
                task.cancel()


async def _given_room(host: Api, guest: Api, http: aiohttp.ClientSession) -> Room:
    meeting = await host.create_meeting("Bench")
    return Room(meeting.id, [await _given_member(guest, http, meeting.id) for _ in range(MEMBERS)])


async def _given_member(guest: Api, http: aiohttp.ClientSession, meeting: str) -> Member:
    offer = await guest.join(meeting, name="Member")
    raw = await http.ws_connect(offer.ws_url, protocols=("meet.v1.json",))
    await raw.receive()
    await raw.send_json({"id": 0, "type": "hello", "data": {"ticket": offer.ticket}})
    while "re" not in (reply := (await raw.receive()).json()):
        pass
    assert "ok" in reply, reply
    return Member(raw)


def _as_over_a_network(address: Any) -> socket.socket:
    family, kind, protocol, _, _ = address
    one = socket.socket(family, kind, protocol)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW_BYTES)
    return one
