"""Two real shards: what is changed at one is seen at the other within a second, with Redis and without."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from meetserver import limits
from meetserver.client import Api, RoomClient
from tests.contract.eventually import eventually
from tests.servers.meetserver import MeetServer
from tests.servers.valkey import ValkeyServer

ROOT, PASSWORD = "root@example.com", "correct horse battery"


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def shards(postgres_url: str, valkey: ValkeyServer, tmp_path: Path) -> Iterator[list[MeetServer]]:
    common = {"MEET_REDIS_URL": valkey.url, "MEET_RATE_FACTOR": "0"}
    root = {"MEET_ADMIN_EMAIL": ROOT, "MEET_ADMIN_PASSWORD": PASSWORD}
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(MeetServer(postgres_url, {"MEET_SHARD_ID": name, **common, **root}, tmp_path))
            for name in ("shard-1", "shard-2")
        ]


class Person:
    """Somebody at one shard, by an access token."""

    def __init__(self, http: aiohttp.ClientSession, shard: MeetServer) -> None:
        self._http = http
        self._url = f"{shard.base_url}/api/v1"
        self.token = ""

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self._http.request(method, self._url + path, json=body, headers=headers) as answer:
            return answer.status, None if answer.status == 204 else await answer.json()

    async def titles(self, meeting: str) -> set[str]:
        """As the list, the door and the meeting itself say."""
        _, listed = await self.call("GET", "/meetings")
        _, door = await self.call("GET", f"/meetings/{meeting}/door")
        _, shown = await self.call("GET", f"/meetings/{meeting}")
        return {listed["items"][0]["title"], door["title"], shown["title"]}


@pytest.fixture
async def people(shards: list[MeetServer]) -> AsyncIterator[list[Person]]:
    """Root, at both."""
    async with aiohttp.ClientSession() as http:
        here, there = (Person(http, shard) for shard in shards)
        _, tokens = await here.call("POST", "/auth/login", {"email": ROOT, "password": PASSWORD})
        here.token = there.token = tokens["access_token"]
        yield [here, there]


async def late_s(is_so: Callable[[], Awaitable[bool]]) -> float:
    """From now on until it is so; the last time that it was asked for in vain."""
    now = asyncio.get_running_loop().time
    began, asked = now(), now()

    async def look() -> bool:
        nonlocal asked
        at = now()
        if await is_so():
            return True
        asked = at
        return False

    await eventually(look)
    return asked - began


async def test_a_change_at_another_shard(people: list[Person], valkey: ValkeyServer) -> None:
    here, there = people
    _, made = await here.call("POST", "/meetings", {"title": "first"})

    async def rename(title: str) -> float:
        await there.titles(made["id"])
        await here.call("PATCH", f"/meetings/{made['id']}", {"title": title})

        async def is_seen() -> bool:
            return await there.titles(made["id"]) == {title}

        return await late_s(is_seen)

    assert max([await rename(f"told {n}") for n in range(5)]) < 1
    valkey.kill()
    assert max([await rename(f"alone {n}") for n in range(3)]) < 1
    valkey.start()
    # The one may share lists again before the other has found out that it can tell of changes: it does so later.
    assert max([await rename(f"back {n}") for n in range(3)]) < 2 * limits.CACHE_AWAY_S + 1

    async def is_out() -> bool:
        return (await there.call("GET", "/users/me"))[0] == 401

    assert not await is_out()
    assert (await here.call("POST", "/auth/logout"))[0] in (200, 204)
    assert await late_s(is_out) < 1


async def test_a_list_counts_people_at_another_shard(people: list[Person], shards: list[MeetServer]) -> None:
    here, there = people
    async with Api(shards[0].base_url) as api:
        await api.login(ROOT, PASSWORD)
        meeting = await api.create_meeting("Weekly")
        async with RoomClient.join(await api.join(meeting.id)):
            for person in (here, there):

                async def is_counted(person: Person = person) -> bool:
                    _, listed = await person.call("GET", "/meetings")
                    return bool(listed["items"][0]["people"] == 1)

                await eventually(is_counted)
