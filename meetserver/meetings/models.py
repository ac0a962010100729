"""A meeting: the calendar entry. The room that it takes place in points at it (rooms/models.py)."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from meetserver.database import Bytes, Id, JsonDocument, UtcDateTime, metadata

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

# Those that say how long they keep their files.
FILES_KEPT = text("settings ->> 'files_kept_days' IS NOT NULL")
Index("ix_meeting_files_kept", meeting.c.id, postgresql_where=FILES_KEPT, sqlite_where=FILES_KEPT)

# Those that say how long they keep what happened.
RETENTION = text("settings ->> 'retention_days' IS NOT NULL")
Index("ix_meeting_retention", meeting.c.id, postgresql_where=RETENTION, sqlite_where=RETENTION)

# Who is asked to come, by address: whoever has an account with that address, verified, has this role here.
invitee = Table(
    "invitee",
    metadata,
    Column("id", Id, primary_key=True),
    Column("meeting_id", Id, ForeignKey(meeting.c.id, ondelete="CASCADE"), nullable=False),
    Column("email", Text, nullable=False),
    Column("email_key", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("meeting_id", "email_key"),
    CheckConstraint("role IN ('host', 'cohost', 'participant', 'viewer')", name="role"),
    Index("ix_invitee_email_key", "email_key"),
    Index("ix_invitee_meeting_id_created_at_id", "meeting_id", "created_at", "id"),
)

# Links for people without an account: each with a secret of its own, that can be taken back.
guest_link = Table(
    "guest_link",
    metadata,
    Column("id", Id, primary_key=True),
    Column("meeting_id", Id, ForeignKey(meeting.c.id, ondelete="CASCADE"), nullable=False),
    Column("label", Text, nullable=False, server_default=""),
    Column("role", Text, nullable=False),
    Column("skips_lobby", Boolean, nullable=False, server_default=false()),
    Column("secret_hash", Bytes, nullable=False, unique=True),
    # The secret itself, sealed: a host may want to copy the link again.
    Column("secret", Bytes, nullable=False),
    # Null: as often as one likes.
    Column("max_uses", Integer),
    Column("uses", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    CheckConstraint("role IN ('participant', 'viewer')", name="role"),
    CheckConstraint("max_uses IS NULL OR uses <= max_uses", name="uses"),
    Index("ix_guest_link_meeting_id", "meeting_id"),
)

# A meeting's list, oldest first.
Index(
    "ix_guest_link_listed",
    guest_link.c.meeting_id,
    guest_link.c.created_at,
    guest_link.c.id,
    postgresql_where=guest_link.c.revoked_at.is_(None),
    sqlite_where=guest_link.c.revoked_at.is_(None),
)
