"""The transactional outbox: what has to leave the server, written with the change that it tells of."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, Table, Text, text

from meetserver.database import Bytes, Id, UtcDateTime, metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    # Sealed, for it holds single-use links; gone once the row is sent.
    Column("payload", Bytes),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("created_at", UtcDateTime, nullable=False),
    # A claim moves it into the future, so that nobody else sends the same row meanwhile.
    Column("due_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("finished_at", UtcDateTime),
    CheckConstraint("state IN ('waiting', 'sent', 'dead')", name="state"),
    CheckConstraint("(state = 'sent') = (payload IS NULL)", name="payload"),
)

Index(
    "ix_outbox_due_at_waiting",
    outbox.c.due_at,
    postgresql_where=text("state = 'waiting'"),
    sqlite_where=text("state = 'waiting'"),
)
