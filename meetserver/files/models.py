"""Files, what they consist of, how much of them there is, and which store that is in."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, false, text

from meetserver.database import Big, Bytes, Id, JsonDocument, UtcDateTime, metadata

# As a constant: a database uses such an index only for a query that has the same condition, and not as a parameter.
KEPT = text("deleted_at IS NULL")
TAKING_IN = text("direct = 'taking_in'")
KEPT_BY_MESSAGE = text("by_message AND deleted_at IS NULL")

# What a file consists of: sealed parts in the blob store, under names that begin with the content's id. Files with the
# same bytes of the same owner share one.
content = Table(
    "file_content",
    metadata,
    Column("id", Id, primary_key=True),
    Column("owner_id", Id, ForeignKey("user_account.id", ondelete="SET NULL")),
    # Of the plain bytes: SHA-256.
    Column("digest", Bytes, nullable=False),
    Column("size_bytes", Big, nullable=False),
    # In order: the name of each part's blob, and its plain bytes.
    Column("parts", JsonDocument, nullable=False),
    # Of an image: the longest side of each, the name of its blob, and its plain bytes.
    Column("thumbnails", JsonDocument, nullable=False),
    # The key of its parts and thumbnails, sealed.
    Column("key", Bytes, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Nobody may share it from then on: its blobs go.
    Column("doomed_at", UtcDateTime),
    Index("ix_file_content_doomed_at", "doomed_at"),
    Index("ix_file_content_owner_id", "owner_id"),
)
# One that can be shared, per owner and bytes.
Index(
    "uq_file_content_shared",
    content.c.owner_id,
    content.c.digest,
    unique=True,
    postgresql_where=content.c.doomed_at.is_(None),
    sqlite_where=content.c.doomed_at.is_(None),
)

# A content that is still coming. What is in the store under its id belongs to nobody else, whatever becomes of it.
upload = Table(
    "file_upload",
    metadata,
    Column("id", Id, primary_key=True),
    Column("meeting_id", Id, ForeignKey("meeting.id", ondelete="SET NULL")),
    Column("owner_id", Id, ForeignKey("user_account.id", ondelete="SET NULL")),
    Column("uploader", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    # As it was said beforehand; null: nothing was.
    Column("size_bytes", Big),
    # How much has come, which is also what a writer must know to add to it.
    Column("offset_bytes", Big, nullable=False),
    Column("parts", JsonDocument, nullable=False),
    Column("key", Bytes, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    # Of one that comes by way of the store itself (direct.py): how far it is, and why it was refused.
    Column("direct", Text),
    Column("refusal", JsonDocument),
    # As the file's.
    Column("by_message", Boolean, nullable=False, server_default=false()),
    Index("ix_file_upload_expires_at", "expires_at"),
    Index("ix_file_upload_meeting_id", "meeting_id"),
    Index("ix_file_upload_owner_id", "owner_id"),
    Index("ix_file_upload_taking_in", "created_at", postgresql_where=TAKING_IN, sqlite_where=TAKING_IN),
)

file = Table(
    "file",
    metadata,
    Column("id", Id, primary_key=True),
    Column("content_id", Id, ForeignKey(content.c.id, ondelete="RESTRICT"), nullable=False),
    Column("meeting_id", Id, ForeignKey("meeting.id", ondelete="SET NULL")),
    # Whose quota it counts in: the uploader's account, or for guests the meeting's owner's.
    Column("owner_id", Id, ForeignKey("user_account.id", ondelete="SET NULL")),
    # Who brought it: an account's id, or a participant's of the meeting's room.
    Column("uploader", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size_bytes", Big, nullable=False),
    # Of an image, in pixels.
    Column("width", Integer),
    Column("height", Integer),
    # Not to be had before it was looked at for viruses.
    Column("is_held", Boolean, nullable=False, server_default=false()),
    # Only for who brought it, and for whoever may see a message that it is in.
    Column("by_message", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    # Gone for people from then on, in the store until a job has been.
    Column("deleted_at", UtcDateTime),
    # A meeting's list, newest first.
    Index("ix_file_meeting_id_created_at_id", "meeting_id", "created_at", "id"),
    # Of an account, the same.
    Index("ix_file_uploader_created_at_id", "uploader", "created_at", "id"),
    Index("ix_file_content_id", "content_id"),
    Index("ix_file_owner_id", "owner_id"),
    Index("ix_file_deleted_at", "deleted_at"),
    # The oldest of all, which nobody keeps any longer.
    Index("ix_file_kept", "created_at", postgresql_where=KEPT, sqlite_where=KEPT),
    Index("ix_file_held", "id", postgresql_where=text("is_held"), sqlite_where=text("is_held")),
    # By age, to find those that no message has.
    Index("ix_file_by_message", "created_at", "id", postgresql_where=KEPT_BY_MESSAGE, sqlite_where=KEPT_BY_MESSAGE),
)

# In which messages a file is to be (claims.py), written before these are: the log says whether they were sent.
file_message = Table(
    "file_message",
    metadata,
    Column("file_id", Id, ForeignKey("file.id", ondelete="CASCADE"), primary_key=True),
    # In which room's log, who sends it, and under which txn: so the entry is found.
    Column("room_id", Id, primary_key=True),
    Column("author", Text, primary_key=True),
    Column("txn", Text, primary_key=True),
)

# As many, and as large, as the rows of `file` that are not deleted, changed with them (usage_store.py): to add these up
# at each upload would take the longer the more there are. Rows go with what they count for.
usage_of_owner = Table(
    "file_usage_of_owner",
    metadata,
    Column("id", Id, ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True),
    Column("files", Big, nullable=False),
    Column("bytes", Big, nullable=False),
    # The largest.
    Index("ix_file_usage_of_owner_bytes", "bytes"),
)
usage_of_meeting = Table(
    "file_usage_of_meeting",
    metadata,
    Column("id", Id, ForeignKey("meeting.id", ondelete="CASCADE"), primary_key=True),
    Column("files", Big, nullable=False),
    Column("bytes", Big, nullable=False),
    Index("ix_file_usage_of_meeting_bytes", "bytes"),
)
# By the first half of media types and a slot (usage_store.py): few, and together the whole server's.
usage_of_kind = Table(
    "file_usage_of_kind",
    metadata,
    Column("id", Text, primary_key=True),
    Column("files", Big, nullable=False),
    Column("bytes", Big, nullable=False),
)

# The id in the marker of the store that the files are in (identity.py): one row.
file_store = Table(
    "file_store",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", Id, nullable=False),
    CheckConstraint("number = 1", name="number"),
)
