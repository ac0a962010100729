"""The SQL of the server's rules about addresses."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.network.models import ip_rule
from meetserver.network.rules import IpRule


async def read(database: Database) -> tuple[IpRule, ...]:
    return _rules(await database.fetch(_listed()))


async def locked(connection: AsyncConnection) -> tuple[IpRule, ...]:
    return _rules((await connection.execute(_listed())).all())


async def replace(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    await connection.execute(delete(ip_rule))
    if rows:
        await connection.execute(insert(ip_rule), list(rows))


def _listed() -> Select[Any]:
    return select(ip_rule.c.effect, ip_rule.c.network, ip_rule.c.roles, ip_rule.c.note).order_by(ip_rule.c.position)


def _rules(rows: Sequence[Any]) -> tuple[IpRule, ...]:
    return tuple(IpRule(row.effect, row.network, tuple(row.roles), row.note) for row in rows)
