"""The SQL of the HTTP layer itself: claims of Idempotency-Keys, whose sessions a room has had, names to show."""

import hashlib
from collections.abc import Set
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts.models import user_account
from meetserver.database import Database
from meetserver.http.models import idempotency_key as claims
from meetserver.ids import ParticipantId, RoomId, UserId
from meetserver.rooms.models import room_session


class ClaimKey(Struct, frozen=True):
    principal: str
    route: str
    key: str


def principal_of(user: UserId) -> str:
    """Whom a signed-in caller's keys belong to."""
    return f"user {user}"


class ClaimRow(Struct, frozen=True, kw_only=True):
    body_hash: bytes
    claimed_by: str
    claimed_until: datetime
    expires_at: datetime
    response: bytes | None = None


async def claim(connection: AsyncConnection, key: ClaimKey, wanted: ClaimRow, now: datetime) -> ClaimRow:
    """Insert the claim, or take over one that is dead; the row as it then stands."""
    columns = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    row = (await connection.execute(select(claims).where(_is(key)))).first()
    if row is None:
        await connection.execute(
            insert(claims).values(principal=key.principal, route=key.route, key=key.key, **columns)
        )
        return wanted
    is_dead = row.response is None and row.claimed_until <= now
    if is_dead or row.expires_at <= now:
        await connection.execute(update(claims).where(_is(key)).values(status=None, **columns))
        return wanted
    return ClaimRow(
        body_hash=row.body_hash,
        claimed_by=row.claimed_by,
        claimed_until=row.claimed_until,
        expires_at=row.expires_at,
        response=row.response,
    )


async def keep_answer(connection: AsyncConnection, key: ClaimKey, me: str, status: int, response: bytes) -> None:
    await connection.execute(
        update(claims).where(_is(key), claims.c.claimed_by == me).values(status=status, response=response)
    )


async def release_claim(connection: AsyncConnection, key: ClaimKey, me: str) -> None:
    await connection.execute(delete(claims).where(_is(key), claims.c.claimed_by == me, claims.c.response.is_(None)))


async def delete_expired_claims(database: Database, now: datetime) -> int:
    return await database.sweep(claims, claims.c.expires_at <= now)


async def delete_claims_of(connection: AsyncConnection, principal: str) -> int:
    return int((await connection.execute(delete(claims).where(claims.c.principal == principal))).rowcount)


async def participants_of_user(
    database: Database, room: RoomId, user: UserId
) -> tuple[frozenset[ParticipantId], frozenset[ParticipantId]]:
    """Who this account is, or ever was, in the room; and who it was that came no farther than its lobby, and so was not
    there."""
    query = select(room_session.c.participant, room_session.c.joined_at.is_not(None).label("was_in")).where(
        room_session.c.room_id == room, room_session.c.user_id == user
    )
    rows = await database.fetch(query)
    inside = frozenset(ParticipantId(row.participant) for row in rows if row.was_in)
    return inside, frozenset(ParticipantId(row.participant) for row in rows) - inside


async def participant_of_token(
    database: Database, room: RoomId, token: str
) -> tuple[ParticipantId, UserId | None] | None:
    """Whose open session of the room, not of its lobby, this resume token is, and their account."""
    query = select(room_session.c.participant, room_session.c.user_id).where(
        room_session.c.token_hash == hashlib.sha256(token.encode()).digest(),
        room_session.c.room_id == room,
        room_session.c.joined_at.is_not(None),
        room_session.c.closed_at.is_(None),
    )
    rows = await database.fetch(query)
    return (ParticipantId(rows[0].participant), rows[0].user_id) if rows else None


def _is(key: ClaimKey) -> ColumnElement[bool]:
    return and_(claims.c.principal == key.principal, claims.c.route == key.route, claims.c.key == key.key)


async def account_names(database: Database, ids: Set[str]) -> dict[str, str]:
    """Of those among them that are accounts' ids."""
    query = select(user_account.c.id, user_account.c.name).where(user_account.c.id.in_(ids))
    return {row.id: row.name for row in await database.fetch(query)} if ids else {}
