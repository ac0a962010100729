"""Rows a second of the room log's commit path: 50 rooms that each commit 2 entries again and again.

    .venv/bin/python -m bench.commit_path [seconds]

Through the committer, entries sealed, on SQLite and on a PostgreSQL of its own that syncs each commit. `cpu` is this
process's, per row. `insert` is the peer: one row at a time through SQLAlchemy, each in a transaction of its own.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from statistics import median

from sqlalchemy import insert

from meetserver.accounts.models import user_account
from meetserver.adapters.clock import SystemClock
from meetserver.adapters.engine import open_database
from meetserver.adapters.migrations import migrate
from meetserver.adapters.random import SystemRandom
from meetserver.adapters.room_log import SqlRoomLog, open_room_log
from meetserver.cluster.committer import Committer
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import StoreError
from meetserver.ids import ParticipantId, RoomId, ShardId
from meetserver.keys.ring import KeyRing
from meetserver.meetings.models import meeting
from meetserver.ports import Commit, Entry
from meetserver.rooms.models import room as room_table
from meetserver.rooms.models import room_event
from tests.servers.postgres import PostgresServer

ROOMS = 50
ENTRIES = 2
SECRET = b"a master secret that is only for measuring"
DATA = b'{"message_id":"01234567890123456789","text":"' + b"x" * 150 + b'"}'


class Room:
    """Commits, and when that is answered commits again."""

    def __init__(self, room: RoomId, epoch: int, committer: Committer) -> None:
        self.room, self.epoch, self.seq = room, epoch, 0
        self.committer = committer
        self.is_running = False

    def run(self) -> None:
        self.is_running = True
        self._next()

    def _next(self) -> None:
        now = datetime.now(UTC)
        entries = tuple(
            Entry(self.epoch, seq, now, ParticipantId("p1"), "chat.sent", 1, DATA, txn=f"t{seq}", body_hash=b"h" * 16)
            for seq in range(self.seq + 1, self.seq + 1 + ENTRIES)
        )
        self.committer.submit(Commit(self.room, self.epoch, self.seq, entries), self._done)

    def _done(self, error: StoreError | None) -> None:
        if error:
            raise error
        self.seq += ENTRIES
        if self.is_running:
            self._next()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[Database, SqlRoomLog]]:
    config = Config(database_url=url, secret_key=SECRET.decode())
    await migrate(config)
    database = open_database(config)
    log = open_room_log(config, database, await KeyRing.open(database, SECRET, SystemClock(), SystemRandom()))
    yield database, log
    await log.close()
    await database.close()


async def add_rooms(database: Database, count: int) -> list[RoomId]:
    now = datetime.now(UTC)
    user = {"id": "u", "email": "u", "email_key": "u", "name": "u", "password_hash": "", "created_at": now}
    await database.write(insert(user_account).values(user))
    for n in range(count):
        about = {"id": f"m{n}", "owner_id": "u", "title": "", "settings": {}, "created_at": now, "updated_at": now}
        await database.write(insert(meeting).values(about))
        await database.write(insert(room_table).values(id=f"r{n}", meeting_id=f"m{n}", created_at=now))
    return [RoomId(f"r{n}") for n in range(count)]


async def measure(name: str, url: str, seconds: float) -> None:
    async with opened(url) as (database, log):
        ids = await add_rooms(database, ROOMS + 1)
        committer = Committer(log)
        rooms = [Room(id_, (await log.start(id_, ShardId("s"), 1)).epoch, committer) for id_ in ids[:ROOMS]]
        for room in rooms:
            room.run()
        rates, cpu = [], []
        for _ in range(5):
            rows, wall, busy = sum(room.seq for room in rooms), time.perf_counter(), time.process_time()
            await asyncio.sleep(seconds / 5)
            rows = sum(room.seq for room in rooms) - rows
            rates.append(rows / (time.perf_counter() - wall))
            cpu.append((time.process_time() - busy) / rows * 1e6)
        for room in rooms:
            room.is_running = False
        await committer.close()
        peer = await measure_inserts(database, ids[ROOMS], seconds / 3)
        rate = median(rates)
        ours = f"{rate:8,.0f} rows/s  {median(cpu):5.1f} µs cpu/row"
        print(f"{name:10} {ours}   insert {peer:6,.0f} rows/s  ×{rate / peer:.1f}")


async def measure_inserts(database: Database, room: RoomId, seconds: float) -> float:
    seq, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        seq += 1
        row = {"room_id": room, "seq": seq, "epoch": 1, "at": datetime.now(UTC), "author": "p1", "type": "chat.sent"}
        await database.write(insert(room_event).values(row | {"version": 1, "data": DATA, "txn": f"t{seq}"}))
    return seq / (time.perf_counter() - began)


async def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        await measure("sqlite", f"sqlite:///{folder}/bench.sqlite3", seconds)
    with PostgresServer(fsync=True) as server:
        await measure("postgresql", server.url, seconds)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0))
