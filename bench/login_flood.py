"""How long a room's members wait for their chat while others try passwords, beside the quiet run of the same members.

    .venv/bin/python -m bench.login_flood [seconds]

Each try is at another account, so that the guard lets all of them through to be looked at: as many as the rate of
sign-ins allows. The time is from sending a message to its ok, which comes after the commit.
"""

import asyncio
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from itertools import count
from typing import Self

import aiohttp

from meetserver.chat import messages as chat
from meetserver.client import Api, RoomClient
from tests.servers.meetserver import MeetServer

MEMBERS = 20
PAUSE_S = 0.2
GUESSERS = 64
PASSWORD = "correct horse battery staple"


async def talk(members: list[RoomClient], seconds: float) -> list[float]:
    """Milliseconds of each message, rising."""
    until = time.monotonic() + seconds
    waits = []

    async def one(member: RoomClient, first_s: float) -> None:
        await asyncio.sleep(first_s)
        while time.monotonic() < until:
            sent = time.perf_counter()
            await member.send(chat.Send(text="How are you?"))
            waits.append((time.perf_counter() - sent) * 1000)
            await asyncio.sleep(PAUSE_S)

    await asyncio.gather(*(one(member, PAUSE_S * n / MEMBERS) for n, member in enumerate(members)))
    return sorted(waits)


class Guessers:
    """People who try a password of one account after the other, for as long as the context lasts."""

    def __init__(self, http: aiohttp.ClientSession, base_url: str) -> None:
        self.answers: Counter[int] = Counter()
        self._http = http
        self._url = f"{base_url}/api/v1/auth/login"
        self._numbers = count()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._guess()) for _ in range(GUESSERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _guess(self) -> None:
        while True:
            body = {"email": f"person{next(self._numbers)}@example.org", "password": "a wrong password"}
            async with self._http.post(self._url, json=body) as answer:
                await answer.read()
                self.answers[answer.status] += 1


def told(name: str, waits: list[float]) -> None:
    p50, p99 = (waits[int(len(waits) * share)] for share in (0.5, 0.99))
    print(f"{name}: {len(waits)} messages, p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {waits[-1]:.1f} ms")


async def main(seconds: float) -> None:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(MeetServer(settings={"MEET_BCRYPT_COST": "12"}))
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        api = Api(server.base_url, http=http)
        await api.register("host@example.org", PASSWORD, "Host")
        await api.login("host@example.org", PASSWORD)
        meeting = await api.create_meeting("Bench")
        members = []
        for n in range(MEMBERS):
            offer = await api.join(meeting.id, name=f"Member {n}")
            joined = RoomClient.join(offer, http=http, on_event=lambda _: None)
            members.append(await stack.enter_async_context(joined))
        told("quiet", await talk(members, seconds))
        async with Guessers(http, server.base_url) as guessers:
            told(f"{GUESSERS} guess", await talk(members, seconds))
        answers = ", ".join(f"{status}: {n}" for status, n in sorted(guessers.answers.items()))
        print(f"answers to guesses: {answers}")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
