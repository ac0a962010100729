"""The job runner in one process, on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from meetserver.jobs import store
from meetserver.jobs.kinds import Job
from meetserver.jobs.models import job
from meetserver.jobs.runner import SWEEP
from tests.contract.eventually import eventually
from tests.contract.machine import MINUTE, Machine, advance, running


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
        advance(machine, 3600)
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
        advance(machine, 60)
        row = await machine.until_row(job_id, state="waiting", attempts=2)
        assert timedelta(seconds=60) <= row.run_at - machine.clock.now() <= timedelta(seconds=120)
        advance(machine, 120)
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
    all_busy = asyncio.Event()
    now = most = 0

    async def count(one: Job) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 3:
            all_busy.set()
        await all_busy.wait()
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
        advance(machine, 8 * 86400)

        async def is_gone() -> bool:
            return not await machine.database.fetch(select(job).where(job.c.id == done))

        await eventually(is_gone)
    assert not await store.runs_of(machine.database, done, 10)
    assert (await machine.row(dead)).state == "dead"
