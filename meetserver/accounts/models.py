"""Accounts, their sessions and the links mailed to them. Secrets stand here as SHA-256 only."""

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
)

from meetserver.database import Big, Bytes, Id, JsonDocument, UtcDateTime, metadata

user_account = Table(
    "user_account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("email", Text, nullable=False),
    # Lower-case NFC: the form in which two addresses are the same one.
    Column("email_key", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    # "<scheme>$…", see passwords.py. Null: signs in by other means only.
    Column("password_hash", Text),
    Column("verified_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    # IANA name.
    Column("timezone", Text),
    # Set by an administrator: nobody signs in, no session stands.
    Column("disabled_at", UtcDateTime),
    Column("version", Integer, nullable=False, server_default="1"),
)

user_role = Table(
    "user_role",
    metadata,
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE"), primary_key=True),
    # access.GrantedRole
    Column("role", Text, primary_key=True),
    # No foreign key: who granted it may be gone. "" is the command line.
    Column("granted_by", Text, nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    CheckConstraint("role IN ('auditor', 'operator', 'admin')", name="role"),
    Index("ix_user_role_role", "role"),
)

auth_session = Table(
    "auth_session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    # Of a personal token: what its owner calls it, what it may be used for (access.Scope), its secret's hash below.
    Column("name", Text, nullable=False, server_default=""),
    Column("scopes", JsonDocument),
    # A token session's current refresh token, and the one before it while it may still be repeated.
    Column("refresh_hash", Bytes),
    Column("previous_hash", Bytes),
    Column("previous_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("user_agent", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
    # How its owner has shown who they are (password, totp, recovery, passkey, oidc), and when they did so last.
    Column("methods", JsonDocument),
    Column("confirmed_at", UtcDateTime),
    CheckConstraint("kind IN ('token', 'cookie', 'personal')", name="kind"),
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
    # What it is about beside the account: the new address of a change.
    Column("data", JsonDocument),
    CheckConstraint("purpose IN ('verify', 'reset', 'invite', 'email_old', 'email_new')", name="purpose"),
    Index("ix_email_token_user_id", "user_id"),
    Index("ix_email_token_expires_at", "expires_at"),
)

# What was asked and must come back answered: a second factor, a passkey's ceremony, a provider's redirect. Single use.
auth_challenge = Table(
    "auth_challenge",
    metadata,
    Column("id", Id, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE")),
    Column("secret_hash", Bytes, nullable=False, unique=True),
    # What is needed to check the answer, sealed.
    Column("sealed", Bytes, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    CheckConstraint("purpose IN ('factor', 'passkey_add', 'passkey_use', 'oidc')", name="purpose"),
    Index("ix_auth_challenge_user_id", "user_id"),
    Index("ix_auth_challenge_expires_at", "expires_at"),
)

totp = Table(
    "totp",
    metadata,
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE"), primary_key=True),
    Column("secret", Bytes, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Null until the first code was right: until then it is no factor.
    Column("confirmed_at", UtcDateTime),
    # The newest time step whose code was taken: none is taken twice (RFC 6238, 5.2).
    Column("last_step", Big, nullable=False, server_default="0"),
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE"), primary_key=True),
    Column("code_hash", Bytes, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
)

passkey = Table(
    "passkey",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE"), nullable=False),
    Column("credential_id", Bytes, nullable=False, unique=True),
    # COSE key, as the authenticator gave it.
    Column("public_key", Bytes, nullable=False),
    Column("sign_count", Big, nullable=False, server_default="0"),
    Column("name", Text, nullable=False),
    Column("is_synced", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Index("ix_passkey_user_id", "user_id"),
)

# An account at an OpenID Connect provider that signs in to one of ours.
external_identity = Table(
    "external_identity",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE"), nullable=False),
    Column("provider", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False),
    UniqueConstraint("issuer", "subject"),
    Index("ix_external_identity_user_id", "user_id"),
)

# Where somebody has signed in from: there a lock that others brought about does not hold.
known_place = Table(
    "known_place",
    metadata,
    Column("user_id", Id, ForeignKey(user_account.c.id, ondelete="CASCADE"), primary_key=True),
    # HMAC of the address block.
    Column("place_hash", Bytes, primary_key=True),
    Column("last_at", UtcDateTime, nullable=False),
)

# Tries of an account's password, code or link: written before each is looked at (guard.py).
attempt = Table(
    "attempt",
    metadata,
    # HMAC of what was tried, the account's address and the place: says nothing, and holds for no account too.
    Column("key", Bytes, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Index("ix_attempt_last_at", "last_at"),
)

# Keys that access tokens are signed with, sealed; the public parts are in the JWKS.
signing_key = Table(
    "signing_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("private", Bytes, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Signs from then on (every process has seen it by then), and until its successor does.
    Column("signs_from", UtcDateTime, nullable=False),
    # Nothing that it signed is alive any more, or it is not to be trusted: verifies until then.
    Column("retired_at", UtcDateTime),
)

# An account on its way out: no name, no address, and no foreign key, as it outlives the account.
erasure = Table(
    "erasure",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, nullable=False, unique=True),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    # Eraser to counts: the receipt.
    Column("report", JsonDocument, nullable=False),
)
