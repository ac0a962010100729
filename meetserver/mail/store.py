"""The SQL of the outbox."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import column, delete, insert, select, table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.database import Database
from meetserver.ids import UserId
from meetserver.mail.models import DEAD, SENT, UNSENT, WAITING, outbox

# As much of it as is needed here: the table is described in a package beside this one.
account = table("user_account", column("id"), column("email"))


class Claimed(Struct, frozen=True):
    """A row that is this process's to send until its lease ends. `attempts` counts this one."""

    id: str
    kind: str
    payload: bytes
    attempts: int
    created_at: datetime


async def insert_row(connection: AsyncConnection, row_id: str, kind: str, payload: bytes, now: datetime) -> None:
    await connection.execute(insert(outbox).values(id=row_id, kind=kind, payload=payload, created_at=now, due_at=now))


async def claim(database: Database, kind: str, now: datetime, until: datetime, limit: int) -> list[Claimed]:
    """At most `limit` due rows, oldest first; nobody else gets them before `until`."""
    due = (
        select(outbox.c.id)
        .where(WAITING, outbox.c.kind == kind, outbox.c.due_at <= now)
        .order_by(outbox.c.due_at, outbox.c.created_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = await database.write(
        update(outbox)
        .where(outbox.c.id.in_(select(due.c.id)))
        .values(due_at=until, attempts=outbox.c.attempts + 1)
        .returning(outbox.c.id, outbox.c.kind, outbox.c.payload, outbox.c.attempts, outbox.c.created_at)
    )
    claimed = [Claimed(row.id, row.kind, row.payload, row.attempts, row.created_at) for row in rows]
    return sorted(claimed, key=lambda row: row.created_at)


async def mark_sent(database: Database, row: Claimed, now: datetime) -> bool:
    """False: the lease had ended and somebody else has the row."""
    return await _finish(database, row, {"state": "sent", "payload": None, "last_error": None, "finished_at": now})


async def mark_dead(database: Database, row: Claimed, error: str, now: datetime) -> bool:
    """Keep it as a dead letter."""
    return await _finish(database, row, {"state": "dead", "last_error": error, "finished_at": now})


async def put_off(database: Database, row: Claimed, error: str, due_at: datetime) -> bool:
    return await _finish(database, row, {"last_error": error, "due_at": due_at})


async def _finish(database: Database, row: Claimed, values: dict[str, object]) -> bool:
    mine = (outbox.c.id == row.id, outbox.c.state == "waiting", outbox.c.attempts == row.attempts)
    return bool(await database.write(update(outbox).where(*mine).values(**values).returning(outbox.c.id)))


async def dead_letters(database: Database, limit: int) -> Sequence[Claimed]:
    """Newest first."""
    rows = await database.fetch(select(outbox).where(DEAD).order_by(outbox.c.finished_at.desc()).limit(limit))
    return [Claimed(row.id, row.kind, row.payload, row.attempts, row.created_at) for row in rows]


async def delete_sent(database: Database, before: datetime) -> None:
    await database.sweep(outbox, SENT, outbox.c.finished_at < before)


async def unsent(database: Database, after_id: str, limit: int) -> list[Claimed]:
    """Rows that wait, and dead ones, in the order of their ids."""
    rows = await database.fetch(select(outbox).where(UNSENT, outbox.c.id > after_id).order_by(outbox.c.id).limit(limit))
    return [Claimed(row.id, row.kind, row.payload, row.attempts, row.created_at) for row in rows]


async def delete_row(database: Database, row_id: str) -> None:
    await database.write(delete(outbox).where(outbox.c.id == row_id))


async def addresses_of(database: Database, user: UserId) -> list[str]:
    """The account's address; none when it is gone."""
    return [row.email for row in await database.fetch(select(account.c.email).where(account.c.id == user))]
