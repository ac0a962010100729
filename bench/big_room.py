"""A room with 100,000 entries in its log: how long who joins waits for all of it, what it weighs, whom it holds up.

    .venv/bin/python -m bench.big_room [--entries 100000] [--database sqlite|postgresql]

The log is written by the server's own code (bench/big_story.py), then a server in a process of its own answers over
loopback. Times are from the hello to the last byte of the snapshot, the whiteboard fetched where only a link stands in
it. "Held up" is the longest that anything else of the server's waited meanwhile; as watching costs what a second person
would, those joins are others than the timed ones.
"""

import argparse
import asyncio
import threading
import time
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import msgspec
import psutil
from msgspec import Struct
from sqlalchemy import delete, func, select

from bench.big_story import Story
from meetserver import limits
from meetserver.accounts.messages import Register
from meetserver.adapters.room_log import SqlRoomLog, open_room_log
from meetserver.client import Api
from meetserver.config import Config
from meetserver.core import Core, open_core
from meetserver.database import Database
from meetserver.ids import RoomId, ShardId
from meetserver.meetings.messages import NewMeeting
from meetserver.ports import SnapshotRow
from meetserver.rooms.models import room_event, room_snapshot
from meetserver.rooms.snapshot import encode_snapshot
from tests.servers.databases import Databases
from tests.servers.meetserver import SECRET_KEY, MeetServer
from tests.servers.postgres import PostgresServer

ENTRIES = 100_000
GZIP = 31
"""To zlib."""
JOINS = 5
"""Of a room that is awake, plain and compressed."""
SETTLE_S = 2.0
"""A server that has just started does all its periodic jobs."""
EMAIL = "host@example.org"


class Place(Struct, frozen=True):
    """Where a server keeps its data."""

    data_dir: Path
    database_url: str

    @property
    def config(self) -> Config:
        return Config(
            data_dir=str(self.data_dir),
            database_url=self.database_url,
            secret_key=SECRET_KEY,
            bcrypt_cost=4,
            require_verified_email=False,
        )


class Filled(Struct, frozen=True):
    """A meeting whose room has a long log. `types` counts entries; `newest` and `behind` are snapshots: as of its end,
    and as old as they may be."""

    meeting: str
    room: RoomId
    types: Counter[str]
    strokes: int
    took_s: float
    newest: SnapshotRow
    behind: SnapshotRow


class Joined(Struct, frozen=True):
    """What somebody who came got: milliseconds to the ok, and to the end; bytes on the way."""

    ok_ms: float
    whole_ms: float
    size_bytes: int
    snapshot: dict[str, Any]
    board: bytes

    def page(self) -> list[dict[str, Any]]:
        """What is on the first page of the board."""
        plain = zlib.decompress(self.board, GZIP) if self.board.startswith(b"\x1f\x8b") else self.board
        board = msgspec.json.decode(plain)["snapshot"] if plain else self.snapshot["whiteboard"]
        found: list[dict[str, Any]] = board["pages"]["1"]
        return found


class Disk(Struct, frozen=True):
    entries: int
    log_bytes: int
    snapshot_seq: int
    snapshot_bytes: int


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[tuple[Core, SqlRoomLog]]:
    async with open_core(place.config) as core:
        log = open_room_log(place.config, core.database, core.keys)
        yield core, log
        await log.close()


async def fill(place: Place, entries: int) -> Filled:
    async with opened(place) as (core, log):
        await core.accounts.add(Register(EMAIL, "correct horse battery staple", "Host"))
        (owner,), _ = await core.accounts.users.page(limit=1, cursor=None, search=EMAIL, role=None)
        meeting = await core.meetings.create(owner.id, owner.name, NewMeeting(title="A long day"))
        story, types = Story(meeting.room_id, meeting.id), Counter[str]()
        then = story.state
        epoch = (await log.start(meeting.room_id, ShardId("bench"), 1)).epoch
        began = time.perf_counter()
        for batch in story.batches(entries, epoch, limits.COMMIT_BATCH_ENTRIES):
            [error] = await log.commit([batch.commit()])
            assert error is None, error
            types.update(entry.type for entry in batch.entries)
            if batch.state.seq < entries - limits.SNAPSHOT_ENTRIES + limits.COMMIT_BATCH_ENTRIES:
                then = batch.state
        took_s = time.perf_counter() - began
        await log.release(meeting.room_id, epoch)
        strokes = len(story.state.whiteboard.page("1").elements)
        newest, behind = (SnapshotRow(state.seq, encode_snapshot(state)) for state in (story.state, then))
        return Filled(meeting.id, meeting.room_id, types, strokes, took_s, newest, behind)


async def disk(database: Database, room: RoomId) -> Disk:
    size = func.coalesce(func.sum(func.length(room_event.c.data)), 0)
    [log] = await database.fetch(
        select(func.count().label("n"), size.label("size")).where(room_event.c.room_id == room)
    )
    of_room = room_snapshot.c.room_id == room
    kept = select(room_snapshot.c.seq, func.length(room_snapshot.c.data).label("size")).where(of_room)
    rows = await database.fetch(kept.order_by(room_snapshot.c.seq.desc()).limit(1))
    return Disk(log.n, log.size, rows[0].seq if rows else 0, rows[0].size if rows else 0)


class Client:
    """Somebody's browser, as far as it matters here."""

    def __init__(self, base_url: str, http: aiohttp.ClientSession, accepts: str) -> None:
        self._api = Api(base_url, http=http)
        self._http = http
        self._base_url = base_url
        self._accepts = accepts
        self.raw: aiohttp.ClientWebSocketResponse

    async def join(self, meeting: str) -> Joined:
        """Again as long as the room cannot be reached: it is being loaded."""
        began = 0.0
        while True:
            offer = await self._api.join(meeting, name="Newcomer")
            self.raw = await self._http.ws_connect(offer.ws_url, protocols=("meet.v1.json",), max_msg_size=0)
            await self.raw.receive()
            began = began or time.perf_counter()
            frame, size_bytes = await self.ask("hello", {"ticket": offer.ticket})
            if "ok" in frame:
                break
            assert frame["error"]["temporary"], frame
        ok = frame["ok"]
        ok_ms = (time.perf_counter() - began) * 1000
        href, board = ok["snapshot"]["whiteboard"].get("href"), b""
        if href is not None:
            board = await self._get(href, ok["resume_token"])
            size_bytes += len(board)
        return Joined(ok_ms, (time.perf_counter() - began) * 1000, size_bytes, ok["snapshot"], board)

    async def ask(self, type_: str, data: dict[str, Any]) -> tuple[Any, int]:
        """The answer, and how large it was."""
        txn = {} if type_ in ("hello", "bye") else {"txn": str(time.time_ns())}
        await self.raw.send_json({"id": type_, "type": type_, "data": data, **txn})
        while True:
            text = (await self.raw.receive()).data
            frame = msgspec.json.decode(text)
            if frame.get("re") == type_:
                return frame, len(text)

    async def _get(self, href: str, token: str) -> bytes:
        headers = {"Authorization": f"Session {token}", "Accept-Encoding": self._accepts}
        async with self._http.get(f"{self._base_url}{href}", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()


class Watch:
    """Asks the server something small again and again, from a thread of its own: `longest_ms` it took to answer."""

    def __init__(self, base_url: str) -> None:
        self._address = base_url.removeprefix("http://")
        self._is_over = threading.Event()
        self.longest_ms = 0.0

    def _run(self) -> None:
        connection = HTTPConnection(self._address)
        while not self._is_over.wait(0.001):
            began = time.perf_counter()
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            self.longest_ms = max(self.longest_ms, (time.perf_counter() - began) * 1000)
        connection.close()

    @contextmanager
    def during(self) -> Iterator["Watch"]:
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield self
        finally:
            self._is_over.set()
            thread.join()


class Site:
    """A server on this data, and people who come to the room."""

    def __init__(self, place: Place, filled: Filled) -> None:
        self._filled = filled
        self._server = MeetServer(place.database_url, settings={"MEET_RATE_FACTOR": "0"}, data_dir=place.data_dir)
        self._stack = AsyncExitStack()
        self.client: Client | None = None

    async def __aenter__(self) -> "Site":
        await asyncio.to_thread(self._server.start)
        self._stack.callback(self._server.close)
        self._http = await self._stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
        return self

    async def __aexit__(self, *_: object) -> None:
        """In order: the next server must not find somebody who has not quite left, or it loads the room at once."""
        await asyncio.to_thread(self._server.stop)
        await self._stack.aclose()

    @property
    def memory_mb(self) -> float:
        return float(psutil.Process(self._server.pid).memory_info().rss) / 1e6

    async def join(self, what: str, *, accepts: str = "identity", is_watched: bool = False) -> Joined:
        """Whoever came before leaves."""
        if self.client is not None:
            await self.leave()
        self.client = Client(self._server.base_url, self._http, accepts)
        watch = Watch(self._server.base_url)
        with watch.during() if is_watched else nullcontext():
            joined = await self.client.join(self._filled.meeting)
        assert len(joined.page()) == self._filled.strokes
        took = f"{joined.ok_ms:7.0f} ms ok{joined.whole_ms:8.0f} ms whole{joined.size_bytes / 1e6:7.1f} MB"
        print(f"{what:60}{f'{watch.longest_ms:7.0f} ms held up' if is_watched else took}", flush=True)
        return joined

    async def leave(self) -> None:
        assert self.client is not None
        await self.client.ask("bye", {})
        await self.client.raw.close()
        self.client = None

    async def do(self, what: str, type_: str, data: dict[str, Any]) -> None:
        assert self.client is not None
        with Watch(self._server.base_url).during() as watch:
            began = time.perf_counter()
            answer, _ = await self.client.ask(type_, data)
            assert "ok" in answer, answer
            took_ms = (time.perf_counter() - began) * 1000
        print(f"{what:60}{took_ms:7.0f} ms ok{watch.longest_ms:7.0f} ms held up", flush=True)


async def join_asleep(place: Place, filled: Filled, snapshot: SnapshotRow | None, what: str) -> None:
    """Twice, each time a server that has loaded nothing: once by the clock, once watched."""
    print(await _keep(place, filled.room, snapshot))
    async with Site(place, filled) as site:
        await asyncio.sleep(SETTLE_S)
        before = site.memory_mb
        await site.join(what)
        print(f"{'    memory of the room then':60}{site.memory_mb - before:7.0f} MB", flush=True)
        await site.leave()
    await _keep(place, filled.room, snapshot)
    async with Site(place, filled) as site:
        await asyncio.sleep(SETTLE_S)
        await site.join(what, is_watched=True)
        await site.leave()


async def measure(place: Place, entries: int) -> Filled:
    filled = await fill(place, entries)
    types = ", ".join(f"{count} {type_}" for type_, count in filled.types.most_common())
    print(f"{entries} entries in {filled.took_s:.1f} s: {types}")
    await join_asleep(place, filled, filled.newest, "asleep, with a snapshot")
    await join_asleep(place, filled, filled.behind, f"asleep, its snapshot {entries - filled.behind.seq} entries old")
    await join_asleep(place, filled, None, "asleep, without a snapshot: the whole log")
    await _keep(place, filled.room, filled.newest)
    async with Site(place, filled) as site:
        joined = await site.join("again")
        for accepts in ("identity", "gzip"):
            for number in range(JOINS):
                await site.join(f"awake, {accepts}, {number + 1}", accepts=accepts)
            await site.join(f"awake, {accepts}", accepts=accepts, is_watched=True)
        forward = {"op": "order", "id": joined.page()[0]["id"], "to": "forward"}
        await site.do("forward", "whiteboard.apply", {"ops": [forward]})
        await site.do("clear", "whiteboard.clear", {})
    return filled


async def _keep(place: Place, room: RoomId, snapshot: SnapshotRow | None) -> str:
    """This one alone; what is on disk then."""
    async with opened(place) as (core, log):
        await core.database.write(delete(room_snapshot).where(room_snapshot.c.room_id == room))
        if snapshot is not None:
            await log.save_snapshot(room, snapshot.seq, snapshot.data)
        found = await disk(core.database, room)
        return f"{'on disk':60}{found.log_bytes / 1e6:7.1f} MB log{found.snapshot_bytes / 1e6:7.1f} MB snapshot"


async def main(entries: int, database: str) -> None:
    with TemporaryDirectory() as folder:
        if database == "sqlite":
            await measure(Place(Path(folder), ""), entries)
        else:
            with PostgresServer() as postgres:
                await measure(Place(Path(folder), Databases(postgres.url).create()), entries)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.entries, arguments.database))
