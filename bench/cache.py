"""The busiest reads with the cache and without it, in turn in one run; and how late another process reads a change.

    .venv/bin/python -m bench.cache [rounds]

The whole application answers over loopback from this process, on PostgreSQL and Valkey that it starts itself. CPU is
this process's: the HTTP client's share is in both columns. Without the cache every read asks the database.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from meetserver.accounts.messages import Register
from meetserver.accounts.sessions import Caller
from meetserver.adapters.bus import open_bus
from meetserver.bootstrap import Server, open_server
from meetserver.config import Config
from meetserver.core import Core, open_core
from meetserver.ids import MeetingId
from meetserver.meetings.messages import MeetingPatch, NewMeeting
from tests.servers.databases import Databases
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer

CALLS = 100
"""Of each read in each round."""
AT_ONCE = 16
CHANGES = 50
MEETINGS = 20
EMAIL, PASSWORD = "ann@example.com", "correct horse battery staple"


async def read_anew(_: str, __: object, load: Callable[[], Awaitable[Any]]) -> Any:
    """In the place of `Cached.read`."""
    return await load()


class Site:
    """A server with an account and its meetings."""

    def __init__(self, server: Server, client: "TestClient[Any, Any]") -> None:
        self._client = client
        self._cached = server.core.cached
        self._token = self._meeting = ""

    async def furnish(self) -> None:
        answer = await self._call("POST", "/auth/login", {"email": EMAIL, "password": PASSWORD})
        self._token = answer["access_token"]
        for n in range(MEETINGS):
            made = await self._call("POST", "/meetings", {"title": f"Weekly {n}", "description": "What we do. " * 20})
            self._meeting = made["id"]

    def use_cache(self, *, is_on: bool) -> None:
        if is_on:
            vars(self._cached).pop("read", None)
        else:
            vars(self._cached)["read"] = read_anew

    @property
    def reads(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        meeting = f"/meetings/{self._meeting}"
        return {
            "GET /users/me": lambda: self._call("GET", "/users/me"),
            "GET /meetings": lambda: self._call("GET", "/meetings"),
            "GET /meetings/{id}": lambda: self._call("GET", meeting),
            "GET /meetings/{id}/door": lambda: self._call("GET", f"{meeting}/door"),
            "POST /meetings/{id}/join": lambda: self._call("POST", f"{meeting}/join", {"name": "Bo"}),
        }

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        async with self._client.request(method, f"/api/v1{path}", json=body, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()


async def cost_ms(read: Callable[[], Awaitable[Any]]) -> tuple[float, float]:
    """Of one call among AT_ONCE: wall and CPU."""
    turns = iter(range(CALLS))

    async def one_after_the_other() -> None:
        for _ in turns:
            await read()

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return (time.perf_counter() - wall) * 1000 / CALLS, (time.process_time() - cpu) * 1000 / CALLS


async def compare(config: Config, rounds: int) -> None:
    async with open_server(config) as server, TestClient(TestServer(server.app)) as client:
        await server.core.accounts.add(Register(EMAIL, PASSWORD, "Ann"))
        site = Site(server, client)
        await site.furnish()
        found: dict[tuple[str, bool], list[tuple[float, float]]] = {}
        for turn in range(rounds + 1):
            for name, read in site.reads.items():
                for is_on in (True, False):
                    site.use_cache(is_on=is_on)
                    costs = await cost_ms(read)
                    if turn:  # the first one warms up
                        found.setdefault((name, is_on), []).append(costs)
    columns = [f"{'with':>10}{'without':>9}{'ratio':>7}"] * 2
    print(f"{'ms a call, medians':28}", f"{'wall':>26}{'CPU':>27}")
    print(f"{'':28}", *columns)
    for name in site.reads:
        print(f"{name:28}", *(_column(found, name, which) for which in (0, 1)), flush=True)


def _column(found: dict[tuple[str, bool], list[tuple[float, float]]], name: str, which: int) -> str:
    with_, without = (statistics.median(costs[which] for costs in found[name, is_on]) for is_on in (True, False))
    return f"{with_:10.2f}{without:9.2f}{without / with_:7.1f}"


# --- two processes' worth of one cache


@asynccontextmanager
async def core_with_bus(config: Config) -> AsyncIterator[Core]:
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(config))
        bus = await open_bus(config)
        stack.push_async_callback(bus.close)
        stack.push_async_callback(await core.cached.follow(bus))
        yield core


async def lateness_ms(here: Core, there: Core) -> list[float]:
    """From when a change is committed and told until the other process answers with it."""
    await here.accounts.add(Register("bo@example.com", PASSWORD, "Bo"))
    (bo,), _ = await here.accounts.users.page(limit=1, cursor=None, search="bo@example.com", role=None)
    made = await here.meetings.create(bo.id, bo.name, NewMeeting(title="first"))
    found = []
    for n in range(CHANGES):
        await there.meetings.find(made.id)
        await here.meetings.update(Caller(bo, "session"), made.id, MeetingPatch(title=f"title {n}"), None)
        found.append(await _seen_after_ms(there, made.id, f"title {n}"))
    return sorted(found)


async def _seen_after_ms(core: Core, id_: MeetingId, title: str) -> float:
    changed_at = time.perf_counter()
    while (await core.meetings.find(id_)).title != title:  # noqa: ASYNC110 - how soon is what is measured
        await asyncio.sleep(0)
    return (time.perf_counter() - changed_at) * 1000


async def main(rounds: int) -> None:
    with PostgresServer() as postgres, ValkeyServer() as valkey, TemporaryDirectory() as folder:
        config = Config(
            data_dir=folder,
            database_url=Databases(postgres.url).create(),
            redis_url=valkey.url,
            secret_key="a master secret that is only for measuring",
            rate_factor=0,
            bcrypt_cost=4,
        )
        await compare(config, rounds)
        async with core_with_bus(config) as here, core_with_bus(replace(config, shard_id="other")) as there:
            told = await lateness_ms(here, there)
            print(
                f"another process answers with a change after {told[len(told) // 2]:.1f} ms (median), {told[-1]:.1f} ms"
            )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
