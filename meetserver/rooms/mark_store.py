"""The SQL of marks that are nobody's any more."""

from typing import Final, TypeAlias

from msgspec import Struct
from sqlalchemy import and_, bindparam, delete, select, tuple_

from meetserver.accounts.models import user_account
from meetserver.database import Database
from meetserver.rooms.models import room_mark, room_session

Key: TypeAlias = tuple[str, str]
"""A room, and a person there."""

# One by one: SQLite would look for pairs of values in the whole table.
_REMOVE: Final = delete(room_mark).where(
    room_mark.c.room_id == bindparam("of_room"), room_mark.c.person == bindparam("of_person")
)


class MarkRow(Struct, frozen=True):
    key: Key
    is_gone: bool
    """Of a participant without an account who is not there: who comes back is another one."""


async def page(database: Database, after: Key, limit: int) -> list[MarkRow]:
    """At most `limit` after this one, in their order."""
    key = tuple_(room_mark.c.room_id, room_mark.c.person)
    is_account = select(user_account.c.id).where(user_account.c.id == room_mark.c.person).exists()
    there = select(room_session.c.room_id, room_session.c.participant).where(room_session.c.closed_at.is_(None))
    is_gone = and_(~is_account, key.not_in(there))
    query = select(room_mark.c.room_id, room_mark.c.person, is_gone.label("is_gone")).where(key > tuple_(*after))
    rows = await database.fetch(query.order_by(room_mark.c.room_id, room_mark.c.person).limit(limit))
    return [MarkRow((row.room_id, row.person), bool(row.is_gone)) for row in rows]


async def remove(database: Database, keys: list[Key]) -> None:
    await database.write(_REMOVE, [{"of_room": room, "of_person": person} for room, person in keys])
