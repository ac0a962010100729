"""ports.LogErasure in SQL. Single statements, as all that touches a room's rows (docs/decisions/0002)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, null, or_, select, text, update

from meetserver.adapters.commit_path import about_entry
from meetserver.adapters.stored_snapshots import from_stored, to_stored
from meetserver.database import Database
from meetserver.ids import ParticipantId, RoomId, UserId
from meetserver.ports import Entry, Sealer, SnapshotRow
from meetserver.rooms.models import room_event, room_mark, room_session, room_snapshot

AT_ONCE: Final = 500
"""Entries that are written together."""

_REWRITE: Final = (
    update(room_event)
    .where(room_event.c.room_id == bindparam("of_room"), room_event.c.seq == bindparam("at_seq"))
    .values(data=bindparam("new_data"), version=bindparam("new_version"), body_hash=bindparam("new_hash"))
)


class SqlLogErasure:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def participants_of(self, user: UserId) -> dict[RoomId, list[ParticipantId]]:
        query = (
            select(room_session.c.room_id, room_session.c.participant)
            .where(room_session.c.user_id == user)
            .distinct()
            .order_by(room_session.c.room_id, room_session.c.participant)
        )
        found: dict[RoomId, list[ParticipantId]] = {}
        for row in await self._database.fetch(query):
            found.setdefault(RoomId(row.room_id), []).append(ParticipantId(row.participant))
        return found

    async def rewrite(self, room: RoomId, entries: Sequence[Entry]) -> None:
        for first in range(0, len(entries), AT_ONCE):
            rows = [self._row(room, entry) for entry in entries[first : first + AT_ONCE]]
            await self._database.write(_REWRITE, rows)

    async def base(self, room: RoomId) -> SnapshotRow | None:
        query = select(room_snapshot.c.seq, room_snapshot.c.data).where(*_bases(room))
        rows = await self._database.fetch(query.order_by(room_snapshot.c.seq.desc()).limit(1))
        if not rows:
            return None
        seq: int = rows[0].seq
        return SnapshotRow(seq, await from_stored(self._sealer, room, seq, rows[0].data))

    async def rewrite_base(self, room: RoomId, base: SnapshotRow) -> None:
        sealed = await to_stored(self._sealer, room, base.seq, base.data)
        this = update(room_snapshot).where(*_bases(room), room_snapshot.c.seq == base.seq)
        await self._database.write(this.values(data=sealed))

    async def forget(self, user: UserId) -> None:
        mine = room_session.c.user_id == user
        await self._database.write(update(room_session).where(mine).values(user_id=None, keys=null()))
        await self._database.write(delete(room_mark).where(room_mark.c.person == user))

    async def missed_deletions(self, since: datetime, limit: int) -> list[tuple[RoomId, int]]:
        deletion, sent = room_event.alias("deletion"), room_event.alias("sent")
        its_message = and_(sent.c.room_id == deletion.c.room_id, sent.c.seq == deletion.c.subject)
        # A base is from before, too, and holds no message.
        of_room = room_snapshot.c.room_id == deletion.c.room_id
        before = and_(of_room, room_snapshot.c.seq < deletion.c.seq, ~room_snapshot.c.is_base)
        query = (
            select(deletion.c.room_id, deletion.c.subject)
            .where(
                text("deletion.type = 'chat.deleted'"),
                deletion.c.at > since,
                or_(
                    select(sent.c.seq).where(its_message, sent.c.body_hash.is_not(None)).exists(),
                    select(room_snapshot.c.seq).where(before).exists(),
                ),
            )
            .order_by(deletion.c.at)
            .limit(limit)
        )
        return [(RoomId(row.room_id), row.subject) for row in await self._database.fetch(query)]

    def _row(self, room: RoomId, entry: Entry) -> dict[str, object]:
        return {
            "of_room": room,
            "at_seq": entry.seq,
            "new_data": self._sealer.seal(entry.data, about_entry(room, entry.seq)),
            "new_version": entry.v,
            "new_hash": entry.body_hash,
        }


def _bases(room: RoomId) -> tuple[Any, ...]:
    return room_snapshot.c.room_id == room, room_snapshot.c.is_base
