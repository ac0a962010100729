"""What the job runner keeps to, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from meetserver.adapters.clock import SystemClock
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.random import SystemRandom
from meetserver.database import Database
from meetserver.jobs import store
from meetserver.jobs.kinds import Backoff, Job
from meetserver.jobs.models import job, job_run
from meetserver.jobs.runner import SWEEP, Runner
from meetserver.messages import Json
from tests.contract.eventually import eventually

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
        async with asyncio.timeout(10), self.changed:
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


@pytest.fixture
def machine(database: Database) -> Machine:
    return Machine(database, ManualClock())


@asynccontextmanager
async def running(*runners: Runner, grace_s: float = 5.0) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for runner in runners:
            await runner.start()
            stack.push_async_callback(runner.stop, grace_s)
        yield


async def test_a_job_runs_with_its_payload_and_is_done(machine: Machine) -> None:
    runner = machine.runner()
    runner.register("greet", machine.note)
    async with running(runner):
        job_id = await machine.enqueue(runner, "greet", {"name": "Ada", "at": [1, None, "é"]})
        row = await machine.until_row(job_id, state="done")
    assert machine.seen == [{"name": "Ada", "at": [1, None, "é"]}]
    assert (row.attempts, row.leased_by, row.last_error) == (1, None, None)
    assert row.finished_at == machine.clock.now()


async def test_a_job_of_a_transaction_that_fails_never_was(machine: Machine) -> None:
    runner = machine.runner()
    runner.register("greet", machine.note)

    async def fail(connection: Any) -> None:
        await runner.enqueue(connection, "greet", "lost")
        raise ZeroDivisionError

    async with running(runner):
        with pytest.raises(ZeroDivisionError):
            await machine.database.run(fail)
        await machine.enqueue(runner, "greet", "kept")
        await machine.until(lambda: bool(machine.seen))
    assert machine.seen == ["kept"]


async def test_a_commit_wakes_the_runner(machine: Machine) -> None:
    runner = machine.runner(poll_s=3600)
    runner.register("greet", machine.note)
    async with running(runner):
        await eventually(
            lambda: machine.database.fetch(select(job).where(job.c.kind == SWEEP, job.c.state == "waiting"))
        )
        await machine.enqueue(runner, "greet", "now")
        await machine.until(lambda: machine.seen == ["now"])


async def test_a_job_waits_for_its_time(machine: Machine) -> None:
    runner = machine.runner()
    runner.register("greet", machine.note)
    async with running(runner):
        later = machine.clock.now() + timedelta(hours=1)
        await machine.enqueue(runner, "greet", "later", run_at=later)
        await machine.enqueue(runner, "greet", "now")
        await machine.until(lambda: machine.seen == ["now"])
        _advance(machine, 3600)
        await machine.until(lambda: machine.seen == ["now", "later"])


async def test_an_unfinished_job_keeps_its_key_to_itself(machine: Machine) -> None:
    runner = machine.runner()
    runner.register("greet", machine.note)
    runner.register("part", machine.note)
    first = await machine.enqueue(runner, "greet", 1, key="ada")
    again = await machine.database.run(lambda connection: runner.enqueue(connection, "greet", 2, key="ada"))
    assert again is None
    await machine.enqueue(runner, "part", 3, key="ada")
    async with running(runner):
        await machine.until_row(first, state="done")
        await machine.enqueue(runner, "greet", 4, key="ada")
        await machine.until(lambda: len(machine.seen) == 3)
    assert sorted(machine.seen) == [1, 3, 4]


async def test_a_job_that_fails_is_tried_again_later_and_later_and_then_is_dead(machine: Machine) -> None:
    runner = machine.runner()

    async def fail(one: Job) -> None:
        await machine.see(one.attempt)
        raise ValueError("no way")

    runner.register("fail", fail, max_attempts=3, backoff=MINUTE)
    async with running(runner):
        job_id = await machine.enqueue(runner, "fail")
        row = await machine.until_row(job_id, state="waiting", attempts=1)
        assert row.last_error == "ValueError: no way"
        assert timedelta(seconds=30) <= row.run_at - machine.clock.now() <= timedelta(seconds=60)
        _advance(machine, 60)
        row = await machine.until_row(job_id, state="waiting", attempts=2)
        assert timedelta(seconds=60) <= row.run_at - machine.clock.now() <= timedelta(seconds=120)
        _advance(machine, 120)
        row = await machine.until_row(job_id, state="dead")
        runs = await machine.until_runs(job_id, 3)
    assert machine.seen == [1, 2, 3]
    assert row.last_error == "ValueError: no way"
    assert [(run.attempt, run.outcome, run.error) for run in reversed(runs)] == [
        (1, "failed", "ValueError: no way"),
        (2, "failed", "ValueError: no way"),
        (3, "dead", "ValueError: no way"),
    ]


async def test_a_job_that_takes_too_long_has_failed(machine: Machine) -> None:
    runner = machine.runner()

    async def hang(_: Job) -> None:
        await asyncio.Event().wait()

    runner.register("hang", hang, max_attempts=1, timeout_s=0.05)
    async with running(runner):
        job_id = await machine.enqueue(runner, "hang")
        row = await machine.until_row(job_id, state="dead")
    assert "TimeoutError" in row.last_error


async def test_no_more_jobs_run_at_once_than_there_are_slots(machine: Machine) -> None:
    runner = machine.runner(slots=3)
    now = most = 0

    async def count(one: Job) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.005)
        now -= 1
        await machine.see(one.payload)

    runner.register("count", count)
    async with running(runner):
        for number in range(12):
            await machine.enqueue(runner, "count", number)
        await machine.until(lambda: len(machine.seen) == 12)
    assert most == 3


async def test_progress_can_be_seen(machine: Machine) -> None:
    runner = machine.runner()
    go = asyncio.Event()

    async def work(one: Job) -> None:
        await one.progress(3, 10)
        await machine.see("told")
        await go.wait()

    runner.register("work", work)
    async with running(runner):
        job_id = await machine.enqueue(runner, "work")
        await machine.until(lambda: machine.seen == ["told"])
        row = await machine.row(job_id)
        assert (row.state, row.progress_done, row.progress_total) == ("running", 3, 10)
        go.set()
        await machine.until_row(job_id, state="done")


# --- several processes


async def test_four_runners_run_each_of_many_jobs_once(database: Database) -> None:
    machine = Machine(database, SystemClock())
    runners = [machine.runner(f"worker-{number}", slots=4) for number in range(4)]
    for runner in runners:
        runner.register("count", machine.note)

    async def many(connection: Any) -> None:
        for number in range(200):
            await runners[0].enqueue(connection, "count", number)

    await database.run(many)
    async with running(*runners):
        await machine.until(lambda: len(machine.seen) >= 200)
    rows = await database.fetch(select(job.c.state, job.c.attempts).where(job.c.kind == "count"))
    runs = await database.fetch(select(job_run.c.runner).join(job).where(job.c.kind == "count"))
    assert sorted(machine.seen) == list(range(200))
    assert {tuple(row) for row in rows} == {("done", 1)}
    assert len(runs) == 200
    assert len({run.runner.split("/")[0] for run in runs}) > 1


async def test_a_job_whose_process_died_is_taken_over(machine: Machine) -> None:
    dead = machine.runner("dead")
    dead.register("count", machine.note)
    job_id = await machine.enqueue(dead, "count", "twice tried")
    await _claim_and_die(machine, "count")
    alive = machine.runner("alive")
    alive.register("count", machine.note)
    async with running(alive):
        another = await machine.enqueue(alive, "count", "another")
        await machine.until_row(another, state="done")
        _advance(machine, 30)
        row = await machine.until_row(job_id, state="done")
    assert machine.seen == ["another", "twice tried"]
    assert row.attempts == 2


async def test_a_process_that_starts_again_under_its_name_waits_for_no_lease(machine: Machine) -> None:
    runner = machine.runner("shard_1")
    runner.register("count", machine.note)
    mine = await machine.enqueue(runner, "count", "mine")
    await _claim_and_die(machine, "count", "shard_1/before")
    others = await machine.enqueue(runner, "count", "another's")
    await _claim_and_die(machine, "count", "shardX1/alive")
    async with running(runner):
        row = await machine.until_row(mine, state="done")
    assert machine.seen == ["mine"]
    assert row.attempts == 2
    assert (await machine.row(others)).leased_by == "shardX1/alive"


async def test_a_process_that_was_suspended_goes_on_with_its_jobs(machine: Machine) -> None:
    runner = machine.runner()
    go = asyncio.Event()

    async def work(one: Job) -> None:
        await machine.see(one.attempt)
        await go.wait()

    runner.register("work", work)
    runner.register("greet", machine.note)
    async with running(runner):
        job_id = await machine.enqueue(runner, "work")
        await machine.until(lambda: machine.seen == [1])
        _advance(machine, 3600)
        await machine.enqueue(runner, "greet", "hello")
        await machine.until(lambda: machine.seen == [1, "hello"])
        go.set()
        await machine.until_row(job_id, state="done", attempts=1)


async def test_a_job_that_kills_its_process_each_time_is_dead_in_the_end(machine: Machine) -> None:
    runner = machine.runner()
    runner.register("poison", machine.note, max_attempts=2)
    job_id = await machine.enqueue(runner, "poison")
    for _ in range(2):
        await _claim_and_die(machine, "poison")
        _advance(machine, 30)
    async with running(runner):
        row = await machine.until_row(job_id, state="dead")
    assert "died" in row.last_error
    assert not machine.seen


async def _claim_and_die(machine: Machine, kind: str, runner: str = "dead/before") -> None:
    now = machine.clock.now()
    claimed = await store.claim(machine.database, [kind], runner, now, now + timedelta(seconds=30), 1)
    assert len(claimed) == 1


async def test_a_lease_is_renewed_while_its_job_runs(database: Database) -> None:
    machine = Machine(database, SystemClock())
    long, other = machine.runner("long", lease_s=1.5), machine.runner("other", lease_s=1.5)
    go = asyncio.Event()

    async def work(one: Job) -> None:
        await machine.see(one.attempt)
        await go.wait()

    for runner in (long, other):
        runner.register("work", work)
        runner.register("look", machine.note)
    async with running(long):
        job_id = await machine.enqueue(long, "work")
        await machine.until(lambda: machine.seen == [1])
        first = (await machine.row(job_id)).lease_until
        lease_that_outlived_the_first = select(job).where(
            job.c.id == job_id, job.c.lease_until > first + timedelta(seconds=1.5)
        )
        async with running(other):
            await eventually(lambda: database.fetch(lease_that_outlived_the_first))
        go.set()
        row = await machine.until_row(job_id, state="done")
    assert machine.seen == [1]
    assert row.attempts == 1


async def test_who_lost_its_lease_is_cancelled_and_has_no_say(database: Database) -> None:
    machine = Machine(database, SystemClock())
    runner = machine.runner(lease_s=0.1)

    async def work(_: Job) -> None:
        await machine.see("began")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await machine.see("cancelled")
            raise

    runner.register("work", work)
    async with running(runner):
        job_id = await machine.enqueue(runner, "work")
        await machine.until(lambda: machine.seen == ["began"])
        far = machine.clock.now() + timedelta(hours=1)
        await database.write(update(job).where(job.c.id == job_id).values(leased_by="somebody else", lease_until=far))
        await machine.until(lambda: machine.seen == ["began", "cancelled"])
    row = await machine.row(job_id)
    assert (row.state, row.leased_by) == ("running", "somebody else")


# --- the end of a process


async def test_stopping_lets_what_runs_finish(machine: Machine) -> None:
    runner = machine.runner()
    go = asyncio.Event()

    async def work(_: Job) -> None:
        await machine.see("began")
        await go.wait()

    runner.register("work", work)
    await runner.start()
    job_id = await machine.enqueue(runner, "work")
    await machine.until(lambda: machine.seen == ["began"])
    stopping = asyncio.create_task(runner.stop(grace_s=5))
    later = await machine.enqueue(runner, "work")
    go.set()
    await stopping
    assert (await machine.row(job_id)).state == "done"
    assert (await machine.row(later)).state == "waiting"


async def test_stopping_gives_back_what_does_not_finish(machine: Machine) -> None:
    runner = machine.runner()

    async def hang(_: Job) -> None:
        await machine.see("began")
        await asyncio.Event().wait()

    runner.register("hang", hang)
    async with running(runner, grace_s=0.01):
        job_id = await machine.enqueue(runner, "hang")
        await machine.until(lambda: machine.seen == ["began"])
    row = await machine.row(job_id)
    assert (row.state, row.attempts, row.leased_by) == ("waiting", 0, None)
    assert [run.outcome for run in await machine.until_runs(job_id, 1)] == ["given_back"]


# --- periodic jobs


async def test_a_periodic_job_runs_at_once_and_then_every_so_often(machine: Machine) -> None:
    runner = machine.runner()
    runner.register_periodic("tick", _seeing(machine, "tick"), every_s=60)
    async with running(runner):
        for count in range(1, 4):
            await machine.until(lambda count=count: len(machine.seen) == count)  # type: ignore[misc]
            row = await machine.until_row((await machine.row_of("tick")).id, state="waiting", attempts=0)
            assert row.run_at == machine.clock.now() + timedelta(seconds=60)
            assert len(await machine.until_runs(row.id, count)) == count
            _advance(machine, 60)


def _seeing(machine: Machine, what: str) -> Callable[[Job], Awaitable[None]]:
    async def see(_: Job) -> None:
        await machine.see(what)

    return see


async def test_a_periodic_job_runs_in_one_process_of_many(database: Database) -> None:
    machine = Machine(database, SystemClock())
    runners = [machine.runner(f"worker-{number}", poll_s=0.005) for number in range(4)]
    now = most = 0

    async def tick(_: Job) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.003)
        now -= 1
        await machine.see("tick")

    for runner in runners:
        runner.register_periodic("tick", tick, every_s=0.0)
    async with running(*runners):
        await machine.until(lambda: len(machine.seen) >= 20)
    assert most == 1


async def test_a_periodic_job_that_fails_comes_again_and_is_never_dead(machine: Machine) -> None:
    runner = machine.runner()

    async def fail(_: Job) -> None:
        await machine.see("tried")
        raise ValueError("not yet")

    runner.register_periodic("tick", fail, every_s=4.0)
    async with running(runner):
        for count in range(1, 9):
            await machine.until(lambda count=count: len(machine.seen) == count)  # type: ignore[misc]
            row = await machine.until_row((await machine.row_of("tick")).id, state="waiting", attempts=count)
            assert row.run_at - machine.clock.now() <= timedelta(seconds=4)
            _advance(machine, 4)


async def test_a_kick_runs_a_periodic_job_now(machine: Machine) -> None:
    runner = machine.runner(poll_s=3600)
    runner.register_periodic("tick", _seeing(machine, "tick"), every_s=3600)
    async with running(runner):
        await machine.until(lambda: len(machine.seen) == 1)
        await machine.until_row((await machine.row_of("tick")).id, state="waiting")
        runner.kick("tick")
        await machine.until(lambda: len(machine.seen) == 2)


async def test_a_kick_while_it_runs_is_not_lost(machine: Machine) -> None:
    here, there = machine.runner("here"), machine.runner("there")
    go = asyncio.Event()

    async def tick(_: Job) -> None:
        await machine.see("tick")
        await go.wait()

    for runner in (here, there):
        runner.register_periodic("tick", tick, every_s=3600)
    async with running(here):
        await machine.until(lambda: len(machine.seen) == 1)
        async with running(there):
            there.kick("tick")
            await machine.until_row((await machine.row_of("tick")).id, again=True)
        go.set()
        await machine.until(lambda: len(machine.seen) == 2)


async def test_old_history_goes_and_dead_jobs_stay(machine: Machine) -> None:
    runner = machine.runner()

    async def fail(_: Job) -> None:
        raise ValueError

    runner.register("fail", fail, max_attempts=1)
    runner.register("greet", machine.note)
    async with running(runner):
        dead = await machine.enqueue(runner, "fail")
        done = await machine.enqueue(runner, "greet")
        await machine.until_row(dead, state="dead")
        await machine.until_row(done, state="done")
        await machine.until_runs(done, 1)
        _advance(machine, 8 * 86400)

        async def is_gone() -> bool:
            return not await machine.database.fetch(select(job).where(job.c.id == done))

        await eventually(is_gone)
    assert not await store.runs_of(machine.database, done, 10)
    assert (await machine.row(dead)).state == "dead"


def _advance(machine: Machine, seconds: float) -> None:
    assert isinstance(machine.clock, ManualClock)
    machine.clock.advance(seconds)
