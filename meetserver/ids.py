"""Opaque identifiers. Made by the `Random` port only, so that a seeded run makes the same ones again."""

from typing import NewType

RoomId = NewType("RoomId", str)
MeetingId = NewType("MeetingId", str)
UserId = NewType("UserId", str)
ParticipantId = NewType("ParticipantId", str)
SessionId = NewType("SessionId", str)
MessageId = NewType("MessageId", str)
ShardId = NewType("ShardId", str)

SERVER = ParticipantId("server")
"""The `by` of what nobody asked for: a resume window that ran out, a room ended over HTTP."""
