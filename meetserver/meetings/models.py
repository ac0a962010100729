"""A meeting: the calendar entry. The room that it takes place in points at it (rooms/models.py)."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text

from meetserver.database import Id, JsonDocument, UtcDateTime, metadata

meeting = Table(
    "meeting",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("starts_at", UtcDateTime),
    Column("duration_min", Integer),
    # IANA name: the wall clock that the meeting is held by.
    Column("timezone", Text),
    Column("settings", JsonDocument, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("duration_min IS NULL OR duration_min > 0", name="duration"),
    # The owner's list, newest first.
    Index("ix_meeting_owner_id_created_at_id", "owner_id", "created_at", "id"),
)
