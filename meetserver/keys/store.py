"""The SQL of the key ring."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.keys.models import data_key


class DataKeyRow(Struct, frozen=True):
    """`retired_at`: from then on the key seals nothing, and still unseals. None: no end is set."""

    id: int
    wrapped: bytes
    created_at: datetime
    retired_at: datetime | None


async def data_keys(connection: AsyncConnection) -> list[DataKeyRow]:
    """All of them, oldest first."""
    rows = await connection.execute(select(data_key).order_by(data_key.c.id))
    return [DataKeyRow(row.id, row.wrapped, row.created_at, row.retired_at) for row in rows]


async def next_id(connection: AsyncConnection) -> int:
    highest: int | None = await connection.scalar(select(func.max(data_key.c.id)))
    return (highest or 0) + 1


async def insert_data_key(connection: AsyncConnection, row: DataKeyRow) -> None:
    await connection.execute(
        insert(data_key).values(id=row.id, wrapped=row.wrapped, created_at=row.created_at, retired_at=row.retired_at)
    )


async def retire_others(connection: AsyncConnection, than: int, at: datetime) -> None:
    """Let every key but this one seal until `at` at most; what was retired earlier stays so."""
    await connection.execute(
        update(data_key).where(data_key.c.id != than, data_key.c.retired_at.is_(None)).values(retired_at=at)
    )
