"""The SQL of meetings."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, column, delete, insert, null, select, table, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.cache import keys
from meetserver.database import Database, changed
from meetserver.ids import MeetingId, RoomId, UserId
from meetserver.meetings.models import invitee, meeting
from meetserver.messages import Role

# As much of these rows as a calendar entry sees: their tables are described in packages beside or above this one.
room = table("room", column("id"), column("meeting_id"), column("created_at"), column("log_base"))
owner = table("user_account", column("id"), column("name"), column("email_key"), column("verified_at"))


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
    invited: Role | None = None
    """The role that whoever asked is invited with."""
    log_base: int = 0
    """Seq of what expired last in its room; 0: its log is whole."""


class FirstPage(Struct, frozen=True):
    """Of somebody's own meetings, and the cursor of the next one."""

    meetings: list[Meeting]
    following: str | None


async def insert_with_room(connection: AsyncConnection, wanted: Meeting) -> None:
    changed(connection, *keys.of_meeting(wanted.id, wanted.owner_id))
    columns = {column.name: getattr(wanted, column.name) for column in meeting.columns}
    await connection.execute(insert(meeting).values(**columns))
    await connection.execute(insert(room).values(id=wanted.room_id, meeting_id=wanted.id, created_at=wanted.created_at))


async def read(database: Database, id_: MeetingId) -> Meeting | None:
    """As it is for everybody, whoever is invited."""
    rows = await database.fetch(_meetings().where(meeting.c.id == id_))
    return _meeting(rows[0]) if rows else None


async def role_invited_with(database: Database, id_: MeetingId, email_key: str) -> Role | None:
    """`email_key`: of the verified address of whoever asks."""
    query = select(invitee.c.role).where(invitee.c.meeting_id == id_, invitee.c.email_key == email_key)
    rows = await database.fetch(query)
    return rows[0].role if rows else None


async def locked(connection: AsyncConnection, id_: MeetingId, email_key: str | None) -> Meeting | None:
    row = (await connection.execute(_meetings(email_key).where(meeting.c.id == id_))).first()
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
    wanted = update(meeting).where(meeting.c.id == id_).values(**columns)
    _note_change(connection, id_, await connection.scalar(wanted.returning(meeting.c.owner_id)))


async def remove(connection: AsyncConnection, id_: MeetingId) -> None:
    """The room and its log go with it."""
    wanted = delete(meeting).where(meeting.c.id == id_)
    _note_change(connection, id_, await connection.scalar(wanted.returning(meeting.c.owner_id)))


async def invitations_of(database: Database, user: UserId) -> list[dict[str, str]]:
    """To this user's address, if it is verified."""
    query = select(invitee.c.meeting_id, invitee.c.email, invitee.c.name, invitee.c.role)
    rows = await database.fetch(query.where(invitee.c.email_key.in_(_address_of(user))).order_by(invitee.c.id))
    return [dict(row._mapping) for row in rows]


async def remove_invitations(connection: AsyncConnection, user: UserId) -> int:
    """To this user's address, if it is verified; how many."""
    return int((await connection.execute(delete(invitee).where(invitee.c.email_key.in_(_address_of(user))))).rowcount)


def _note_change(connection: AsyncConnection, id_: MeetingId, owner_id: UserId | None) -> None:
    """Of a meeting that was there."""
    if owner_id is not None:
        changed(connection, *keys.of_meeting(id_, owner_id))


def _address_of(user: UserId) -> Select[Any]:
    return select(owner.c.email_key).where(owner.c.id == user, owner.c.verified_at.is_not(None))


def _meetings(email_key: str | None = None) -> Select[Any]:
    invited = select(invitee.c.role).where(invitee.c.meeting_id == meeting.c.id, invitee.c.email_key == email_key)
    role = null() if email_key is None else invited.scalar_subquery()
    return (
        select(
            meeting,
            room.c.id.label("room_id"),
            room.c.log_base,
            owner.c.name.label("owner_name"),
            role.label("invited"),
        )
        .join(room, room.c.meeting_id == meeting.c.id)
        .join(owner, owner.c.id == meeting.c.owner_id)
    )


def _meeting(row: Any) -> Meeting:
    return Meeting(**row._mapping)
