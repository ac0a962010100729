import asyncio
from typing import Any

from meetserver import limits
from meetserver.actors.actor import Actor
from meetserver.actors.supervisor import Supervisor
from tests.simulation.virtual_time import run_virtual


class Fails(Actor):
    def receive(self, message: Any) -> None: ...

    async def run(self) -> None:
        raise ValueError("always")


class Ends(Fails):
    async def run(self) -> None:
        return


async def _kept(kinds: list[type[Actor]], gap_s: float = 0.0) -> tuple[int, list[bool]]:
    """How many actors were made of `kinds` in turn (the last for ever), and how it ended."""
    made = 0
    ends: list[bool] = []
    supervisor = Supervisor()

    def make() -> Actor:
        nonlocal made
        made += 1
        return kinds[min(made, len(kinds)) - 1]()

    await supervisor.keep("one", make, on_end=ends.append)
    while not ends:  # noqa: ASYNC110  (time is virtual)
        await asyncio.sleep(1)
    await supervisor.close()
    return made, ends


def test_one_that_ends_is_not_started_again() -> None:
    assert run_virtual(_kept([Ends])) == (1, [False])


def test_one_that_fails_is_started_again() -> None:
    assert run_virtual(_kept([Fails, Fails, Ends])) == (3, [False])


def test_one_that_fails_too_often_is_quarantined() -> None:
    assert run_virtual(_kept([Fails])) == (limits.RESTARTS, [True])


def test_its_siblings_do_not_notice() -> None:
    async def side_by_side() -> list[str]:
        ends: list[str] = []
        supervisor = Supervisor()
        await supervisor.keep("bad", Fails, on_end=lambda _: ends.append("bad"))
        await supervisor.keep("good", Ends, on_end=lambda _: ends.append("good"))
        while len(ends) < 2:  # noqa: ASYNC110  (time is virtual)
            await asyncio.sleep(1)
        await supervisor.close()
        return ends

    assert run_virtual(side_by_side()) == ["good", "bad"]
