"""Opaque identifiers. Made by the `Random` port only, so that a seeded run makes the same ones again."""

from typing import NewType

RoomId = NewType("RoomId", str)
MeetingId = NewType("MeetingId", str)
UserId = NewType("UserId", str)
ParticipantId = NewType("ParticipantId", str)
SessionId = NewType("SessionId", str)
MessageId = NewType("MessageId", str)
FileId = NewType("FileId", str)
ShardId = NewType("ShardId", str)

SHARD_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""What a shard may be called: as hosts are, since containers are named by their host. It stands in paths."""

SERVER = ParticipantId("server")
"""The `by` of what nobody asked for: a resume window that ran out, a room ended over HTTP."""
