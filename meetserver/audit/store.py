"""The SQL of the security log. Nothing here changes or removes a row."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, insert, select

from meetserver import limits
from meetserver.audit.chain import BEGINNING, Link
from meetserver.audit.models import security_event
from meetserver.database import Database

row = security_event.c


async def head(database: Database) -> tuple[int, bytes]:
    """The newest event's number and hash; of an empty log 0 and what stands before the first."""
    rows = await database.fetch(select(row.seq, row.hash).order_by(row.seq.desc()).limit(1))
    return (rows[0].seq, bytes(rows[0].hash)) if rows else (0, BEGINNING)


async def append(database: Database, links: Sequence[Link]) -> None:
    """All of them or none. Raises IntegrityError when one with the same number is there already."""
    await database.write(insert(security_event), [_columns(link) for link in links])


async def page(database: Database, after_seq: int, limit: int) -> list[Link]:
    """Events after `after_seq`, rising."""
    return await _links(database, select(security_event).where(row.seq > after_seq).order_by(row.seq).limit(limit))


async def newest(
    database: Database,
    *,
    limit: int,
    type: str | None = None,
    actor: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    before_seq: int | None = None,
) -> list[Link]:
    """The newest `limit` events of which all that is given is true, falling."""
    query = select(security_event).order_by(row.seq.desc()).limit(limit)
    for column, value in ((row.type, type), (row.actor, actor), (row.subject, subject)):
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(row.at >= since, row.seq > _last_before(since))
    if before_seq is not None:
        query = query.where(row.seq < before_seq)
    return await _links(database, query)


def _last_before(at: datetime) -> ColumnElement[int]:
    """A number that no event at or after this time has, or 0: so that older ones need not be looked at. Numbers follow
    time as far as the servers' clocks agree."""
    before = select(row.seq).where(row.at < at - timedelta(seconds=limits.CLOCK_SKEW_S))
    return func.coalesce(before.order_by(row.at.desc()).limit(1).scalar_subquery(), 0)


async def _links(database: Database, query: Select[Any]) -> list[Link]:
    rows = [found._mapping for found in await database.fetch(query)]
    return [Link(**{name: found[name] for name in Link.__struct_fields__}) for found in rows]


def _columns(link: Link) -> dict[str, object]:
    return {name: getattr(link, name) for name in Link.__struct_fields__}
