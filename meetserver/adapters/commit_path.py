"""The one place where raw SQL per database is worth it: the fenced write of many rooms' entries.

A room is written only if its epoch and last seq are still what the writer believes. That UPDATE is the fence:
a SELECT before, or the lock of a foreign key, is none. Both databases answer per room, and a definite error is
halved down to the room that caused it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from msgspec import Struct

from meetserver.adapters.commits import malformed
from meetserver.errors import BadEntry, Duplicate, Locked, Stale, StoreError, UnknownOutcome
from meetserver.ids import RoomId
from meetserver.ports import Commit, OpenSession, Sealer

Answers: TypeAlias = list[StoreError | None]


class Refusal(Exception):
    """The database refused a statement as a whole, for certain: nothing of it was written."""

    def __init__(self, answer: StoreError) -> None:
        super().__init__(str(answer))
        self.answer = answer


class Outcome(Struct, frozen=True):
    """Rooms of one statement: whose row could be had, and whose fence matched."""

    locked: frozenset[RoomId]
    written: frozenset[RoomId]


class Writer(Protocol):
    """One database's way to write. Raises Refusal, or UnknownOutcome when the answer got lost, or when no smaller
    statement would fare better: no space, say."""

    lanes: int

    async def write(self, commits: Sequence[Commit], seal: "Seal") -> Outcome: ...
    async def write_alone(self, commit: Commit, seal: "Seal") -> Outcome: ...
    async def close(self) -> None: ...


Seal: TypeAlias = Callable[[RoomId, int, bytes], bytes]


def seal_with(sealer: Sealer) -> Seal:
    return lambda room, seq, data: sealer.seal(data, about_entry(room, seq))


def about_entry(room: RoomId, seq: int) -> str:
    """What a sealed entry is bound to."""
    return f"{room}/{seq}"


def about_snapshot(room: RoomId, seq: int) -> str:
    """What a sealed snapshot is bound to."""
    return f"{room}/snapshot/{seq}"


def ended_at(commit: Commit) -> datetime | None:
    """When the room ended, if it did in this commit."""
    return next((entry.at for entry in commit.entries if entry.type == "room.ended"), None)


def joined_at(commit: Commit, session: OpenSession) -> datetime | None:
    """When a session that this commit opens was inside: at once, unless it waits in the lobby."""
    is_inside = not session.is_waiting or session.session in commit.admitted
    return commit.entries[-1].at if is_inside else None


async def commit(write: Callable[[Sequence[Commit]], Awaitable[Outcome]], commits: Sequence[Commit]) -> Answers:
    """Answers in the order of `commits`. Malformed ones do not reach the database."""
    refused = [malformed(commit) for commit in commits]
    whole = [commit for commit, answer in zip(commits, refused, strict=True) if answer is None]
    answers = iter(await _halving(write, whole) if whole else [])
    return [answer or next(answers) for answer in refused]


async def _halving(write: Callable[[Sequence[Commit]], Awaitable[Outcome]], commits: Sequence[Commit]) -> Answers:
    try:
        outcome = await write(commits)
    except UnknownOutcome as lost:
        return [lost] * len(commits)
    except Refusal as refusal:
        if len(commits) == 1:
            return [refusal.answer]
        middle = len(commits) // 2
        return await _halving(write, commits[:middle]) + await _halving(write, commits[middle:])
    return [_answer(commit, outcome) for commit in commits]


def _answer(commit: Commit, outcome: Outcome) -> StoreError | None:
    if commit.room in outcome.written:
        return None
    if commit.room in outcome.locked:
        return Stale(f"room {commit.room} went on without epoch {commit.epoch}")
    return Locked(f"room {commit.room} is locked")


def not_unique() -> Refusal:
    return Refusal(Duplicate("a txn, a session or a ticket is in the log already"))


def not_storable(error: Exception) -> Refusal:
    return Refusal(BadEntry(f"the database cannot hold this: {error}"))
