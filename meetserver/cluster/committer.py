"""Gathers what many rooms want to commit, and writes it with few statements.

While a statement is under way, what rooms submit waits; then all of it goes into the next one. So a quiet server
commits at once, and a busy one shares each sync of the disk between many rooms.
"""

import asyncio
import logging
import zlib
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeAlias

from msgspec import Struct

from meetserver import limits
from meetserver.errors import Locked, StoreError, UnknownOutcome
from meetserver.ids import RoomId
from meetserver.ports import Commit, RoomLog

log = logging.getLogger(__name__)

Done: TypeAlias = Callable[[StoreError | None], None]


class CommitLog(RoomLog, Protocol):
    """A room log that says how many statements at a time do it good."""

    @property
    def commit_lanes(self) -> int: ...


class _Waiting(Struct, frozen=True):
    commit: Commit
    done: Done
    since: float


class Committer:
    """The way to the log. A room has one commit under way at a time, which its caller sees to; all of a room's
    commits go through the same lane, so no two statements want the same room."""

    def __init__(self, room_log: CommitLog) -> None:
        self._log = room_log
        self._lanes = [_Lane(self) for _ in range(room_log.commit_lanes)]
        self._alone: set[asyncio.Task[None]] = set()
        self._entries = 0
        self._failed_at: float | None = None
        self._is_closed = False

    def submit(self, commit: Commit, done: Done) -> None:
        """Write `commit` soon. `done` is called once, in a later turn of this loop: with None when it is committed.

        UnknownOutcome, and nothing is written, when more than limits.COMMIT_QUEUE_ENTRIES wait, or after `close`.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(commit, done, loop.time())
        entries = len(commit.entries)
        if self._is_closed or self._entries + entries > limits.COMMIT_QUEUE_ENTRIES:
            reason = "the server is going down" if self._is_closed else "the database does not keep up"
            loop.call_soon(_tell, waiting, UnknownOutcome(reason))
            return
        self._entries += entries
        self._lanes[lane_of(commit.room, len(self._lanes))].add(waiting)

    @property
    def lag_s(self) -> float:
        """How long the eldest commit has waited that has no answer; a room that is locked elsewhere does not count."""
        eldest = min((lane.eldest for lane in self._lanes if lane.eldest is not None), default=None)
        return 0.0 if eldest is None else _now() - eldest

    @property
    def is_failing(self) -> bool:
        """Whether the newest statement failed, as with a full disk; forgotten after limits.COMMIT_FAILED_S, as only
        another try can tell."""
        return self._failed_at is not None and _now() - self._failed_at < limits.COMMIT_FAILED_S

    async def close(self) -> None:
        """Take nothing more, and return when all that was taken is answered."""
        self._is_closed = True
        while tasks := [*self._alone, *(lane.task for lane in self._lanes if lane.task)]:
            await asyncio.wait(tasks)

    async def write(self, batch: list[_Waiting]) -> None:
        """Write `batch` with one statement; whoever's room is locked is written apart, so that nobody waits for it."""
        try:
            answers = await self._log.commit([waiting.commit for waiting in batch])
        except Exception as error:
            log.exception("action=commit_failed: the log does not foresee this")
            answers = [UnknownOutcome(repr(error))] * len(batch)
        self._failed_at = _now() if all(isinstance(answer, UnknownOutcome) for answer in answers) else None
        for waiting, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Locked):
                task = asyncio.get_running_loop().create_task(self._write_alone(waiting))
                self._alone.add(task)
                task.add_done_callback(self._alone.discard)
            else:
                self._answer(waiting, answer)

    async def _write_alone(self, waiting: _Waiting) -> None:
        try:
            answer = await self._log.commit_alone(waiting.commit)
        except Exception as error:
            log.exception("action=commit_failed: the log does not foresee this")
            answer = UnknownOutcome(repr(error))
        self._answer(waiting, answer)

    def _answer(self, waiting: _Waiting, answer: StoreError | None) -> None:
        self._entries -= len(waiting.commit.entries)
        _tell(waiting, answer)


class _Lane:
    """Statements one after the other. Its task lives while there is something to write."""

    def __init__(self, committer: Committer) -> None:
        self.task: asyncio.Task[None] | None = None
        self.eldest: float | None = None
        """When the eldest commit without an answer came, by the loop's time."""
        self._committer = committer
        self._waiting: deque[_Waiting] = deque()

    def add(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        if self.task is None:
            self.eldest = waiting.since
            # It starts in the loop's next turn, so that what this turn submits goes along.
            self.task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                self.eldest = self._waiting[0].since
                await self._committer.write(self._take_batch())
        finally:
            self.task = self.eldest = None

    def _take_batch(self) -> list[_Waiting]:
        batch = [self._waiting.popleft()]
        entries = len(batch[0].commit.entries)
        while self._waiting and entries + len(self._waiting[0].commit.entries) <= limits.COMMIT_STATEMENT_ENTRIES:
            batch.append(self._waiting.popleft())
            entries += len(batch[-1].commit.entries)
        return batch


def _now() -> float:
    return asyncio.get_running_loop().time()


def _tell(waiting: _Waiting, answer: StoreError | None) -> None:
    try:
        waiting.done(answer)
    except Exception:
        log.exception("action=commit_answer_failed room=%s", waiting.commit.room)


def lane_of(room: RoomId, lanes: int) -> int:
    """The same in every process and for ever, unlike `hash`."""
    return zlib.crc32(room.encode()) % lanes
