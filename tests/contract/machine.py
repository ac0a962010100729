"""A process with a runner, on a clock that tests move."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from sqlalchemy import select

from meetserver.adapters.clock import SystemClock
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.random import SystemRandom
from meetserver.database import Database
from meetserver.jobs import store
from meetserver.jobs.kinds import Backoff, Job
from meetserver.jobs.models import job
from meetserver.jobs.runner import Runner
from meetserver.messages import Json
from tests.contract.eventually import PATIENCE_S, eventually

AT_ONCE = Backoff(first_s=0, longest_s=0)
MINUTE = Backoff(first_s=60, longest_s=600)


class Machine:
    """Processes with a runner each, and what their handlers saw."""

    def __init__(self, database: Database, clock: ManualClock | SystemClock) -> None:
        self.database = database
        self.clock = clock
        self.seen: list[Json] = []
        self.changed = asyncio.Condition()

    def runner(self, name: str = "one", **options: Any) -> Runner:
        random = SystemRandom() if isinstance(self.clock, SystemClock) else SeededRandom(name)
        return Runner(self.database, self.clock, random, name=name, **{"poll_s": 0.02, **options})

    async def see(self, what: Json) -> None:
        async with self.changed:
            self.seen.append(what)
            self.changed.notify_all()

    async def note(self, one: Job) -> None:
        await self.see(one.payload)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(is_so)

    async def until_row(self, job_id: str, **wanted: object) -> Any:
        """The job's row, once it looks so. Its history is written just after it."""

        async def look() -> Any:
            row = await self.row(job_id)
            return row if all(getattr(row, name) == value for name, value in wanted.items()) else None

        return await eventually(look)

    async def until_runs(self, job_id: str, count: int) -> list[store.JobRun]:
        async def look() -> list[store.JobRun] | None:
            runs = await store.runs_of(self.database, job_id, 100)
            return runs if len(runs) >= count else None

        return await eventually(look) or []

    async def row(self, job_id: str) -> Any:
        (row,) = await self.database.fetch(select(job).where(job.c.id == job_id))
        return row

    async def row_of(self, kind: str) -> Any:
        (row,) = await self.database.fetch(select(job).where(job.c.kind == kind))
        return row

    async def enqueue(self, runner: Runner, kind: str, payload: Json = None, **options: Any) -> str:
        job_id = await self.database.run(lambda connection: runner.enqueue(connection, kind, payload, **options))
        assert job_id is not None
        return job_id


def advance(machine: Machine, seconds: float) -> None:
    assert isinstance(machine.clock, ManualClock)
    machine.clock.advance(seconds)


@asynccontextmanager
async def running(*runners: Runner, grace_s: float = 5.0) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for runner in runners:
            await runner.start()
            stack.push_async_callback(runner.stop, grace_s)
        yield
