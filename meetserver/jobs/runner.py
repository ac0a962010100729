"""Runs jobs that are rows in the database: many processes, each job in one of them at a time.

A job is claimed by a lease, which is renewed while its handler runs; a process that dies lets it run out, and
another takes the job over. So a handler runs at least once, and twice only when a process died or froze in it.
Leases go by the processes' clocks: these must agree to well within `limits.JOB_LEASE_S`.
A periodic job is one row whose key is its kind. That row's lease is its leadership; there is no other election.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.database import Database, after_commit
from meetserver.errors import Unavailable
from meetserver.jobs import store
from meetserver.jobs.attempt import Attempt
from meetserver.jobs.kinds import Backoff, Handler, Job, Kind
from meetserver.messages import Json
from meetserver.ports import Clock, Random

log = logging.getLogger(__name__)

SWEEP = "jobs.sweep"
SWEEP_EVERY_S = 3600.0
BACKOFF = Backoff()
CANCEL_AGAIN_S = 1.0
ENDLESS = 2**31 - 1
"""Attempts of a periodic job: it is never dead."""


class _Running(Struct, frozen=True):
    task: asyncio.Task[None]
    is_periodic: bool


class Runner:
    """`slots` one-off jobs run at once. Two runners of one `name` do not live at once: the younger one takes over."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        random: Random,
        *,
        name: str,
        slots: int = limits.JOB_SLOTS,
        lease_s: float = limits.JOB_LEASE_S,
        poll_s: float = limits.JOB_POLL_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._name = name
        self._slots = slots
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._kinds: dict[str, Kind] = {}
        self._running: dict[store.Claim, _Running] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._is_stopping = False
        self._kicked: set[str] = set()
        self._awake = asyncio.Event()
        self.register_periodic(SWEEP, self._sweep, every_s=SWEEP_EVERY_S)

    # --- before the start

    def register(
        self,
        kind: str,
        handler: Handler,
        *,
        max_attempts: int = 5,
        backoff: Backoff = BACKOFF,
        timeout_s: float = limits.JOB_TIMEOUT_S,
    ) -> None:
        """Have jobs of this kind run by `handler`; after `max_attempts` failures one is dead, and kept."""
        self._add(Kind(kind, handler, max_attempts, backoff, timeout_s))

    def register_periodic(
        self, kind: str, handler: Handler, *, every_s: float, timeout_s: float = limits.JOB_TIMEOUT_S
    ) -> None:
        """Have `handler` run every `every_s` seconds after its last end, in one process of all, and when it is kicked.

        After a failure it comes again sooner: after 5 s, then 10 s …, at most `every_s`.
        """
        backoff = Backoff(first_s=min(5.0, every_s), longest_s=min(3600.0, every_s))
        self._add(Kind(kind, handler, ENDLESS, backoff, timeout_s, every_s))

    def _add(self, kind: Kind) -> None:
        if kind.name in self._kinds:
            raise ValueError(f"two handlers for jobs of kind {kind.name}")
        self._kinds[kind.name] = kind

    # --- asking for work

    async def enqueue(
        self,
        connection: AsyncConnection,
        kind: str,
        payload: Json,
        *,
        key: str | None = None,
        run_at: datetime | None = None,
    ) -> str | None:
        """Have a job run once the transaction of `connection` commits, or at `run_at`; its id.

        None: an unfinished job of this kind has this `key`.
        """
        new = self._new_job(kind, payload, None if key is None else f"{kind}/{key}", run_at)
        if not await store.insert_job(connection, new):
            return None
        after_commit(connection, self._awake.set)
        return new.id

    def _new_job(self, kind: str, payload: Json, key: str | None, run_at: datetime | None) -> store.NewJob:
        now = self._clock.now()
        return store.NewJob(
            id=self._random.id(),
            kind=kind,
            key=key,
            payload=payload,
            run_at=run_at or now,
            max_attempts=self._kinds[kind].max_attempts,
            created_at=now,
        )

    def kick(self, kind: str) -> None:
        """Have a periodic job run now, wherever; while it runs: once more."""
        self._kicked.add(kind)
        self._awake.set()

    # --- running

    async def start(self) -> None:
        self._loops = [
            asyncio.create_task(self._claim_forever(), name="jobs: claim"),
            asyncio.create_task(self._renew_forever(), name="jobs: renew"),
        ]

    async def stop(self, grace_s: float = 10.0) -> None:
        """Claim no more, let what runs finish for `grace_s` seconds, give the rest back unfinished."""
        if not self._loops:
            return
        claiming, renewing = self._loops
        self._is_stopping = True
        self._awake.set()
        # Not cancelled at once: what it is just claiming would wait for its lease to run out.
        await asyncio.wait([claiming], timeout=grace_s)
        running = [one.task for one in self._running.values()]
        if running:
            await asyncio.wait(running, timeout=grace_s)
        await _cancel([claiming, *running, renewing])
        self._loops = []

    async def _claim_forever(self) -> None:
        is_set_up = False
        while not self._is_stopping:
            self._awake.clear()
            try:
                if not is_set_up:
                    await store.take_back(self._database, self._name, self._clock.now())
                    await self._insert_periodic()
                    is_set_up = True
                await self._claim_due()
            except Unavailable as error:
                log.warning('action="jobs not claimed" error=%r', str(error))
            except Exception:
                log.exception('action="jobs not claimed"')
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._awake.wait()

    async def _insert_periodic(self) -> None:
        for kind in self._periodic:
            new = self._new_job(kind, None, kind, None)
            await self._database.run(partial(store.insert_job, new=new))

    @property
    def _periodic(self) -> set[str]:
        return {name for name, kind in self._kinds.items() if kind.every_s is not None}

    async def _claim_due(self) -> None:
        await self._pass_kicks_on()
        periodic = self._periodic
        # Long jobs do not keep periodic ones waiting: these take no slot.
        await self._claim(periodic, len(periodic))
        busy = sum(not one.is_periodic for one in self._running.values())
        await self._claim(self._kinds.keys() - periodic, self._slots - busy)

    async def _pass_kicks_on(self) -> None:
        kicked, self._kicked = self._kicked, set()
        if not kicked:
            return
        try:
            await store.kick(self._database, kicked, self._clock.now())
        except BaseException:
            self._kicked |= kicked
            raise

    async def _claim(self, kinds: Collection[str], limit: int) -> None:
        now, here = self._clock.now(), {job_id for job_id, _ in self._running}
        if not kinds or limit <= 0 or not await store.has_due(self._database, kinds, now, here):
            return
        if self._is_stopping:
            return
        holder = f"{self._name}/{self._random.id()}"
        for claimed in await store.claim(self._database, kinds, holder, now, self._lease_end(now), limit, here):
            attempt = Attempt(claimed, self._kinds[claimed.kind], self._database, self._clock, self._random)
            task = asyncio.create_task(attempt.run(), name=f"job: {claimed.kind}")
            self._running[claimed.claim] = _Running(task, self._kinds[claimed.kind].every_s is not None)
            task.add_done_callback(partial(self._ended, claimed.claim))

    def _ended(self, claim: store.Claim, _: asyncio.Task[None]) -> None:
        del self._running[claim]
        self._awake.set()

    async def _renew_forever(self) -> None:
        loop = asyncio.get_running_loop()
        renewed_at = loop.time()
        while True:
            await asyncio.sleep(self._lease_s / 3)
            asked_at = loop.time()
            claims = set(self._running)
            try:
                held = await self._renewed(claims)
            except Exception:
                log.exception('action="job leases not renewed"')
                # Somebody else may have the jobs now.
                held = claims if loop.time() - renewed_at < self._lease_s else set()
            else:
                renewed_at = asked_at
            for claim in claims - held:
                if claim in self._running:
                    self._running[claim].task.cancel()

    async def _renewed(self, claims: set[store.Claim]) -> set[store.Claim]:
        """Those that still hold."""
        return await store.renew(self._database, claims, self._lease_end(self._clock.now())) if claims else claims

    def _lease_end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._lease_s)

    async def _sweep(self, _: Job) -> None:
        await store.delete_old(self._database, self._clock.now() - timedelta(seconds=limits.JOB_HISTORY_S))


async def _cancel(tasks: Collection[asyncio.Task[None]]) -> None:
    """Again where it was swallowed: Python 3.11's wait_for does that when its work is done at the same moment."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
