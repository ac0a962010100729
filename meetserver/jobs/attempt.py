"""One try of one claimed job: run its handler, write down what became of it."""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import datetime, timedelta

from meetserver import limits
from meetserver.database import Database
from meetserver.jobs import store
from meetserver.jobs.kinds import Kind
from meetserver.messages import Json
from meetserver.ports import Clock, Random

log = logging.getLogger(__name__)


class Attempt:
    """A claimed job in the hands of this process; also what its handler sees of it (kinds.Job)."""

    def __init__(self, claimed: store.ClaimedJob, kind: Kind, database: Database, clock: Clock, random: Random) -> None:
        self.id = claimed.id
        self.kind = claimed.kind
        self.payload: Json = claimed.payload
        self.attempt = claimed.attempts
        self._claimed = claimed
        self._kind = kind
        self._database = database
        self._clock = clock
        self._random = random
        self._started_at = clock.now()

    async def progress(self, done: int, total: int | None = None) -> None:
        await store.report_progress(self._database, self._claimed, done, total)

    async def run(self) -> None:
        """Never raises but CancelledError, and gives the job back before that."""
        if self.attempt > self._claimed.max_attempts:
            await self._settle(self._die("its process died during the last attempt"))
            return
        try:
            async with asyncio.timeout(self._kind.timeout_s):
                await self._kind.handler(self)
        except asyncio.CancelledError:
            await self._settle(self._give_back())
            raise
        except Exception as error:
            log.warning('action="job failed" kind=%s id=%s attempt=%d', self.kind, self.id, self.attempt, exc_info=True)
            await self._settle(self._fail(f"{type(error).__name__}: {error}"[: limits.JOB_ERROR_CHARS]))
        else:
            await self._settle(self._succeed())

    async def _settle(self, writing: Awaitable[None]) -> None:
        """A job whose end cannot be written down is run again when its lease is out."""
        try:
            await writing
        except Exception:
            log.exception('action="job outcome lost" kind=%s id=%s', self.kind, self.id)

    async def _succeed(self) -> None:
        now = self._clock.now()
        if self._kind.every_s is None:
            change = store.finished("done", None, now)
        else:
            change = store.repeated(now + timedelta(seconds=self._kind.every_s), now)
        await self._end(change, "ok", None, now)

    async def _fail(self, error: str) -> None:
        if self.attempt >= self._claimed.max_attempts:
            await self._die(error)
            return
        now = self._clock.now()
        delay_s = self._kind.backoff.delay_s(self.attempt, self._random)
        await self._end(store.put_off(now + timedelta(seconds=delay_s), error), "failed", error, now)

    async def _die(self, error: str) -> None:
        log.error('action="job dead" kind=%s id=%s error=%r', self.kind, self.id, error)
        now = self._clock.now()
        await self._end(store.finished("dead", error, now), "dead", error, now)

    async def _give_back(self) -> None:
        now = self._clock.now()
        await self._end(store.given_back(now), "given_back", None, now)

    async def _end(self, change: store.Change, outcome: store.Outcome, error: str | None, now: datetime) -> None:
        run = store.JobRun(
            id=self._random.id(),
            job_id=self.id,
            attempt=self.attempt,
            runner=self._claimed.leased_by,
            started_at=self._started_at,
            finished_at=now,
            outcome=outcome,
            error=error,
        )
        if not await store.settle(self._database, self._claimed, change, run):
            log.warning('action="job lease lost" kind=%s id=%s', self.kind, self.id)
