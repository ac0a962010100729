"""The SQL of contents that are still coming."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.errors import Refusal
from meetserver.files.models import upload
from meetserver.files.parts import Part
from meetserver.files.store import columns, of_row
from meetserver.ids import MeetingId, UserId

Direct: TypeAlias = Literal["waiting", "taking_in", "refused"]


class Upload(Struct, frozen=True):
    """`id` is that of the content and of the file that it becomes. `key` is sealed. `size_bytes`: as said beforehand,
    if it was. `direct`, `refusal`: of one that comes by way of the store itself (direct.py)."""

    id: str
    meeting_id: MeetingId | None
    owner_id: UserId | None
    uploader: str
    name: str
    media_type: str
    size_bytes: int | None
    offset_bytes: int
    parts: list[Part]
    key: bytes
    created_at: datetime
    expires_at: datetime
    direct: Direct | None = None
    refusal: Refusal | None = None
    by_message: bool = False


async def insert_upload(connection: AsyncConnection, wanted: Upload) -> None:
    await connection.execute(insert(upload).values(**columns(wanted)))


async def bytes_coming(connection: AsyncConnection, owner: UserId, meeting: MeetingId) -> tuple[int, int]:
    """That will count in this account's quota, as far as was said; and those of them that come to this meeting."""
    all_, there = func.sum(upload.c.size_bytes), func.sum(upload.c.size_bytes).filter(upload.c.meeting_id == meeting)
    query = select(func.coalesce(all_, 0), func.coalesce(there, 0)).where(upload.c.owner_id == owner)
    own, here = (await connection.execute(query)).one()
    return int(own), int(here)


async def count_of(connection: AsyncConnection, owner: UserId, uploader: str) -> int:
    """Of those that somebody brings."""
    query = select(func.count()).where(upload.c.owner_id == owner, upload.c.uploader == uploader)
    return int((await connection.execute(query)).scalar_one())


async def read_upload(database: Database, id_: str, now: datetime) -> Upload | None:
    """If it may go on."""
    rows = await database.fetch(select(upload).where(upload.c.id == id_, upload.c.expires_at > now))
    return of_row(Upload, rows[0]) if rows else None


async def advance(database: Database, before: Upload, after: Upload) -> bool:
    """False: somebody else has added to it meanwhile, or it is gone."""
    query = update(upload).where(upload.c.id == before.id, upload.c.offset_bytes == before.offset_bytes)
    changed = {name: columns(after)[name] for name in ("offset_bytes", "parts", "expires_at")}
    return bool(await database.write(query.values(**changed).returning(upload.c.id)))


async def delete_upload(connection: AsyncConnection, id_: str) -> Upload | None:
    """As it was then: its meeting, and its owner's account, may have gone meanwhile. None: there was none."""
    row = (await connection.execute(delete(upload).where(upload.c.id == id_).returning(upload))).first()
    return None if row is None else of_row(Upload, row)


async def existing(database: Database, ids: Collection[str]) -> set[str]:
    """Of these."""
    return {row.id for row in await database.fetch(select(upload.c.id).where(upload.c.id.in_(ids)))}


async def expired(database: Database, now: datetime, limit: int) -> list[str]:
    rows = await database.fetch(select(upload.c.id).where(upload.c.expires_at <= now).limit(limit))
    return [row.id for row in rows]
