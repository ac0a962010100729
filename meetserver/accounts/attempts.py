"""The SQL of the guard: tries and known places. Each call is one statement that needs no transaction around it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from meetserver import limits
from meetserver.accounts.models import attempt, known_place
from meetserver.database import Database
from meetserver.ids import UserId

row = attempt.c
place = known_place.c


async def take(
    database: Database, key: bytes, now: datetime, life: timedelta, delays: Sequence[timedelta]
) -> int | None:
    """Count one more try under `key`, if it may be now: then which one it is. After the n-th the next one has to wait
    for `delays[n - 1]`, or for the last of them. A row without a try for `life` begins anew."""
    upsert: Any = (sqlite if database.dialect == "sqlite" else postgresql).insert(attempt)
    is_old = row.last_at <= now - life
    count = case((is_old, 1), else_=row.count + 1)
    waits = {n: now + delay for n, delay in enumerate(delays, 1)}
    statement = (
        upsert.values(key=key, count=1, last_at=now, next_at=now + delays[0])
        .on_conflict_do_update(
            index_elements=[row.key],
            set_={"count": count, "last_at": now, "next_at": case(waits, value=count, else_=now + delays[-1])},
            where=row.next_at <= now,
        )
        .returning(row.count)
    )
    rows = await database.write(statement)
    return rows[0].count if rows else None


async def next_at(database: Database, key: bytes) -> datetime | None:
    rows = await database.fetch(select(row.next_at).where(row.key == key))
    return rows[0].next_at if rows else None


async def take_back(database: Database, key: bytes, now: datetime) -> None:
    """One try less, and the next one need not wait for it. Where it was the only one, nothing stays behind."""
    gone = await database.write(delete(attempt).where(row.key == key, row.count <= 1).returning(row.key))
    if not gone:
        await database.write(update(attempt).where(row.key == key).values(count=row.count - 1, next_at=now))


async def forget(database: Database, key: bytes) -> None:
    await database.write(delete(attempt).where(row.key == key))


async def forget_old(database: Database, before: datetime) -> int:
    return await database.sweep(attempt, row.last_at <= before)


async def known_places(database: Database, user: UserId, places: Sequence[bytes]) -> set[bytes]:
    """Which of these are known."""
    rows = await database.fetch(select(place.place_hash).where(place.user_id == user, place.place_hash.in_(places)))
    return {bytes(row.place_hash) for row in rows}


async def remember_places(database: Database, user: UserId, places: Sequence[bytes], at: datetime) -> None:
    """Beyond limits.KNOWN_PLACES those where nobody has signed in for longest are forgotten."""
    newest = (
        select(place.place_hash).where(place.user_id == user).order_by(place.last_at.desc()).limit(limits.KNOWN_PLACES)
    )

    async def unit(connection: Any) -> None:
        there = place.user_id == user
        await connection.execute(delete(known_place).where(there, place.place_hash.in_(places)))
        rows = [{"user_id": user, "place_hash": mark, "last_at": at} for mark in places]
        if rows:
            await connection.execute(insert(known_place), rows)
        await connection.execute(delete(known_place).where(there, place.place_hash.not_in(newest)))

    await database.run(unit)
