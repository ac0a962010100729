"""The SQL of who may come to a meeting: invitees and guest links."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Table, and_, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.ids import MeetingId
from meetserver.meetings.messages import LinkRole
from meetserver.meetings.models import guest_link, invitee
from meetserver.messages import Role

Cursor = tuple[datetime, str]


class Invitee(Struct, frozen=True):
    id: str
    email: str
    email_key: str
    name: str
    role: Role
    created_at: datetime


class GuestLink(Struct, frozen=True):
    id: str
    label: str
    role: LinkRole
    skips_lobby: bool
    secret_hash: bytes
    secret: bytes
    max_uses: int | None
    uses: int
    created_at: datetime
    expires_at: datetime | None


async def insert_invitees(connection: AsyncConnection, meeting: MeetingId, wanted: Sequence[Invitee]) -> None:
    if wanted:
        await connection.execute(insert(invitee), [{"meeting_id": meeting, **_columns(one)} for one in wanted])


async def insert_link(connection: AsyncConnection, meeting: MeetingId, wanted: GuestLink) -> None:
    await connection.execute(insert(guest_link).values(meeting_id=meeting, **_columns(wanted)))


async def count_invitees(connection: AsyncConnection, meeting: MeetingId) -> int:
    return await _count(connection, invitee, invitee.c.meeting_id == meeting)


async def count_links(connection: AsyncConnection, meeting: MeetingId) -> int:
    """Those that were not taken back."""
    return await _count(connection, guest_link, guest_link.c.meeting_id == meeting, guest_link.c.revoked_at.is_(None))


async def invitees(database: Database, meeting: MeetingId, limit: int, after: Cursor | None) -> list[Invitee]:
    """Oldest first, those after `after` (created_at, id)."""
    query = select(invitee).where(invitee.c.meeting_id == meeting)
    if after is not None:
        query = query.where(tuple_(invitee.c.created_at, invitee.c.id) > tuple_(*after))
    rows = await database.fetch(query.order_by(invitee.c.created_at, invitee.c.id).limit(limit))
    return [_invitee(row) for row in rows]


async def links(database: Database, meeting: MeetingId, limit: int, after: Cursor | None) -> list[GuestLink]:
    """Those that were not taken back, oldest first."""
    query = select(guest_link).where(guest_link.c.meeting_id == meeting, guest_link.c.revoked_at.is_(None))
    if after is not None:
        query = query.where(tuple_(guest_link.c.created_at, guest_link.c.id) > tuple_(*after))
    rows = await database.fetch(query.order_by(guest_link.c.created_at, guest_link.c.id).limit(limit))
    return [_link(row) for row in rows]


async def invitee_by_id(connection: AsyncConnection, meeting: MeetingId, id_: str) -> Invitee | None:
    row = (
        await connection.execute(select(invitee).where(invitee.c.meeting_id == meeting, invitee.c.id == id_))
    ).first()
    return None if row is None else _invitee(row)


async def is_invited(connection: AsyncConnection, meeting: MeetingId, email_key: str) -> bool:
    query = select(invitee.c.id).where(invitee.c.meeting_id == meeting, invitee.c.email_key == email_key)
    return (await connection.execute(query)).first() is not None


async def update_invitee(connection: AsyncConnection, id_: str, **columns: object) -> None:
    await connection.execute(update(invitee).where(invitee.c.id == id_).values(**columns))


async def delete_invitee(connection: AsyncConnection, id_: str) -> None:
    await connection.execute(delete(invitee).where(invitee.c.id == id_))


async def live_link(database: Database, meeting: MeetingId, secret_hash: bytes, now: datetime) -> GuestLink | None:
    """The link, if it can be used now."""
    rows = await database.fetch(
        select(guest_link).where(_is_live(meeting, now), guest_link.c.secret_hash == secret_hash)
    )
    return _link(rows[0]) if rows else None


async def use_link(database: Database, meeting: MeetingId, id_: str, now: datetime) -> bool:
    """Count one use. False: it was used up, taken back or ran out meanwhile."""
    link = guest_link.c
    return bool(
        await database.write(
            update(guest_link)
            .where(_is_live(meeting, now), link.id == id_)
            .values(uses=link.uses + 1)
            .returning(link.id)
        )
    )


async def revoke_link(database: Database, meeting: MeetingId, id_: str, now: datetime) -> bool:
    """False: there is none that was not taken back already."""
    link = guest_link.c
    return bool(
        await database.write(
            update(guest_link)
            .where(link.meeting_id == meeting, link.id == id_, link.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(link.id)
        )
    )


async def _count(connection: AsyncConnection, table: Table, *where: Any) -> int:
    query = select(func.count()).select_from(table).where(*where)
    return int((await connection.execute(query)).scalar_one())


def _is_live(meeting: MeetingId, now: datetime) -> Any:
    link = guest_link.c
    return and_(
        link.meeting_id == meeting,
        link.revoked_at.is_(None),
        or_(link.expires_at.is_(None), link.expires_at > now),
        or_(link.max_uses.is_(None), link.uses < link.max_uses),
    )


def _columns(row: Struct) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _invitee(row: Any) -> Invitee:
    return Invitee(**{name: row._mapping[name] for name in Invitee.__struct_fields__})


def _link(row: Any) -> GuestLink:
    return GuestLink(**{name: row._mapping[name] for name in GuestLink.__struct_fields__})
