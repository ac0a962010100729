"""The SQL of files and of what they consist of."""

from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct, convert, to_builtins
from sqlalchemy import and_, delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.files.models import content, file
from meetserver.files.parts import Part, Thumbnail
from meetserver.ids import FileId, MeetingId, UserId

S = TypeVar("S", bound=Struct)
_LISTS = {"parts": list[Part], "thumbnails": list[Thumbnail]}
"""Columns of JSON."""
Cursor = tuple[datetime, str]


class Content(Struct, frozen=True):
    """`key` is sealed."""

    id: str
    owner_id: UserId | None
    digest: bytes
    size_bytes: int
    parts: list[Part]
    thumbnails: list[Thumbnail]
    key: bytes
    created_at: datetime


class File(Struct, frozen=True):
    id: FileId
    content_id: str
    meeting_id: MeetingId | None
    owner_id: UserId | None
    uploader: str
    name: str
    media_type: str
    size_bytes: int
    width: int | None
    height: int | None
    is_held: bool
    created_at: datetime


class Usage(Struct, frozen=True):
    files: int
    bytes: int


async def insert_file(connection: AsyncConnection, wanted: File) -> None:
    await connection.execute(insert(file).values(**columns(wanted)))


async def insert_content(connection: AsyncConnection, wanted: Content) -> None:
    await connection.execute(insert(content).values(**columns(wanted)))


async def shared_content(connection: AsyncConnection, owner: UserId, digest: bytes) -> Content | None:
    """The owner's content with these bytes that another file may share."""
    query = select(content).where(
        content.c.owner_id == owner, content.c.digest == digest, content.c.doomed_at.is_(None)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else of_row(Content, row)


async def usage_of_owner(connection: AsyncConnection, owner: UserId) -> Usage:
    return await _usage(connection, file.c.owner_id == owner)


async def usage_of_meeting(connection: AsyncConnection, meeting: MeetingId) -> Usage:
    return await _usage(connection, file.c.meeting_id == meeting)


async def read_file(database: Database, id_: str) -> File | None:
    """If it was not deleted."""
    rows = await database.fetch(select(file).where(file.c.id == id_, file.c.deleted_at.is_(None)))
    return of_row(File, rows[0]) if rows else None


async def read_content(database: Database, id_: str) -> Content | None:
    rows = await database.fetch(select(content).where(content.c.id == id_))
    return of_row(Content, rows[0]) if rows else None


async def page_of_meeting(database: Database, meeting: MeetingId, limit: int, before: Cursor | None) -> list[File]:
    """Newest first, those before `before` (created_at, id)."""
    return await _page(database, file.c.meeting_id == meeting, limit, before)


async def page_of_uploader(database: Database, user: UserId, limit: int, before: Cursor | None) -> list[File]:
    """As `page_of_meeting`, of all meetings."""
    return await _page(database, file.c.uploader == user, limit, before)


async def _page(database: Database, whose: Any, limit: int, before: Cursor | None) -> list[File]:
    query = select(file).where(whose, file.c.deleted_at.is_(None))
    if before is not None:
        query = query.where(tuple_(file.c.created_at, file.c.id) < tuple_(*before))
    rows = await database.fetch(query.order_by(file.c.created_at.desc(), file.c.id.desc()).limit(limit))
    return [of_row(File, row) for row in rows]


async def mark_deleted(database: Database, id_: str, now: datetime) -> bool:
    """False: it is not there, or was deleted before."""
    query = update(file).where(file.c.id == id_, file.c.deleted_at.is_(None)).values(deleted_at=now)
    return bool(await database.write(query.returning(file.c.id)))


async def mark_deleted_of(connection: AsyncConnection, user: UserId, now: datetime) -> int:
    """All that this account brought; how many there were."""
    query = update(file).where(file.c.uploader == user, file.c.deleted_at.is_(None)).values(deleted_at=now)
    return len((await connection.execute(query.returning(file.c.id))).all())


async def held(database: Database, after: str, limit: int) -> list[File]:
    """Those that nobody gets before they were looked at, by id."""
    query = select(file).where(file.c.is_held, file.c.deleted_at.is_(None), file.c.id > after)
    return [of_row(File, row) for row in await database.fetch(query.order_by(file.c.id).limit(limit))]


async def give_out(database: Database, id_: str) -> None:
    await database.write(update(file).where(file.c.id == id_).values(is_held=False))


# --- the second phase of deletion


async def mark_left_behind(connection: AsyncConnection, now: datetime, limit: int) -> int:
    """Files whose meeting, or whose owner's account, is gone are deleted too; how many there were."""
    gone = select(file.c.id).where(
        file.c.deleted_at.is_(None), or_(file.c.meeting_id.is_(None), file.c.owner_id.is_(None))
    )
    found = (await connection.execute(gone.limit(limit))).scalars().all()
    if found:
        await connection.execute(update(file).where(file.c.id.in_(found)).values(deleted_at=now))
    return len(found)


async def forget_deleted(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """The rows of files deleted before then go, and contents that nobody has any more are doomed; how many rows."""
    query = select(file.c.id, file.c.content_id).where(file.c.deleted_at < before).limit(limit)
    rows = (await connection.execute(query)).all()
    if not rows:
        return 0
    await connection.execute(delete(file).where(file.c.id.in_([row.id for row in rows])))
    await connection.execute(
        update(content)
        .where(
            content.c.id.in_([row.content_id for row in rows]),
            content.c.doomed_at.is_(None),
            ~exists().where(file.c.content_id == content.c.id),
        )
        .values(doomed_at=before)
    )
    return len(rows)


async def doomed(database: Database, limit: int) -> list[Content]:
    rows = await database.fetch(
        select(content).where(content.c.doomed_at.is_not(None)).order_by(content.c.doomed_at).limit(limit)
    )
    return [of_row(Content, row) for row in rows]


async def forget_content(database: Database, id_: str) -> None:
    await database.write(delete(content).where(and_(content.c.id == id_, content.c.doomed_at.is_not(None))))


async def _usage(connection: AsyncConnection, whose: Any) -> Usage:
    query = select(func.count(), func.coalesce(func.sum(file.c.size_bytes), 0))
    files, size = (await connection.execute(query.where(whose, file.c.deleted_at.is_(None)))).one()
    return Usage(int(files), int(size))


def columns(row: Struct) -> dict[str, Any]:
    """As the tables have them."""
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return {name: to_builtins(value) if name in _LISTS else value for name, value in fields.items()}


def of_row(kind: type[S], row: Any) -> S:
    """What `columns` was made of."""
    fields = {name: row._mapping[name] for name in kind.__struct_fields__}
    for name in _LISTS.keys() & fields.keys():
        fields[name] = convert(fields[name], _LISTS[name])
    return kind(**fields)
