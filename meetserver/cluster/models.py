"""A row per live process."""

from sqlalchemy import Boolean, Column, Float, Table, Text, false

from meetserver.database import UtcDateTime, metadata

shard_lease = Table(
    "shard_lease",
    metadata,
    Column("shard_id", Text, primary_key=True),
    # Which start of that shard: an older one finds itself superseded.
    Column("incarnation", Text, nullable=False),
    # By the database's clock.
    Column("expires_at", UtcDateTime, nullable=False),
    Column("is_draining", Boolean, nullable=False, server_default=false()),
    # Its share of new rooms: 1 a whole one, 0 none.
    Column("weight", Float, nullable=False, server_default="1"),
    # http://host:port of this very process, for operators.
    Column("address", Text, nullable=False, server_default=""),
)
