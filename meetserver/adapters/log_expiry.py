"""ports.LogExpiry in SQL. Single statements, as all that touches a room's rows (docs/decisions/0002)."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from meetserver.adapters.commit_path import about_entry
from meetserver.adapters.room_log import entry_of
from meetserver.adapters.stored_snapshots import to_stored
from meetserver.database import Big, Bytes, Database
from meetserver.ids import MeetingId, RoomId
from meetserver.meetings.models import RETENTION, meeting
from meetserver.ports import LASTING, Aging, Entry, Sealer
from meetserver.rooms.messages import Expired
from meetserver.rooms.models import HAS_BASE, room, room_event, room_snapshot

SETTING: Final = "retention_days"


class SqlLogExpiry:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def aging(self, after: MeetingId, before: datetime, limit: int, *, in_all: bool) -> list[Aging]:
        some = (
            select(meeting.c.id, meeting.c.settings, room.c.id.label("room"), room.c.log_base, room.c.last_seq)
            .join(room, room.c.meeting_id == meeting.c.id)
            .where(true() if in_all else RETENTION, meeting.c.id > after, ~room.c.is_quarantined)
            .order_by(meeting.c.id)
            .limit(limit)
            .subquery()
        )
        oldest = room_event.alias("oldest")
        is_first = and_(oldest.c.room_id == some.c.room, oldest.c.seq == some.c.log_base + 1, oldest.c.at <= before)
        is_more = or_(oldest.c.type != Expired.type, oldest.c.seq < some.c.last_seq)
        query = select(some, oldest.c.at).outerjoin(oldest, and_(is_first, is_more)).order_by(some.c.id)
        return [
            Aging(row.id, row.room, row.log_base, row.at, row.settings.get(SETTING))
            for row in await self._database.fetch(query)
        ]

    async def unfinished(self, after: RoomId, limit: int) -> list[tuple[RoomId, int]]:
        left = select(room_event.c.seq).where(*_covered(room.c.id, room.c.log_base)).exists()
        query = select(room.c.id, room.c.log_base).where(HAS_BASE, room.c.id > after, left).order_by(room.c.id)
        return [(RoomId(row.id), row.log_base) for row in await self._database.fetch(query.limit(limit))]

    async def set_base(self, room_id: RoomId, seq: int, data: bytes) -> None:
        """The row first: the log never begins where nothing stands that it could build upon."""
        mine = and_(room.c.id == room_id, room.c.log_base < seq)
        sealed = await to_stored(self._sealer, room_id, seq, data)
        with suppress(IntegrityError):  # the room went in this very moment
            await self._database.write(self._insert(room_id, seq, sealed, select(room.c.id).where(mine).exists()))
        await self._database.write(update(room).where(mine).values(log_base=seq))
        now = select(room.c.log_base).where(room.c.id == room_id).scalar_subquery()
        older = room_snapshot.c.room_id == room_id, room_snapshot.c.is_base, room_snapshot.c.seq < now
        await self._database.write(delete(room_snapshot).where(*older))

    def _insert(self, room_id: RoomId, seq: int, sealed: bytes, is_wanted: Any) -> Any:
        row: Any = select(
            bindparam("room", room_id), bindparam("seq", seq, Big), true(), bindparam("data", sealed, Bytes)
        )
        insert: Any = (sqlite if self._database.dialect == "sqlite" else postgresql).insert(room_snapshot)
        return insert.from_select(["room_id", "seq", "is_base", "data"], row.where(is_wanted)).on_conflict_do_update(
            index_elements=[room_snapshot.c.room_id, room_snapshot.c.seq],
            set_={"is_base": true(), "data": insert.excluded.data},
        )

    async def told_later(self, room: RoomId, base: int, after_seq: int, limit: int) -> Sequence[Entry]:
        return await self._entries(room, room_event.c.subject <= base, room_event.c.seq > after_seq, limit=limit)

    async def covered(
        self, room: RoomId, base: int, types: Sequence[str], after_seq: int, limit: int
    ) -> Sequence[Entry]:
        between = room_event.c.seq > after_seq, room_event.c.seq <= base
        return await self._entries(room, room_event.c.type.in_(types), *between, limit=limit)

    async def sweep(self, room: RoomId, base: int) -> None:
        await self._database.sweep(room_event, *_covered(room, base))

    async def _entries(self, room: RoomId, *conditions: Any, limit: int) -> list[Entry]:
        query = select(room_event).where(room_event.c.room_id == room, *conditions).order_by(room_event.c.seq)
        rows = await self._database.fetch(query.limit(limit))
        return [entry_of(row, self._sealer.unseal(row.data, about_entry(room, row.seq))) for row in rows]


def _covered(room: Any, base: Any) -> tuple[Any, ...]:
    return room_event.c.room_id == room, room_event.c.seq <= base, room_event.c.type.not_in(LASTING)
