"""The SQL of how many files there are, and how large they are together. Whatever adds or deletes files counts here, in
the same unit of work: so two who come at once never both find room for one.

Counters are changed in one order (kinds, meetings, owners; each by id), so that nobody waits for each other in a ring.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol
from zlib import crc32

from sqlalchemy import Select, Table, column, func, select, table, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.database import Database
from meetserver.files.messages import Usage
from meetserver.files.models import file, upload, usage_of_kind, usage_of_meeting, usage_of_owner
from meetserver.ids import MeetingId, UserId

# As much of these rows as is said beside how much somebody has: their tables are described in packages beside this one.
account = table("user_account", column("id"), column("name"), column("email"))
meeting = table("meeting", column("id"), column("owner_id"))

NONE = Usage(0, 0)
SLOT = ";"


class Counted(Protocol):
    """A file, as far as it counts. Its meeting's and its owner's counters may be gone with them."""

    @property
    def meeting_id(self) -> MeetingId | None: ...

    @property
    def owner_id(self) -> UserId | None: ...

    @property
    def media_type(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...


COUNTED = (file.c.meeting_id, file.c.owner_id, file.c.media_type, file.c.size_bytes)
"""Columns of `file` that make a `Counted`."""


async def add(connection: AsyncConnection, more: Counted) -> None:
    size = {"files": 1, "bytes": more.size_bytes}
    insert: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    for counters, id_ in _counters(more):
        upsert = insert(counters).values(id=id_, **size)
        summed = {name: counters.c[name] + upsert.excluded[name] for name in size}
        await connection.execute(upsert.on_conflict_do_update(index_elements=[counters.c.id], set_=summed))


async def take_away(connection: AsyncConnection, gone: Iterable[Counted]) -> None:
    sums: dict[tuple[str, str], tuple[Table, Usage]] = {}
    for one in gone:
        for counters, id_ in _counters(one):
            _, before = sums.get((counters.name, id_), (counters, NONE))
            sums[counters.name, id_] = counters, before + Usage(1, one.size_bytes)
    for (_, id_), (counters, less) in sorted(sums.items(), key=lambda entry: entry[0]):
        left = {"files": counters.c.files - less.files, "bytes": counters.c.bytes - less.bytes}
        await connection.execute(update(counters).where(counters.c.id == id_).values(**left))


def _counters(one: Counted) -> Iterable[tuple[Table, str]]:
    """A kind has several, by owner: with one, all who upload at once would change the same row."""
    slot = crc32((one.owner_id or "").encode()) % limits.USAGE_SLOTS
    yield usage_of_kind, f"{one.media_type.partition('/')[0]}{SLOT}{slot}"
    if one.meeting_id is not None:
        yield usage_of_meeting, one.meeting_id
    if one.owner_id is not None:
        yield usage_of_owner, one.owner_id


async def of_owner(connection: AsyncConnection, owner: UserId) -> Usage:
    return await _read(connection, usage_of_owner, owner)


async def of_meeting(connection: AsyncConnection, meeting: MeetingId) -> Usage:
    return await _read(connection, usage_of_meeting, meeting)


async def of_server(connection: AsyncConnection) -> Usage:
    """All there are."""
    query = select(func.coalesce(func.sum(usage_of_kind.c.files), 0), func.coalesce(func.sum(usage_of_kind.c.bytes), 0))
    files, size = (await connection.execute(query)).one()
    return Usage(int(files), int(size))


async def by_kind(database: Database) -> dict[str, Usage]:
    """The first halves of media types, and how much there is of each. One slot alone may be below zero: what an account
    brought that is gone is taken away in another one."""
    sums: dict[str, Usage] = {}
    for row in await database.fetch(select(usage_of_kind).order_by(usage_of_kind.c.id)):
        kind = row.id.partition(SLOT)[0]
        sums[kind] = sums.get(kind, NONE) + Usage(row.files, row.bytes)
    return {kind: there for kind, there in sums.items() if there.files > 0}


async def largest_owners(database: Database, limit: int) -> list[Any]:
    """Rows of id, name, email, files, bytes: who has most first."""
    query = select(account, *_sums(usage_of_owner)).where(usage_of_owner.c.id == account.c.id)
    return await database.fetch(_largest(query, usage_of_owner, limit))


async def largest_meetings(database: Database, limit: int) -> list[Any]:
    """Rows of id, owner_id, files, bytes: that with most first."""
    query = select(meeting, *_sums(usage_of_meeting)).where(usage_of_meeting.c.id == meeting.c.id)
    return await database.fetch(_largest(query, usage_of_meeting, limit))


async def account_of(database: Database, id_: str) -> Any | None:
    """Its id, name and email, if this is an account's id."""
    rows = await database.fetch(select(account).where(account.c.id == id_))
    return rows[0] if rows else None


async def deleted(database: Database, now: datetime) -> Usage:
    """What was, and is in the store still; as the next two, limits.FILES_COUNTED at most."""
    return await _count(database, select(file.c.size_bytes).where(file.c.deleted_at <= now))


async def held(database: Database) -> Usage:
    return await _count(database, select(file.c.size_bytes).where(file.c.is_held, file.c.deleted_at.is_(None)))


async def coming(database: Database, now: datetime) -> Usage:
    """Uploads under way, and what has come of them."""
    sizes = select(upload.c.offset_bytes.label("size_bytes")).where(upload.c.expires_at > now)
    return await _count(database, sizes.order_by(upload.c.expires_at))


def _largest(query: Select[Any], counters: Table, limit: int) -> Select[Any]:
    return query.where(counters.c.bytes > 0).order_by(counters.c.bytes.desc()).limit(limit)


async def _count(database: Database, sizes: Select[Any]) -> Usage:
    some = sizes.limit(limits.FILES_COUNTED).subquery()
    rows = await database.fetch(select(func.count(), func.coalesce(func.sum(some.c.size_bytes), 0)).select_from(some))
    return Usage(int(rows[0][0]), int(rows[0][1]))


async def _read(connection: AsyncConnection, counters: Table, id_: str) -> Usage:
    row = (await connection.execute(select(*_sums(counters)).where(counters.c.id == id_))).first()
    return NONE if row is None else Usage(*row)


def _sums(counters: Table) -> tuple[Any, Any]:
    return counters.c.files, counters.c.bytes
