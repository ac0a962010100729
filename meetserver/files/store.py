"""The SQL of files and of what they consist of."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar

from msgspec import Struct, convert, to_builtins
from sqlalchemy import ColumnElement, and_, delete, exists, insert, or_, select, true, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.errors import Refusal
from meetserver.files import usage_store
from meetserver.files.models import KEPT, content, file
from meetserver.files.parts import Part, Thumbnail, blob_name
from meetserver.ids import FileId, MeetingId, UserId

S = TypeVar("S", bound=Struct)
_JSON: Any = {"parts": list[Part], "thumbnails": list[Thumbnail], "refusal": Refusal | None}
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

    @property
    def blobs(self) -> set[str]:
        """Their names."""
        return {blob_name(self.id, part) for part in self.parts} | {blob_name(self.id, px) for px in self.thumbnails}


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
    by_message: bool = False


async def insert_file(connection: AsyncConnection, wanted: File) -> None:
    await connection.execute(insert(file).values(**columns(wanted)))
    await usage_store.add(connection, wanted)


async def insert_content(connection: AsyncConnection, wanted: Content) -> None:
    await connection.execute(insert(content).values(**columns(wanted)))


async def shared_content(connection: AsyncConnection, owner: UserId, digest: bytes) -> Content | None:
    """The owner's content with these bytes that another file may share."""
    query = select(content).where(
        content.c.owner_id == owner, content.c.digest == digest, content.c.doomed_at.is_(None)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else of_row(Content, row)


def is_storable(text: str) -> bool:
    """Whether databases can be asked for it: people send anything, a NUL and half a surrogate pair too."""
    return "\0" not in text and text.encode(errors="ignore").decode() == text


async def read_file(database: Database, id_: str) -> File | None:
    """If it was not deleted, and its meeting was not either."""
    is_there = file.c.deleted_at.is_(None), file.c.meeting_id.is_not(None)
    rows = await database.fetch(select(file).where(file.c.id == id_, *is_there))
    return of_row(File, rows[0]) if rows else None


async def read_files(database: Database, ids: Collection[str]) -> list[File]:
    """As `read_file`, those of these that there are."""
    is_there = file.c.deleted_at.is_(None), file.c.meeting_id.is_not(None)
    return [of_row(File, row) for row in await database.fetch(select(file).where(file.c.id.in_(ids), *is_there))]


async def read_content(database: Database, id_: str) -> Content | None:
    rows = await database.fetch(select(content).where(content.c.id == id_))
    return of_row(Content, rows[0]) if rows else None


async def read_contents(database: Database, ids: Collection[str]) -> list[Content]:
    """Those of these that there are."""
    return [of_row(Content, row) for row in await database.fetch(select(content).where(content.c.id.in_(ids)))]


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


# Which files to delete.
LEFT_BEHIND = or_(file.c.meeting_id.is_(None), file.c.owner_id.is_(None))
"""Whose meeting, or whose owner's account, is gone."""


def of_id(id_: str) -> ColumnElement[bool]:
    return file.c.id == id_


def of_ids(ids: Collection[str]) -> ColumnElement[bool]:
    return file.c.id.in_(ids)


def of_uploader(user: UserId) -> ColumnElement[bool]:
    return file.c.uploader == user


def made_until(at: datetime, meetings: Collection[MeetingId] | None = None) -> ColumnElement[bool]:
    """In these meetings, or anywhere."""
    return and_(file.c.created_at <= at, true() if meetings is None else file.c.meeting_id.in_(meetings))


async def mark_deleted(connection: AsyncConnection, which: ColumnElement[bool], now: datetime, limit: int = 1) -> int:
    """Files of which this is true, and which were not deleted before, are from now on; how many there were."""
    some = select(file.c.id).where(KEPT, which).limit(limit)
    query = update(file).where(file.c.id.in_(some)).values(deleted_at=now).returning(*usage_store.COUNTED)
    gone = (await connection.execute(query)).all()
    await usage_store.take_away(connection, gone)
    return len(gone)


async def held(database: Database, after: str, limit: int) -> list[File]:
    """Those that nobody gets before they were looked at, by id."""
    is_there = file.c.deleted_at.is_(None), file.c.meeting_id.is_not(None)
    query = select(file).where(file.c.is_held, *is_there, file.c.id > after)
    return [of_row(File, row) for row in await database.fetch(query.order_by(file.c.id).limit(limit))]


async def give_out(database: Database, id_: str) -> None:
    await database.write(update(file).where(file.c.id == id_).values(is_held=False))


# --- the second phase of deletion


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


def columns(row: Struct) -> dict[str, Any]:
    """As the tables have them."""
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return {name: to_builtins(value) if name in _JSON else value for name, value in fields.items()}


def of_row(kind: type[S], row: Any) -> S:
    """What `columns` was made of."""
    fields = {name: row._mapping[name] for name in kind.__struct_fields__}
    for name in _JSON.keys() & fields.keys():
        fields[name] = convert(fields[name], _JSON[name])
    return kind(**fields)
