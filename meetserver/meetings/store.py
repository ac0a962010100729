"""The SQL of meetings."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, column, delete, insert, select, table, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.ids import MeetingId, RoomId, UserId
from meetserver.meetings.models import meeting

# As much of these rows as a calendar entry sees: their tables are described in packages beside or above this one.
room = table("room", column("id"), column("meeting_id"), column("created_at"))
owner = table("user_account", column("id"), column("name"))


class Meeting(Struct, frozen=True):
    id: MeetingId
    owner_id: UserId
    title: str
    description: str
    starts_at: datetime | None
    duration_min: int | None
    timezone: str | None
    settings: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    room_id: RoomId
    owner_name: str


async def insert_with_room(connection: AsyncConnection, wanted: Meeting) -> None:
    columns = {column.name: getattr(wanted, column.name) for column in meeting.columns}
    await connection.execute(insert(meeting).values(**columns))
    await connection.execute(insert(room).values(id=wanted.room_id, meeting_id=wanted.id, created_at=wanted.created_at))


async def read(database: Database, id_: MeetingId) -> Meeting | None:
    rows = await database.fetch(_meetings().where(meeting.c.id == id_))
    return _meeting(rows[0]) if rows else None


async def locked(connection: AsyncConnection, id_: MeetingId) -> Meeting | None:
    row = (await connection.execute(_meetings().where(meeting.c.id == id_))).first()
    return None if row is None else _meeting(row)


async def page_of_owner(
    database: Database, owner_id: UserId, limit: int, before: tuple[datetime, str] | None
) -> list[Meeting]:
    """Newest first, those older than `before` (created_at, id)."""
    query = _meetings().where(meeting.c.owner_id == owner_id)
    if before is not None:
        query = query.where(tuple_(meeting.c.created_at, meeting.c.id) < tuple_(*before))
    rows = await database.fetch(query.order_by(meeting.c.created_at.desc(), meeting.c.id.desc()).limit(limit))
    return [_meeting(row) for row in rows]


async def update_columns(connection: AsyncConnection, id_: MeetingId, **columns: object) -> None:
    await connection.execute(update(meeting).where(meeting.c.id == id_).values(**columns))


async def remove(connection: AsyncConnection, id_: MeetingId) -> None:
    """The room and its log go with it."""
    await connection.execute(delete(meeting).where(meeting.c.id == id_))


def _meetings() -> Select[Any]:
    return (
        select(meeting, room.c.id.label("room_id"), owner.c.name.label("owner_name"))
        .join(room, room.c.meeting_id == meeting.c.id)
        .join(owner, owner.c.id == meeting.c.owner_id)
    )


def _meeting(row: Any) -> Meeting:
    return Meeting(**row._mapping)
