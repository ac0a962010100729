"""The SQL of single sign-on: who somebody is at a provider."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts.models import external_identity
from meetserver.database import Database
from meetserver.ids import UserId


class IdentityRow(Struct, frozen=True):
    id: str
    user_id: UserId
    provider: str
    issuer: str
    subject: str
    created_at: datetime
    last_used_at: datetime


async def identity_of_subject(connection: AsyncConnection, issuer: str, subject: str) -> IdentityRow | None:
    of_subject = (external_identity.c.issuer == issuer) & (external_identity.c.subject == subject)
    row = (await connection.execute(select(external_identity).where(of_subject))).first()
    return None if row is None else IdentityRow(**row._mapping)


async def identities_of(database: Database, user: UserId) -> list[IdentityRow]:
    of_user = select(external_identity).where(external_identity.c.user_id == user)
    rows = await database.fetch(of_user.order_by(external_identity.c.created_at, external_identity.c.id))
    return [IdentityRow(**row._mapping) for row in rows]


async def count_identities(connection: AsyncConnection, user: UserId) -> int:
    query = select(func.count()).where(external_identity.c.user_id == user)
    return int((await connection.execute(query)).scalar_one())


async def insert_identity(connection: AsyncConnection, row: IdentityRow) -> None:
    columns = {name: getattr(row, name) for name in row.__struct_fields__}
    await connection.execute(insert(external_identity).values(**columns))


async def touch_identity(connection: AsyncConnection, identity: str, at: datetime) -> None:
    await connection.execute(
        update(external_identity).where(external_identity.c.id == identity).values(last_used_at=at)
    )


async def delete_identity(connection: AsyncConnection, user: UserId, identity: str) -> str | None:
    """The provider that it was at; None: the user has no such identity."""
    mine = (external_identity.c.id == identity) & (external_identity.c.user_id == user)
    row = await connection.execute(delete(external_identity).where(mine).returning(external_identity.c.provider))
    found: str | None = row.scalar_one_or_none()
    return found
