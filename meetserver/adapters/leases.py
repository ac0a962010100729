"""Leases in SQL, by the database's own clock: shards' clocks may differ, and need not agree."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Interval, cast, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from meetserver.cluster.models import shard_lease
from meetserver.database import Database
from meetserver.ids import ShardId
from meetserver.ports import Lease

row = shard_lease.c


class SqlLeases:
    """ports.LeaseStore over a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._is_sqlite = database.dialect == "sqlite"

    async def acquire(self, shard: ShardId, incarnation: str, ttl_s: float, address: str = "") -> Lease:
        insert: Any = (sqlite if self._is_sqlite else postgresql).insert(shard_lease)
        standing = {"is_draining": False, "weight": 1.0, "address": address}
        values = {"incarnation": incarnation, "expires_at": self._now(ttl_s), **standing}
        statement = (
            insert.values(shard_id=shard, **values)
            .on_conflict_do_update(index_elements=[row.shard_id], set_=values)
            .returning(row.expires_at)
        )
        (taken,) = await self._database.write(statement)
        return Lease(shard, incarnation, taken.expires_at, address=address)

    async def renew(
        self, shard: ShardId, incarnation: str, ttl_s: float, *, is_draining: bool = False, weight: float = 1.0
    ) -> bool:
        statement = (
            update(shard_lease)
            .where(row.shard_id == shard, row.incarnation == incarnation, row.expires_at > self._now())
            .values(expires_at=self._now(ttl_s), is_draining=is_draining, weight=weight)
            .returning(row.shard_id)
        )
        return bool(await self._database.write(statement))

    async def release(self, shard: ShardId, incarnation: str) -> None:
        await self._database.write(delete(shard_lease).where(row.shard_id == shard, row.incarnation == incarnation))

    async def live(self) -> list[Lease]:
        statement = select(shard_lease).where(row.expires_at > self._now()).order_by(row.shard_id)
        return [Lease(*lease) for lease in await self._database.fetch(statement)]

    async def mark_dead(self, shard: ShardId, incarnation: str) -> bool:
        mine = (row.shard_id == shard, row.incarnation == incarnation)
        await self._database.write(delete(shard_lease).where(*mine, row.expires_at <= self._now()))
        return not await self._database.fetch(select(row.shard_id).where(*mine))

    def _now(self, plus_s: float = 0.0) -> Any:
        """The database's time when the statement runs, as an expression."""
        if self._is_sqlite:
            # As SQLAlchemy writes times: with six digits, of which SQLite knows three.
            return func.strftime("%Y-%m-%d %H:%M:%f000", "now", f"{plus_s:+f} seconds")
        return func.clock_timestamp() + cast(timedelta(seconds=plus_s), Interval)
