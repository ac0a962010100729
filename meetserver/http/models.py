"""Answers kept for requests that come again with the same Idempotency-Key."""

from sqlalchemy import Column, Index, Integer, Table, Text

from meetserver.database import Bytes, UtcDateTime, metadata

# No foreign key to the account: `principal` also names anonymous callers, and rows end by themselves.
idempotency_key = Table(
    "idempotency_key",
    metadata,
    Column("principal", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", Bytes, nullable=False),
    # None while the first request is under way; a claim left by a process that died may be taken over after
    # `claimed_until`.
    Column("status", Integer),
    Column("claimed_by", Text, nullable=False),
    Column("claimed_until", UtcDateTime, nullable=False),
    # Status, headers and body, sealed: answers hold tokens and tickets.
    Column("response", Bytes),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_idempotency_key_expires_at", "expires_at"),
)
