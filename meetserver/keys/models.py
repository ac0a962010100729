"""Data keys as the database keeps them: wrapped, never plain."""

from sqlalchemy import Column, Integer, Table

from meetserver.database import Bytes, UtcDateTime, metadata

data_key = Table(
    "data_key",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("wrapped", Bytes, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("retired_at", UtcDateTime),
)
