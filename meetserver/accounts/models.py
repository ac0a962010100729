"""Accounts, their sessions and the links mailed to them. Secrets stand here as SHA-256 only."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, false

from meetserver.database import Bytes, Id, UtcDateTime, metadata

user_account = Table(
    "user_account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Text, nullable=False),
    # Lower-case NFC: the form in which two addresses are the same one.
    Column("email_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    # "<scheme>$…", see passwords.py.
    Column("password_hash", Text, nullable=False),
    Column("verified_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("is_admin", Boolean, nullable=False, server_default=false()),
    Column("version", Integer, nullable=False, server_default="1"),
)

auth_session = Table(
    "auth_session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    # A token session's current refresh token, and the one before it while it may still be repeated.
    Column("refresh_hash", Bytes),
    Column("previous_hash", Bytes),
    Column("previous_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("user_agent", Text, nullable=False, server_default=""),
    CheckConstraint("kind IN ('token', 'cookie')", name="kind"),
    CheckConstraint("kind = 'cookie' OR refresh_hash IS NOT NULL", name="token_has_refresh"),
    Index("ix_auth_session_user_id", "user_id"),
    Index("ix_auth_session_expires_at", "expires_at"),
)

email_token = Table(
    "email_token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("token_hash", Bytes, nullable=False, unique=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    CheckConstraint("purpose IN ('verify')", name="purpose"),
    Index("ix_email_token_user_id", "user_id"),
    Index("ix_email_token_expires_at", "expires_at"),
)
