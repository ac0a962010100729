"""Work that outlives a process, and what became of each try."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, false, text

from meetserver.database import Id, JsonDocument, UtcDateTime, metadata

job = Table(
    "job",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text),
    Column("payload", JsonDocument, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("run_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("max_attempts", Integer, nullable=False),
    Column("leased_by", Text),
    Column("lease_until", UtcDateTime),
    # Kicked while it ran: it runs once more, at once.
    Column("again", Boolean, nullable=False, server_default=false()),
    Column("progress_done", Integer),
    Column("progress_total", Integer),
    Column("last_error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'dead')", name="state"),
    CheckConstraint("(state = 'running') = (leased_by IS NOT NULL)", name="lease"),
)

# As constants: a database uses such an index only for a query that has the same condition, and not as a parameter.
WAITING = text("state = 'waiting'")
RUNNING = text("state = 'running'")
DONE = text("state = 'done'")
UNFINISHED = text("state IN ('waiting', 'running')")

Index("ix_job_waiting", job.c.kind, job.c.run_at, postgresql_where=WAITING, sqlite_where=WAITING)
Index("ix_job_running", job.c.lease_until, postgresql_where=RUNNING, sqlite_where=RUNNING)
Index("ix_job_done", job.c.finished_at, postgresql_where=DONE, sqlite_where=DONE)

# A key is free again when its job is finished: the same work may come up anew.
Index("uq_job_key_unfinished", job.c.key, unique=True, postgresql_where=UNFINISHED, sqlite_where=UNFINISHED)

job_run = Table(
    "job_run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("job_id", Id, ForeignKey("job.id", ondelete="CASCADE"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("runner", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("error", Text),
    CheckConstraint("outcome IN ('ok', 'failed', 'dead', 'given_back')", name="outcome"),
    Index("ix_job_run_finished_at", "finished_at"),
    Index("ix_job_run_job_id_finished_at", "job_id", "finished_at"),
)
