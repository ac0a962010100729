"""The security log: a chain of rows, each with the hash of the one before. Rows are added and never changed."""

from sqlalchemy import Column, Index, Table, Text

from meetserver.database import Big, Bytes, UtcDateTime, metadata

security_event = Table(
    "security_event",
    metadata,
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    # ports.SecurityEventType
    Column("type", Text, nullable=False),
    # A user's id, "" for who is not signed in. No foreign keys: the log outlives what it tells of.
    Column("actor", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    # Canonical JSON.
    Column("data", Text, nullable=False),
    Column("previous", Bytes, nullable=False),
    Column("hash", Bytes, nullable=False),
    Index("ix_security_event_actor_seq", "actor", "seq"),
    Index("ix_security_event_at", "at"),
    Index("ix_security_event_subject_seq", "subject", "seq"),
    Index("ix_security_event_type_seq", "type", "seq"),
)
