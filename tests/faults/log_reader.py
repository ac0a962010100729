"""The rooms' logs as the database holds them, read past the server, for the checker."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import select

from meetserver import wire
from meetserver.adapters.clock import SystemClock
from meetserver.adapters.engine import open_database
from meetserver.adapters.random import SystemRandom
from meetserver.adapters.room_log import SqlRoomLog, open_room_log
from meetserver.config import load_config
from meetserver.ids import RoomId
from meetserver.keys.master import master_secret
from meetserver.keys.ring import KeyRing
from meetserver.ports import Entry
from meetserver.rooms.models import room as room_table
from tests.faults.history import LogEntry, content_of

PAGE = 1000


async def read_logs(
    environment: Mapping[str, str], after: Mapping[str, int] = MappingProxyType({})
) -> dict[str, list[LogEntry]]:
    """Every room's log, of those in `after` from the entry after that seq; `environment`: the server's variables."""
    config = load_config(environment)
    database = open_database(config)
    try:
        ring = await KeyRing.open(database, master_secret(config), SystemClock(), SystemRandom())
        log = open_room_log(config, database, ring)
        try:
            rooms = [row.id for row in await database.fetch(select(room_table.c.id))]
            return {room: await _read(log, room, after.get(room, 0)) for room in rooms}
        finally:
            await log.close()
    finally:
        await database.close()


async def _read(log: SqlRoomLog, room: RoomId, after: int) -> list[LogEntry]:
    entries: list[LogEntry] = []
    while page := await log.page(room, entries[-1].seq if entries else after, PAGE):
        entries += [_entry(entry) for entry in page]
    return entries


def _entry(entry: Entry) -> LogEntry:
    return LogEntry(
        epoch=entry.epoch,
        seq=entry.seq,
        by=entry.by,
        type=entry.type,
        content=content_of(entry.type, entry.by, wire.timestamp(entry.at), entry.data),
        txn=entry.txn,
        to=None if entry.to is None else frozenset(entry.to),
    )
