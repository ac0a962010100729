"""How members' chat fares while others attack: time from sending a message to having it at each other member.

    .venv/bin/python -m bench.attacks [seconds] [connections]

Each attack stands between two quiet rounds of the same run. Attackers are a process of their own on the same machine,
so that what they cost there is in the figures as well. The login flood has a file of its own.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator
from statistics import quantiles
from urllib.parse import urlsplit

import aiohttp
import psutil

from meetserver.chat.messages import Send, Sent
from meetserver.client import Api, DurableEvent, RoomClient, RoomEvent
from tests.servers.attackers import SETTINGS
from tests.servers.meetserver import SOURCE, MeetServer

MEMBERS = 10
PACE_S = 0.1
PASSWORD = "correct horse battery staple"
WARM_UP_S = 8.0
ATTACKS = {
    "slowloris, one address": ("slowloris", 1),
    "slowloris, many addresses": ("slowloris", 5000),
    "silent connections": ("silent", 5000),
    "silent sockets": ("sockets", 5000),
}


class Stopwatch:
    def __init__(self) -> None:
        self.took_ms: list[float] = []

    def heard(self, event: RoomEvent) -> None:
        if isinstance(event, DurableEvent) and isinstance(event.data, Sent) and event.data.text:
            self.took_ms.append((time.perf_counter() - float(event.data.text)) * 1000)

    async def round(self, talker: RoomClient, seconds: float) -> str:
        self.took_ms.clear()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            await talker.send(Send(text=str(time.perf_counter())), timeout_s=30)
            await asyncio.sleep(PACE_S)
        cuts = quantiles(self.took_ms, n=100)
        return f"p50 {cuts[49]:7.1f} ms   p99 {cuts[98]:7.1f} ms   max {max(self.took_ms):7.1f} ms"


@contextlib.asynccontextmanager
async def attackers(kind: str, port: int, connections: int, addresses: int) -> AsyncIterator[None]:
    words = [kind, *map(str, (port, connections, addresses))]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.servers.attackers", *words, cwd=SOURCE)
    try:
        yield
        if process.returncode is not None:
            raise SystemExit("the attackers gave up")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def server_process(port: int) -> psutil.Process:
    for one in psutil.net_connections("tcp"):
        if one.status == "LISTEN" and one.laddr and one.laddr.port == port and one.pid:
            return psutil.Process(one.pid)
    raise SystemExit("the server does not listen")


async def main(seconds: float, connections: int) -> None:
    watch = Stopwatch()
    async with contextlib.AsyncExitStack() as stack:
        server = stack.enter_context(MeetServer(settings=SETTINGS))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        host, guest = Api(server.base_url, http=http), Api(server.base_url, http=http)
        await host.register("host@example.org", PASSWORD, "Host")
        await host.login("host@example.org", PASSWORD)
        meeting = await host.create_meeting("Bench")
        talker = await stack.enter_async_context(RoomClient.join(await host.join(meeting.id), http=http))
        for number in range(MEMBERS - 1):
            offer = await guest.join(meeting.id, name=f"Member {number}")
            await stack.enter_async_context(RoomClient.join(offer, http=http, on_event=watch.heard))
        port = urlsplit(server.base_url).port or 0
        process = server_process(port)
        print(f"{'quiet':28}{await watch.round(talker, seconds)}")
        for name, (kind, addresses) in ATTACKS.items():
            async with attackers(kind, port, connections, addresses):
                await asyncio.sleep(WARM_UP_S)
                line = await watch.round(talker, seconds)
                rss = process.memory_info().rss >> 20
                open_ = len(process.net_connections("tcp"))
            print(f"{name:28}{line}   {open_:5} open   {rss} MB", flush=True)
            await asyncio.sleep(WARM_UP_S)
            print(f"{'quiet':28}{await watch.round(talker, seconds)}", flush=True)


if __name__ == "__main__":
    arguments = [float(word) for word in sys.argv[1:]]
    asyncio.run(main(arguments[0] if arguments else 15.0, int(arguments[1]) if len(arguments) > 1 else 5000))
