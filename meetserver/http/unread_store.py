"""The SQL of unread messages: how many in each of many rooms, with one statement that looks at a bounded stretch of
each room's log."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, String, Subquery, and_, case, column, func, literal, or_, select

from meetserver import limits
from meetserver.database import Database
from meetserver.errors import NotFound
from meetserver.ids import ParticipantId, RoomId, UserId
from meetserver.rooms.models import room, room_event, room_mark, room_session


class Unread(Struct, frozen=True):
    """`seen`: the seq up to which nothing is unread. `count`: of the messages after it, at most
    limits.UNREAD_MESSAGES, so that as many may stand for more."""

    seen: int
    count: int


async def unread_of_user(database: Database, rooms: Sequence[RoomId], user: UserId) -> dict[RoomId, Unread]:
    """Without the rooms that they have never been in."""
    own = select(room_session.c.participant).where(
        room_session.c.user_id == user, room_session.c.room_id == room.c.id, room_session.c.joined_at.is_not(None)
    )
    return await _unread(database, rooms, user, own)


async def unread_of_guest(database: Database, room_: RoomId, participant: ParticipantId) -> Unread:
    """In the room that they are in. Raises NotFound: it went in this very moment."""
    found = await _unread(database, [room_], participant, select(literal(participant, String).label("participant")))
    if room_ not in found:
        raise NotFound("there is no such meeting")
    return found[room_]


async def _unread(database: Database, rooms: Sequence[RoomId], person: str, own: Any) -> dict[RoomId, Unread]:
    """`own`: whom of a room's participants they are, or were."""
    mark = and_(room_mark.c.room_id == room.c.id, room_mark.c.person == person)
    # A client that tells nothing else tells what it got: what came while it was there is taken for read.
    told = case((room_mark.c.seen > 0, room_mark.c.seen), else_=room_mark.c.delivered)
    seen = func.coalesce(told, 0)
    newest = (
        select(room_event.c.seq, room_event.c.author, room_event.c.audience)
        .where(room_event.c.room_id == room.c.id, room_event.c.type == "chat.sent", room_event.c.seq > seen)
        .where(room_event.c.seq > room.c.log_base)  # what has expired may be there for a while
        .order_by(room_event.c.seq.desc())
        .limit(limits.UNREAD_MESSAGES)
        .correlate(room, room_mark)
        .subquery("newest")
    )
    mine = own.correlate(room)
    count = (
        select(func.count())
        .select_from(newest)
        .where(newest.c.author.not_in(mine), _is_for(database, newest, own), ~_is_deleted(newest))
        .correlate(room, room_mark)
        .scalar_subquery()
    )
    query = (
        select(room.c.id, seen.label("seen"), count.label("count"))
        .select_from(room.outerjoin(room_mark, mark))
        .where(room.c.id.in_(rooms), mine.exists())
    )
    return {RoomId(row.id): Unread(row.seen, row.count) for row in await database.fetch(query)}


def _is_for(database: Database, message: Subquery, own: Any) -> ColumnElement[bool]:
    """What has addressees is for them."""
    one = own.correlate(room).subquery("one")
    is_to: ColumnElement[bool]
    if database.dialect == "sqlite":
        to = func.json_each(message.c.audience).table_valued(column("value", String))
        is_to = select(to.c.value).where(to.c.value == one.c.participant).correlate(message, one).exists()
    else:
        is_to = message.c.audience.op("?")(one.c.participant)
    return or_(message.c.audience.is_(None), select(one).where(is_to).correlate(message, room).exists())


def _is_deleted(message: Subquery) -> ColumnElement[bool]:
    deletion = room_event.alias("deletion")
    its = deletion.c.room_id == room.c.id, deletion.c.subject == message.c.seq, deletion.c.type == "chat.deleted"
    return select(deletion.c.seq).where(*its).correlate(message, room).exists()
