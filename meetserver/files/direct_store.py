"""The SQL of uploads that come by way of the store itself."""

from collections.abc import Collection
from datetime import datetime

from msgspec import to_builtins
from sqlalchemy import select, update

from meetserver.database import Database
from meetserver.errors import Refusal
from meetserver.files.models import TAKING_IN, upload
from meetserver.files.upload_store import Direct


async def start_taking_in(database: Database, id_: str, expires_at: datetime) -> bool:
    """False: somebody else did, or it was given up."""
    query = update(upload).where(upload.c.id == id_, upload.c.direct == "waiting")
    return bool(await database.write(query.values(direct="taking_in", expires_at=expires_at).returning(upload.c.id)))


async def to_take_in(database: Database, but: Collection[str], now: datetime, limit: int) -> list[str]:
    """The ids of those that came first."""
    query = select(upload.c.id).where(TAKING_IN, upload.c.expires_at > now, upload.c.id.not_in(list(but)))
    return [row.id for row in await database.fetch(query.order_by(upload.c.created_at).limit(limit))]


async def refuse(database: Database, id_: str, state: Direct, why: Refusal, expires_at: datetime) -> bool:
    """Nothing of it counts any more, and why can be read until then. False: it is not in this state any more."""
    query = update(upload).where(upload.c.id == id_, upload.c.direct == state)
    nothing = {"size_bytes": 0, "offset_bytes": 0, "parts": []}
    values = {"direct": "refused", "refusal": to_builtins(why), "expires_at": expires_at}
    return bool(await database.write(query.values(**nothing, **values).returning(upload.c.id)))
