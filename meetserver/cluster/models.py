"""A row per live process."""

from sqlalchemy import Column, Table, Text

from meetserver.database import UtcDateTime, metadata

shard_lease = Table(
    "shard_lease",
    metadata,
    Column("shard_id", Text, primary_key=True),
    # Which start of that shard: an older one finds itself superseded.
    Column("incarnation", Text, nullable=False),
    # By the database's clock.
    Column("expires_at", UtcDateTime, nullable=False),
)
