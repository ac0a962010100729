"""The SQL of which messages a file is in."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import column, exists, func, literal, select, table, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.files.models import KEPT_BY_MESSAGE, file, file_message
from meetserver.files.store import Cursor, File, of_row
from meetserver.ids import FileId, MeetingId, ParticipantId, RoomId
from meetserver.ports import FileClaim

# As much of this table as files see: it is described in a package beside this one.
room_event = table("room_event", column("room_id"), column("author"), column("txn"))


async def of_meeting(connection: AsyncConnection, meeting: MeetingId, ids: Collection[str]) -> list[File]:
    """Those of these that are there."""
    query = select(file).where(file.c.id.in_(ids), file.c.meeting_id == meeting, file.c.deleted_at.is_(None))
    return [of_row(File, row) for row in (await connection.execute(query)).all()]


async def counts(connection: AsyncConnection, ids: Collection[str]) -> dict[str, int]:
    """How many claims these have, those without one left out."""
    query = select(file_message.c.file_id, func.count()).where(file_message.c.file_id.in_(ids))
    rows = (await connection.execute(query.group_by(file_message.c.file_id))).all()
    return {row[0]: row[1] for row in rows}


async def add(connection: AsyncConnection, claims: Sequence[FileClaim]) -> None:
    """Those that are there stay."""
    rows = [{"file_id": one.file, "room_id": one.room, "author": one.author, "txn": one.txn} for one in claims]
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    await connection.execute(dialect.insert(file_message).on_conflict_do_nothing(), rows)


async def hide(connection: AsyncConnection, ids: Collection[str]) -> None:
    """Only who may see a message with one of these sees it from now on."""
    await connection.execute(update(file).where(file.c.id.in_(ids)).values(by_message=True))


async def claims_of(database: Database, ids: Collection[str]) -> list[FileClaim]:
    of_these = select(file_message).where(file_message.c.file_id.in_(ids), file.c.deleted_at.is_(None))
    rows = await database.fetch(of_these.where(file.c.id == file_message.c.file_id))
    return [FileClaim(FileId(r.file_id), RoomId(r.room_id), ParticipantId(r.author), r.txn) for r in rows]


async def by_message(
    connection: AsyncConnection, after: Cursor, until: datetime, limit: int
) -> list[tuple[datetime, str]]:
    """Files that only messages show, brought until then, by age, those after `after`."""
    query = select(file.c.created_at, file.c.id).where(KEPT_BY_MESSAGE, file.c.created_at <= until)
    query = query.where(tuple_(file.c.created_at, file.c.id) > tuple_(*after))
    rows = (await connection.execute(query.order_by(file.c.created_at, file.c.id).limit(limit))).all()
    return [(row.created_at, row.id) for row in rows]


async def unsent(connection: AsyncConnection, ids: Collection[str]) -> list[str]:
    """Those of these that no entry of a log was sent with."""
    entry = exists(literal(1)).where(
        room_event.c.room_id == file_message.c.room_id,
        room_event.c.author == file_message.c.author,
        room_event.c.txn == file_message.c.txn,
    )
    sent = exists(literal(1)).where(file_message.c.file_id == file.c.id, entry)
    rows = (await connection.execute(select(file.c.id).where(file.c.id.in_(ids), ~sent))).all()
    return [row.id for row in rows]
