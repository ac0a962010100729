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

# As constants: a database uses such an index only for a query that has the same condition, and not as a parameter.
WAITING = text("state = 'waiting'")
DEAD = text("state = 'dead'")
SENT = text("state = 'sent'")
UNSENT = text("state != 'sent'")

Index("ix_outbox_waiting", outbox.c.due_at, postgresql_where=WAITING, sqlite_where=WAITING)
Index("ix_outbox_dead", outbox.c.finished_at, postgresql_where=DEAD, sqlite_where=DEAD)
Index("ix_outbox_sent", outbox.c.finished_at, postgresql_where=SENT, sqlite_where=SENT)
Index("ix_outbox_unsent", outbox.c.id, postgresql_where=UNSENT, sqlite_where=UNSENT)
