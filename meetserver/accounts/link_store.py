"""The SQL of mailed links."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts.models import email_token
from meetserver.database import Database
from meetserver.ids import UserId

Purpose: TypeAlias = Literal["verify", "reset", "invite", "email_old", "email_new"]


class LinkRow(Struct, frozen=True):
    """`data`: what it is about beside the account."""

    id: str
    user_id: UserId
    purpose: Purpose
    token_hash: bytes
    expires_at: datetime
    used_at: datetime | None = None
    data: dict[str, str] | None = None


async def insert_link(connection: AsyncConnection, link: LinkRow) -> None:
    columns = {name: getattr(link, name) for name in LinkRow.__struct_fields__}
    await connection.execute(insert(email_token).values(**columns))


async def use_link(
    connection: AsyncConnection, token_hash: bytes, purposes: Sequence[Purpose], at: datetime
) -> LinkRow | None:
    """In one statement, so that of many at once one gets it. None: unknown, used, or too old."""
    result = await connection.execute(
        update(email_token).where(*_is_live(token_hash, purposes, at)).values(used_at=at).returning(*email_token.c)
    )
    return _link(result.first())


async def read_live_link(
    database: Database, token_hash: bytes, purposes: Sequence[Purpose], now: datetime
) -> LinkRow | None:
    """Without using it."""
    rows = await database.fetch(select(email_token).where(*_is_live(token_hash, purposes, now)))
    return _link(rows[0] if rows else None)


async def links_of(connection: AsyncConnection, user: UserId, purposes: Sequence[Purpose]) -> list[LinkRow]:
    """Used ones too, the newest last."""
    query = (
        select(email_token)
        .where(email_token.c.user_id == user, email_token.c.purpose.in_(purposes))
        .order_by(email_token.c.expires_at)
    )
    return [LinkRow(**row._mapping) for row in await connection.execute(query)]


async def delete_links(connection: AsyncConnection, user: UserId, purposes: Sequence[Purpose]) -> None:
    """Used ones too."""
    await connection.execute(
        delete(email_token).where(email_token.c.user_id == user, email_token.c.purpose.in_(purposes))
    )


def _is_live(token_hash: bytes, purposes: Sequence[Purpose], now: datetime) -> tuple[Any, ...]:
    return (
        email_token.c.token_hash == token_hash,
        email_token.c.purpose.in_(purposes),
        email_token.c.used_at.is_(None),
        email_token.c.expires_at > now,
    )


def _link(row: Any) -> LinkRow | None:
    return None if row is None else LinkRow(**row._mapping)
