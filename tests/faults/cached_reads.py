"""Readers at two shards while somebody changes at one what they read, and Redis stops and comes back: no answer may be
older than docs/caching.md says, and none a failure.

    python -m tests.faults.cached_reads          prints how long answers took, and how late changes were seen
"""

import asyncio
import contextlib
import itertools
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

from meetserver import limits
from tests.faults.matrix.table import quantile
from tests.servers.databases import Databases
from tests.servers.meetserver import MeetServer
from tests.servers.postgres import PostgresServer
from tests.servers.valkey import ValkeyServer

ROOT, PASSWORD = "root@example.com", "correct horse battery"
SETTINGS = {"MEET_RATE_FACTOR": "1000", "MEET_ADMIN_EMAIL": ROOT, "MEET_ADMIN_PASSWORD": PASSWORD}
READERS = 2
"""At each shard."""
READ_EVERY_S = 0.04
WRITE_EVERY_S = 0.1
LATE_S = limits.CACHE_LOCAL_S
TOLD_LATE_S = 2 * limits.CACHE_AWAY_S + limits.CACHE_TIMEOUT_S + limits.CACHE_LOCAL_S
"""After Redis's return a list may be as it was before it went for so long."""
CHANGES, CHANGES_ALONE = 100, 20

ACCOUNT, MEETING, LIST = "account", "meeting", "list"


class Write(Struct, frozen=True):
    """By the loop's clock."""

    version: int
    begun_s: float
    acked_s: float


class Read(Struct, frozen=True):
    """`version`: which write its answer shows; -1 where it shows none."""

    what: str
    shard: int
    begun_s: float
    ended_s: float
    status: int
    version: int = -1


class Away(Struct, frozen=True):
    """Redis was, between these."""

    since_s: float
    until_s: float


class Watch:
    """All that was written and read."""

    def __init__(self) -> None:
        self.reads: list[Read] = []
        self.writes: dict[str, list[Write]] = defaultdict(list)
        self.left: list[tuple[float, list[Read]]] = []
        """When somebody had signed out, and what their session got."""

    def failures(self, away: Away) -> list[str]:
        found = [f"{read.what} was answered {read.status}" for read in self.reads if read.status not in {200, 201}]
        for read in self.reads:
            if read.version >= 0:
                found += self._why_wrong(read, away)
        for acked_s, reads in self.left:
            late = [read.begun_s - acked_s for read in reads if read.status == 200]
            found += [f"a session was good {max(late):.2f} s after its end"] if max(late) > LATE_S else []
            found += [f"{read.what} was answered {read.status}" for read in reads if read.status not in {200, 401}]
        return found

    def _why_wrong(self, read: Read, away: Away) -> Iterator[str]:
        writes = self.writes[ACCOUNT if read.what == ACCOUNT else MEETING]
        is_late = read.what == LIST and away.until_s <= read.begun_s < away.until_s + TOLD_LATE_S
        known_s = (min(read.begun_s, away.since_s) if is_late else read.begun_s) - LATE_S
        due = max((write.version for write in writes if write.acked_s < known_s), default=0)
        if read.version < due:
            yield f"{read.what} showed {read.version} at shard {read.shard}, though {due} was there {LATE_S} s before"
        if read.version > max((write.version for write in writes if write.begun_s < read.ended_s), default=0):
            yield f"{read.what} showed {read.version}, which nobody had written yet"

    def took_ms(self, since_s: float, until_s: float) -> list[float]:
        return [(read.ended_s - read.begun_s) * 1000 for read in self.reads if since_s <= read.begun_s < until_s]


class Site:
    """Root at two shards, with a meeting."""

    def __init__(self, http: aiohttp.ClientSession, shards: list[MeetServer]) -> None:
        self._http = http
        self._urls = [f"{shard.base_url}/api/v1" for shard in shards]
        self.token = self.meeting = ""

    async def furnish(self) -> None:
        self.token = await self.log_in()
        _, made = await self.call(0, "POST", "/meetings", {"title": "title 0"})
        self.meeting = made["id"]
        await self.call(0, "PATCH", "/users/me", {"name": "name 0"})

    async def log_in(self) -> str:
        _, tokens = await self.call(0, "POST", "/auth/login", {"email": ROOT, "password": PASSWORD})
        return str(tokens["access_token"])

    async def call(self, shard: int, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token or self.token}"} if token or self.token else {}
        async with self._http.request(method, self._urls[shard] + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None

    def read_of(self, what: str) -> tuple[str, str, Any, Callable[[Any], str]]:
        """Method, path, body, and where in the answer the version stands."""
        path = f"/meetings/{self.meeting}"
        return {
            ACCOUNT: ("GET", "/users/me", None, lambda said: said["name"]),
            LIST: ("GET", "/meetings", None, lambda said: said["items"][0]["title"]),
            MEETING: ("GET", path, None, lambda said: said["title"]),
            "door": ("GET", f"{path}/door", None, lambda said: said["title"]),
            "join": ("POST", f"{path}/join", {"name": "Bo"}, lambda _: "-1"),
        }[what]

    async def read(self, what: str, shard: int, token: str = "") -> Read:
        method, path, body, version_in = self.read_of(what)
        begun_s = now_s()
        status, said = await self.call(shard, method, path, body, token)
        version = int(version_in(said).split()[-1]) if status < 300 else -1
        return Read(what, shard, begun_s, now_s(), status, version)

    async def write(self, what: str, version: int) -> Write:
        begun_s = now_s()
        path, body = ("/users/me", "name") if what == ACCOUNT else (f"/meetings/{self.meeting}", "title")
        status, _ = await self.call(0, "PATCH", path, {body: f"{body} {version}"})
        assert status == 200, status
        return Write(version, begun_s, now_s())


@contextlib.contextmanager
def two_shards(postgres_url: str, valkey: ValkeyServer) -> Iterator[list[MeetServer]]:
    with contextlib.ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="meet-data-")))
        settings = SETTINGS | {"MEET_REDIS_URL": valkey.url}
        yield [
            stack.enter_context(MeetServer(postgres_url, settings | {"MEET_SHARD_ID": name}, data))
            for name in ("shard-1", "shard-2")
        ]


@contextlib.asynccontextmanager
async def site_on(shards: list[MeetServer]) -> AsyncIterator[Site]:
    async with aiohttp.ClientSession() as http:
        site = Site(http, shards)
        await site.furnish()
        yield site


async def watch(site: Site, valkey: ValkeyServer, *, calm_s: float, away_s: float) -> tuple[Watch, Away]:
    """So long with Redis, without it, and then until lists must be right again and as long once more. In each of the
    three somebody signs out."""
    seen, tokens = Watch(), [await site.log_in() for _ in range(3)]
    async with _at_work(site, seen):
        await asyncio.sleep(calm_s)
        await _leave(site, seen, tokens[0])
        valkey.freeze()
        since_s = now_s()
        await asyncio.gather(asyncio.sleep(away_s), _leave(site, seen, tokens[1]))
        until_s = now_s()
        valkey.thaw()
        await asyncio.gather(asyncio.sleep(TOLD_LATE_S + calm_s), _leave(site, seen, tokens[2]))
    return seen, Away(since_s, until_s)


@contextlib.asynccontextmanager
async def _at_work(site: Site, seen: Watch) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(_read_on(site, seen, shard)) for shard in (0, 1) for _ in range(READERS)]
    tasks.append(asyncio.create_task(_write_on(site, seen)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if not isinstance(end, asyncio.CancelledError):
            raise end if isinstance(end, BaseException) else AssertionError(end)


async def _read_on(site: Site, seen: Watch, shard: int) -> None:
    for what in itertools.cycle((ACCOUNT, LIST, MEETING, "door", "join")):
        seen.reads.append(await site.read(what, shard))
        await asyncio.sleep(READ_EVERY_S)


async def _write_on(site: Site, seen: Watch) -> None:
    for version in itertools.count(1):
        for what in (ACCOUNT, MEETING):
            seen.writes[what].append(await site.write(what, version))
            await asyncio.sleep(WRITE_EVERY_S)


async def _leave(site: Site, seen: Watch, token: str) -> None:
    """Sign out at the first shard, and go on asking the second for a second."""
    reads = [await site.read(ACCOUNT, 1, token)]
    status, _ = await site.call(0, "POST", "/auth/logout", token=token)
    assert status < 300, status
    acked_s = now_s()
    while now_s() < acked_s + LATE_S + 0.2:
        reads.append(await site.read(ACCOUNT, 1, token))
        await asyncio.sleep(READ_EVERY_S)
    seen.left.append((acked_s, reads))


async def late_ms(site: Site, what: str, versions: range) -> list[float]:
    """Of changes at the first shard: from the acknowledgement until the second was asked for what showed it."""
    found = []
    for version in versions:
        await site.read(what, 1)
        write = await site.write(MEETING, version)
        while (read := await site.read(what, 1)).version != version:
            pass
        found.append(max(0.0, read.begun_s - write.acked_s) * 1000)
    return found


def now_s() -> float:
    return time.monotonic()


def summary(seen: Watch, away: Away) -> Mapping[str, list[float]]:
    """Milliseconds of each answer, by when it was asked for."""
    return {
        "with Redis": seen.took_ms(0, away.since_s),
        "without": seen.took_ms(away.since_s, away.until_s),
        "and after": seen.took_ms(away.until_s, float("inf")),
    }


async def main(valkey: ValkeyServer, shards: list[MeetServer]) -> int:
    async with site_on(shards) as site:
        seen, away = await watch(site, valkey, calm_s=5, away_s=10)
        for when, took in summary(seen, away).items():
            sys.stdout.write(f"{when:12} {len(took):5} answers in {_quantiles(took)}\n")
        failures = seen.failures(away)
        sys.stdout.write("\n".join([*failures[:20], f"{len(failures)} wrong of {len(seen.reads)}\n"]))
        for number, what in enumerate((MEETING, LIST), 1):
            told = await late_ms(site, what, range(number * 10_000, number * 10_000 + CHANGES))
            sys.stdout.write(f"a change is seen at the other shard ({what}) after {_quantiles(told)}\n")
        valkey.freeze()
        alone = await late_ms(site, LIST, range(30_000, 30_000 + CHANGES_ALONE))
        sys.stdout.write(f"without Redis after {_quantiles(alone)}\n")
        valkey.thaw()
        return 1 if failures else 0


def _quantiles(ms: list[float]) -> str:
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return ", ".join(f"{name} {quantile(ms, share):.1f} ms" for name, share in shares.items())


if __name__ == "__main__":
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer(fsync=True))
        redis = stack.enter_context(ValkeyServer())
        databases = stack.enter_context(contextlib.closing(Databases(postgres.url)))
        running = stack.enter_context(two_shards(databases.create(), redis))
        sys.exit(asyncio.run(main(redis, running)))
