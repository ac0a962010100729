"""CPU of a message from shard to shard over Redis: this adapter against redis-py's own client, in turn in one run.

    .venv/bin/python -m bench.bus [rounds]

Both ends are in this process, whose CPU it is; Valkey's own is the last column. A message has 300 bytes, about what a
chat message is on its way to an edge; it goes through Unix sockets. "Joined" are messages of one turn of the loop;
links make one message of what they send in a turn, so most go alone. Trust the ratio.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from statistics import median
from typing import Any, TypeAlias

import uvloop
from redis.asyncio import Redis

from meetserver.adapters.bus import RedisBus
from tests.servers.valkey import ValkeyServer

MESSAGES = 3000
JOINED = (1, 10)
CHANNEL = "shard-2"
MESSAGE = bytes(300)

Publish: TypeAlias = Callable[[int], Awaitable[None]]
"""So many messages in one turn."""


class Inbox:
    def __init__(self) -> None:
        self._missing = 0
        self._has_all = asyncio.Event()

    def expect(self, count: int) -> None:
        self._missing = count
        self._has_all.clear()

    def take(self, _: bytes) -> None:
        self._missing -= 1
        if not self._missing:
            self._has_all.set()

    async def fill(self) -> None:
        await asyncio.wait_for(self._has_all.wait(), 10)


@contextlib.asynccontextmanager
async def our_bus(url: str, inbox: Inbox) -> AsyncIterator[Publish]:
    here, there = await RedisBus.open(url), await RedisBus.open(url)
    await there.subscribe(CHANNEL, inbox.take)

    async def publish(count: int) -> None:
        for _ in range(count):
            await here.publish(CHANNEL, MESSAGE)

    inbox.expect(1)
    await publish(1)
    await inbox.fill()
    yield publish
    await here.close()
    await there.close()


@contextlib.asynccontextmanager
async def redis_py(url: str, inbox: Inbox) -> AsyncIterator[Publish]:
    here: Any = Redis.from_url(url)  # its methods have no types
    there: Any = Redis.from_url(url)
    subscription = there.pubsub(ignore_subscribe_messages=True)
    await subscription.ssubscribe(CHANNEL)
    await subscription.get_message(timeout=1)

    async def read() -> None:
        while True:
            message = await subscription.get_message(timeout=None)
            if message is not None:
                inbox.take(message["data"])

    async def publish(count: int) -> None:
        if count == 1:
            await here.execute_command("SPUBLISH", CHANNEL, MESSAGE)
            return
        pipeline = here.pipeline(transaction=False)
        for _ in range(count):
            pipeline.execute_command("SPUBLISH", CHANNEL, MESSAGE)
        await pipeline.execute()

    reading = asyncio.create_task(read())
    yield publish
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await subscription.aclose()
    await here.aclose()
    await there.aclose()


def cpu_s(server: ValkeyServer) -> float:
    told = dict(line.split(":") for line in server.ask("INFO", "cpu").splitlines() if ":" in line)
    return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])


async def measure(publish: Publish, inbox: Inbox, joined: int) -> float:
    """Microseconds of CPU for each message."""
    began = time.process_time()
    for _ in range(MESSAGES // joined):
        inbox.expect(joined)
        await publish(joined)
        await inbox.fill()
    return (time.process_time() - began) / MESSAGES * 1e6


async def main(rounds: int) -> None:
    with ValkeyServer() as server:
        print(f"{'joined':>6} {'this bus':>10} {'redis-py':>10} {'ratio':>6} {'valkey':>8}   µs of CPU a message")
        for joined in JOINED:
            ours, theirs, its = list[float](), list[float](), list[float]()
            for _ in range(rounds):
                for open_, found in ((our_bus, ours), (redis_py, theirs)):
                    inbox, before = Inbox(), cpu_s(server)
                    async with open_(server.url, inbox) as publish:
                        found.append(await measure(publish, inbox, joined))
                    its.append((cpu_s(server) - before) / MESSAGES * 1e6)
            ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
            print(f"{joined:6} {median(ours):10.0f} {median(theirs):10.0f} {ratio:6.2f} {median(its):8.1f}")


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
