"""Rules about addresses that hold for the whole server; a meeting's own are among its settings."""

from sqlalchemy import CheckConstraint, Column, Integer, Table, Text

from meetserver.database import Id, JsonDocument, UtcDateTime, metadata

ip_rule = Table(
    "ip_rule",
    metadata,
    Column("id", Id, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("effect", Text, nullable=False),
    Column("network", Text, nullable=False),
    # access.AnyRole; empty is everybody.
    Column("roles", JsonDocument, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    CheckConstraint("effect IN ('allow', 'deny')", name="effect"),
)
