"""The SQL of erasures: the receipts, and all that the accounts' own tables know about somebody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts.models import (
    auth_session,
    erasure,
    external_identity,
    passkey,
    recovery_code,
    totp,
    user_account,
    user_role,
)
from meetserver.database import Database
from meetserver.ids import UserId
from meetserver.wire import timestamp

TOLD: Final[Mapping[Table, tuple[str, ...]]] = {
    user_account: ("email", "name", "timezone", "created_at", "verified_at"),
    user_role: ("role", "granted_at"),
    auth_session: ("kind", "name", "scopes", "user_agent", "address", "methods", "created_at", "last_used_at"),
    external_identity: ("provider", "issuer", "subject", "created_at", "last_used_at"),
    passkey: ("name", "created_at", "last_used_at"),
    totp: ("created_at", "confirmed_at"),
    recovery_code: ("created_at", "used_at"),
}
"""What an export shows of each table: all that is about the person, and nothing that one could sign in with."""


class ErasureRow(Struct, frozen=True):
    id: str
    user_id: UserId
    requested_at: datetime
    finished_at: datetime | None = None
    report: dict[str, dict[str, int]] = {}


async def insert_erasure(connection: AsyncConnection, row: ErasureRow) -> None:
    columns = {name: getattr(row, name) for name in row.__struct_fields__}
    await connection.execute(insert(erasure).values(**columns))


async def erasure_of_user(connection: AsyncConnection, user: UserId) -> ErasureRow | None:
    row = (await connection.execute(select(erasure).where(erasure.c.user_id == user))).first()
    return None if row is None else ErasureRow(**row._mapping)


async def read_erasure(database: Database, id_: str) -> ErasureRow | None:
    rows = await database.fetch(select(erasure).where(erasure.c.id == id_))
    return ErasureRow(**rows[0]._mapping) if rows else None


async def update_erasure(
    database: Database, id_: str, report: dict[str, dict[str, int]], finished_at: datetime | None
) -> None:
    values = {"report": report, "finished_at": finished_at}
    await database.write(update(erasure).where(erasure.c.id == id_).values(values))


async def delete_account(connection: AsyncConnection, user: UserId) -> dict[str, int]:
    """How many rows went, by table: those that the account's own takes along, too."""
    counts = {}
    for table in TOLD:
        query = select(func.count()).select_from(table).where(_of_user(table, user))
        counts[table.name] = int((await connection.execute(query)).scalar_one())
    await connection.execute(delete(user_account).where(user_account.c.id == user))
    return counts


async def read_account_data(database: Database, user: UserId) -> dict[str, list[dict[str, object]]]:
    data = {}
    for table, columns in TOLD.items():
        rows = await database.fetch(select(*(table.c[name] for name in columns)).where(_of_user(table, user)))
        data[table.name] = [{name: _plain(value) for name, value in row._mapping.items()} for row in rows]
    return data


def _of_user(table: Table, user: UserId) -> Any:
    return table.c["id" if table is user_account else "user_id"] == user


def _plain(value: object) -> object:
    return timestamp(value) if isinstance(value, datetime) else value
