"""What a client did and saw, and what the database holds, as plain data for the checker."""

import hashlib
from typing import Any

import msgspec
from msgspec import Struct


class Invoked(Struct, frozen=True):
    """A durable command was given; `at_s` is on the run's one monotonic clock, as all times here."""

    txn: str
    type: str
    at_s: float


class Acked(Struct, frozen=True):
    """It was answered ok."""

    txn: str
    seq: int
    at_s: float


class Failed(Struct, frozen=True):
    """It was refused for good: it must not have happened. A command with neither is unknown."""

    txn: str
    code: str
    at_s: float


class Seen(Struct, frozen=True):
    """A durable event reached the client; `content` is a digest of type, author, time and data."""

    epoch: int
    seq: int
    content: str
    at_s: float


class Entered(Struct, frozen=True):
    """The client got into the room at `seq`, for the first time or again.

    `recovered`: what the server said. `must_recover`: it came back within the resume window.
    """

    seq: int
    recovered: bool
    must_recover: bool
    at_s: float


class Broke(Struct, frozen=True):
    """The client found that the server did not keep the protocol, or threw it out."""

    why: str
    at_s: float


Record = Invoked | Acked | Failed | Seen | Entered | Broke


class History(Struct):
    """One client's run. `saw_all`: it was in the room, and the room was quiet, when the run ended."""

    client: str
    room: str
    participant: str
    records: list[Record] = []
    saw_all: bool = True


class LogEntry(Struct, frozen=True):
    """One entry of a room's log in the database; `to` None is everybody, else those and its author."""

    epoch: int
    seq: int
    by: str
    type: str
    content: str
    txn: str | None = None
    to: frozenset[str] | None = None

    def is_for(self, participant: str) -> bool:
        return self.to is None or participant in self.to or participant == self.by


def content_of(type_: str, by: str, at: str, data: bytes) -> str:
    """A digest that does not depend on how the JSON was written."""
    canonical: Any = [type_, by, at, msgspec.json.decode(data)]
    return hashlib.sha256(msgspec.json.encode(canonical, order="deterministic")).hexdigest()[:16]
