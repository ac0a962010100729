"""After a rotation of keys: rooms' logs and snapshots sealed anew under the key that seals now.

Row by row, while rooms go on: what somebody else has written in between stays as they wrote it. Whoever is stopped, and
begins again, passes over what is done.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, func, select, tuple_, update

from meetserver import limits
from meetserver.adapters.commit_path import about_entry, about_snapshot
from meetserver.database import Database
from meetserver.ids import RoomId
from meetserver.keys.ring import HEADER, NONCE_BYTES, KeyRing
from meetserver.rooms.models import room_event, room_snapshot

About = Callable[[RoomId, int], str]

_START = HEADER.size + NONCE_BYTES
"""No two sealed values begin alike."""


async def reseal_logs(database: Database, keys: KeyRing) -> int:
    """How many rows got another key. Raises Unavailable, SealBroken."""
    entries = await _reseal(database, keys, room_event, about_entry, at_once=limits.RESEALED_AT_ONCE)
    return entries + await _reseal(database, keys, room_snapshot, about_snapshot, at_once=1)


async def _reseal(database: Database, keys: KeyRing, table: Table, about: About, *, at_once: int) -> int:
    place = tuple_(table.c.room_id, table.c.seq)
    begins = func.substr(table.c.data, 1, HEADER.size).label("begins")
    looked = select(table.c.room_id, table.c.seq, begins).order_by(table.c.room_id, table.c.seq)
    looked = looked.limit(limits.RESEALED_AT_ONCE)
    resealed, query = 0, looked
    while rows := await database.fetch(query):
        old = [(row.room_id, row.seq) for row in rows if bytes(row.begins) != keys.sealing_header]
        for first in range(0, len(old), at_once):
            resealed += await _reseal_these(database, keys, table, about, old[first : first + at_once])
        query = looked.where(place > (rows[-1].room_id, rows[-1].seq))
    return resealed


async def _reseal_these(
    database: Database, keys: KeyRing, table: Table, about: About, old: Sequence[tuple[str, int]]
) -> int:
    place = tuple_(table.c.room_id, table.c.seq)
    rows = await database.fetch(select(table.c.room_id, table.c.seq, table.c.data).where(place.in_(old)))
    if not rows:
        return 0
    is_same = func.substr(table.c.data, 1, _START) == bindparam("before")
    put = update(table).where(table.c.room_id == bindparam("of_room"), table.c.seq == bindparam("at_seq"), is_same)
    await database.write(put.values(data=bindparam("after")), [_anew(keys, about, row) for row in rows])
    return len(rows)


def _anew(keys: KeyRing, about: About, row: Any) -> dict[str, object]:
    whose = about(RoomId(row.room_id), row.seq)
    after = keys.seal(keys.unseal(row.data, whose), whose)
    return {"of_room": row.room_id, "at_seq": row.seq, "before": row.data[:_START], "after": after}
