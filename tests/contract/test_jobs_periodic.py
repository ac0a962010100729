"""Periodic jobs: in one process of all, again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from meetserver.adapters.clock import SystemClock
from meetserver.database import Database
from meetserver.jobs.kinds import Job
from tests.contract.machine import Machine, advance, running


async def test_a_periodic_job_runs_at_once_and_then_every_so_often(machine: Machine) -> None:
    runner = machine.runner()
    runner.register_periodic("tick", _seeing(machine, "tick"), every_s=60)
    async with running(runner):
        for count in range(1, 4):
            await machine.until(lambda count=count: len(machine.seen) == count)  # type: ignore[misc]
            row = await machine.until_row((await machine.row_of("tick")).id, state="waiting", attempts=0)
            assert row.run_at == machine.clock.now() + timedelta(seconds=60)
            assert len(await machine.until_runs(row.id, count)) == count
            advance(machine, 60)


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
            advance(machine, 4)


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
