"""The job runner in several processes that die, freeze and stop."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from meetserver.adapters.clock import SystemClock
from meetserver.database import Database
from meetserver.jobs import store
from meetserver.jobs.kinds import Job
from meetserver.jobs.models import job, job_run
from tests.contract.eventually import eventually
from tests.contract.machine import Machine, advance, running


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
        advance(machine, 30)
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
        advance(machine, 3600)
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
        advance(machine, 30)
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
