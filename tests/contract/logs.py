"""Builders for tests of the room log: rooms, and what is written into them."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import delete, func, insert, select, update

from meetserver.accounts.models import user_account
from meetserver.adapters.engine import open_database
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.adapters.room_log import SqlRoomLog, open_room_log
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import StoreError
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId, ShardId, UserId
from meetserver.meetings.models import meeting
from meetserver.ports import Commit, Entry, OpenSession, Started
from meetserver.rooms.models import room as room_table
from meetserver.rooms.models import room_event, room_session, room_snapshot

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SHARD = ShardId("shard-1")
ANN = ParticipantId("ann")
OWNER = UserId("owner")

RoomLogs: TypeAlias = SqlRoomLog | MemoryRoomLog


def entry(seq: int, epoch: int, **fields: Any) -> Entry:
    """Ann's chat message; one a second, from noon."""
    at = NOON + timedelta(seconds=seq)
    given: dict[str, Any] = {"type": "chat.sent", "v": 1, "by": ANN, "at": at, "data": b'{"n":%d}' % seq}
    return Entry(epoch=epoch, seq=seq, **(given | fields))


def session(name: str, **fields: Any) -> OpenSession:
    token_hash = name.encode().ljust(32, b".")
    given: dict[str, Any] = {"participant": ANN, "token_hash": token_hash, "ticket": f"ticket of {name}"}
    return OpenSession(session=SessionId(name), **(given | fields))


class OwnedRoom:
    """A room as its owner sees it: knows its epoch and last seq, and makes the next commit."""

    def __init__(self, log: RoomLogs, room: RoomId, started: Started) -> None:
        self.log = log
        self.room = room
        self.epoch = started.epoch
        self.last_seq = started.last_seq

    def next_commit(self, *entries: Mapping[str, Any], **others: Any) -> Commit:
        """Entries with these fields, after the last one."""
        numbered = enumerate(entries or ({},), self.last_seq + 1)
        made = tuple(entry(seq, self.epoch, **fields) for seq, fields in numbered)
        return Commit(self.room, self.epoch, self.last_seq, made, **others)

    async def write(self, *entries: Mapping[str, Any], **others: Any) -> StoreError | None:
        """Commit, and go on from there if it worked."""
        commit = self.next_commit(*entries, **others)
        (answer,) = await self.log.commit([commit])
        if answer is None:
            self.last_seq = commit.entries[-1].seq
        return answer


class World(ABC):
    """A room log, and whatever stands round it."""

    log: RoomLogs

    @abstractmethod
    async def given_room(self, room: str = "r1") -> RoomId: ...
    @abstractmethod
    async def delete_meeting(self, room: RoomId) -> None: ...
    @abstractmethod
    async def rows_left(self) -> int:
        """Of entries, snapshots and sessions."""

    async def given_owned_room(self, room: str = "r1", *, now_ms: int = 1000) -> OwnedRoom:
        room_id = await self.given_room(room)
        return OwnedRoom(self.log, room_id, await self.log.start(room_id, SHARD, now_ms))


class MemoryWorld(World):
    log: MemoryRoomLog

    def __init__(self) -> None:
        self.log = MemoryRoomLog()

    async def given_room(self, room: str = "r1") -> RoomId:
        self.log.create(RoomId(room), meeting=MeetingId(f"meeting of {room}"), title="Standup", settings={"chat": True})
        return RoomId(room)

    async def delete_meeting(self, room: RoomId) -> None:
        self.log.delete(room)

    async def rows_left(self) -> int:
        return len(self.log.rooms)


class SqlWorld(World):
    log: SqlRoomLog

    def __init__(self, config: Config, database: Database) -> None:
        self.config = config
        self.database = database
        self.log = open_room_log(config, database, PlainSealer())

    async def given_user(self, user: UserId) -> UserId:
        if not await self.database.fetch(select(user_account.c.id).where(user_account.c.id == user)):
            row = {"id": user, "email": user, "email_key": user, "name": user, "password_hash": "", "created_at": NOON}
            await self.database.write(insert(user_account).values(row))
        return user

    async def given_room(self, room: str = "r1") -> RoomId:
        await self.given_user(OWNER)
        about = {"id": f"meeting of {room}", "owner_id": OWNER, "title": "Standup", "settings": {"chat": True}}
        await self.database.write(insert(meeting).values(about | {"created_at": NOON, "updated_at": NOON}))
        await self.database.write(insert(room_table).values(id=room, meeting_id=about["id"], created_at=NOON))
        return RoomId(room)

    async def delete_meeting(self, room: RoomId) -> None:
        await self.database.write(delete(meeting).where(meeting.c.id == f"meeting of {room}"))

    async def rows_left(self) -> int:
        tables = (room_table, room_event, room_snapshot, room_session)
        return sum([(await self.database.fetch(select(func.count()).select_from(table)))[0][0] for table in tables])

    async def room_row(self, room: RoomId) -> Any:
        (row,) = await self.database.fetch(select(room_table).where(room_table.c.id == room))
        return row

    async def set_room(self, room: RoomId, **values: Any) -> None:
        await self.database.write(update(room_table).where(room_table.c.id == room).values(values))


@contextlib.asynccontextmanager
async def world_on(config: Config) -> AsyncIterator[SqlWorld]:
    """Over the database, migrated, that `config` names."""
    database = open_database(config)
    world = SqlWorld(config, database)
    try:
        yield world
    finally:
        await world.log.close()
        await database.close()
