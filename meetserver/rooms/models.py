"""Rooms and their logs. A room is one meeting's place; what happened in it is `room_event`, one row a fact.

Rows of `room_event`, the fence in `room` and the sessions are written by adapters/room_log.py alone.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import TSVECTOR

from meetserver.database import Big, Bytes, Id, JsonDocument, UtcDateTime, metadata

room = Table(
    "room",
    metadata,
    Column("id", Id, primary_key=True),
    Column("meeting_id", Id, ForeignKey("meeting.id", ondelete="CASCADE"), nullable=False, unique=True),
    # The shard that took it last. No foreign key: a hint only, and shards' leases come and go.
    Column("owner", Text),
    # The fence: a commit counts only if both still are what its writer believes.
    Column("epoch", Big, nullable=False, server_default="0"),
    Column("last_seq", Big, nullable=False, server_default="0"),
    # The log begins after this one: what was before has expired (rooms/thinner.py).
    Column("log_base", Big, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # Failed again and again, or an operator said so: nobody starts it.
    Column("is_quarantined", Boolean, nullable=False, server_default=false()),
)

# A constant: a database uses such an index only for a query that has the same condition, in the same words.
QUARANTINED = text("is_quarantined")
Index("ix_room_quarantined", room.c.id, postgresql_where=QUARANTINED, sqlite_where=QUARANTINED)

# Rooms that something has expired in: some of it may be left.
HAS_BASE = text("log_base > 0")
Index("ix_room_log_base", room.c.id, postgresql_where=HAS_BASE, sqlite_where=HAS_BASE)

room_event = Table(
    "room_event",
    metadata,
    Column("room_id", Id, ForeignKey(room.c.id, ondelete="CASCADE"), primary_key=True),
    Column("seq", Big, primary_key=True, autoincrement=False),
    Column("epoch", Big, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # A participant, or "server".
    Column("author", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    # The event as JSON, sealed.
    Column("data", Bytes, nullable=False),
    # Participants that may see it beside its author; null is everybody.
    Column("audience", JsonDocument),
    Column("txn", Text),
    Column("body_hash", Bytes),
    # The seq of the entry that this one is about: the message that it edits, say.
    Column("subject", Big),
    UniqueConstraint("room_id", "author", "txn"),
    # A room's messages, and who was sent out of it, among all that was drawn there.
    Index("ix_room_event_room_id_type_seq", "room_id", "type", "seq"),
)

# All that was said about a message. Most entries are about none.
Index(
    "ix_room_event_subject",
    room_event.c.room_id,
    room_event.c.subject,
    room_event.c.seq,
    postgresql_where=room_event.c.subject.is_not(None),
    sqlite_where=room_event.c.subject.is_not(None),
)

# Messages that were deleted lately: whether their texts are out of the log is looked after.
DELETED = text("type = 'chat.deleted'")
Index("ix_room_event_deleted", room_event.c.at, postgresql_where=DELETED, sqlite_where=DELETED)

room_snapshot = Table(
    "room_snapshot",
    metadata,
    Column("room_id", Id, ForeignKey(room.c.id, ondelete="CASCADE"), primary_key=True),
    Column("seq", Big, primary_key=True, autoincrement=False),
    # What the log of a room builds upon that does not reach back to its beginning: newer ones do not replace it.
    Column("is_base", Boolean, nullable=False, server_default=false()),
    # The room's state as MessagePack, sealed.
    Column("data", Bytes, nullable=False),
)

# The words of messages, in plain, for whoever searches (chat/words.py). An entry's text is sealed in its own row.
message_text = Table(
    "message_text",
    metadata,
    # Rises in a room as seq does.
    Column("id", Big, primary_key=True),
    Column("room_id", Id, ForeignKey(room.c.id, ondelete="CASCADE"), nullable=False),
    Column("seq", Big, nullable=False),
    Column("author", Text, nullable=False),
    # Who may see it, as stands in `words` as well.
    Column("people", Text, nullable=False),
    # Each behind what stands for its room. The index of it is made by hand, in the migration.
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    UniqueConstraint("room_id", "seq"),
    Index("ix_message_text_room_id_author", "room_id", "author"),
)

message_cursor = Table(
    "message_cursor",
    metadata,
    Column("room_id", Id, ForeignKey(room.c.id, ondelete="CASCADE"), primary_key=True),
    # The last entry of the room's log that `message_text` knows of.
    Column("until", Big, nullable=False),
)

room_mark = Table(
    "room_mark",
    metadata,
    Column("room_id", Id, ForeignKey(room.c.id, ondelete="CASCADE"), primary_key=True),
    # An account, or a participant without one. No foreign key, as it may be either.
    Column("person", Text, primary_key=True),
    # How far in the log their client has got, and they have read.
    Column("delivered", Big, nullable=False),
    Column("read", Big, nullable=False),
    # … and nothing is unread to them, which is nobody else's business.
    Column("seen", Big, nullable=False, server_default="0"),
    # Of whoever is erased.
    Index("ix_room_mark_person", "person"),
)

room_session = Table(
    "room_session",
    metadata,
    Column("session", Id, primary_key=True),
    Column("room_id", Id, ForeignKey(room.c.id, ondelete="CASCADE"), nullable=False),
    Column("participant", Text, nullable=False),
    Column("token_hash", Bytes, nullable=False),
    # Id of the ticket that it was opened with: each works once.
    Column("ticket", Text, nullable=False, unique=True),
    # The session's participant stays in the log when the account goes.
    Column("user_id", Id, ForeignKey("user_account.id", ondelete="SET NULL")),
    # The account's session that it was opened with. No foreign key: ended sessions are deleted.
    Column("auth_session", Text),
    # What tells this person from others, for bans (meetings/persons.py).
    Column("keys", JsonDocument),
    # What they were in the whole server when they joined, for rules about addresses.
    Column("roles", JsonDocument),
    Column("opened_at", UtcDateTime, nullable=False),
    # Null: waits in the lobby, or went from there. Such a session reads nothing of the room.
    Column("joined_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Index("ix_room_session_room_id", "room_id"),
    Index("ix_room_session_user_id_room_id", "user_id", "room_id"),
)
# What loading a room, looking for rooms that somebody may come back to, and reading with a resume token ask for.
Index(
    "ix_room_session_open",
    room_session.c.room_id,
    room_session.c.token_hash,
    postgresql_where=room_session.c.closed_at.is_(None),
    sqlite_where=room_session.c.closed_at.is_(None),
)
