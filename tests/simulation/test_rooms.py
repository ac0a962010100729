"""Whole rooms in virtual time, by seed: people talk, draw, drop and return while commits lose their answers, actors
fail and the process dies. Afterwards the checker of the fault tests reads the histories and the log.
"""

import asyncio
import os

import pytest

from meetserver import limits
from tests.faults.checker import check
from tests.simulation.doings import something
from tests.simulation.person import Person
from tests.simulation.pictures import check_pictures
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

SEEDS = range(int(os.environ.get("MEET_TEST_SEEDS", "12")))
PEOPLE = ("ann", "bo", "cy", "dee")
VIRTUAL_S = 60.0


async def live(
    world: World, person: Person, people: list[Person], until: float, *, longest_pause_s: float = 0.5
) -> None:
    """One person's meeting: something every so often, and back again whenever the socket is lost."""
    loop, chance = asyncio.get_running_loop(), world.chance
    while loop.time() < until or person.unanswered or person.lost.is_set():
        if person.lost.is_set():
            await asyncio.sleep(chance.uniform(0, 1))
            if not await person.resume():
                await asyncio.sleep(0.2)
            continue
        await asyncio.sleep(chance.uniform(0, longest_pause_s))
        if loop.time() >= until:
            continue
        if chance.random() < 0.03:
            person.drop()
        else:
            person.command(something(person, [other for other in people if other is not person], chance))


async def break_things(world: World, people: list[Person], until: float) -> None:
    loop, chance = asyncio.get_running_loop(), world.chance
    crashes = 0
    while loop.time() < until:
        await asyncio.sleep(chance.uniform(0.5, 6))
        if loop.time() >= until:  # people have gone home
            return
        match chance.randrange(5):
            case 0:
                world.log.fail_next("unknown_committed")
            case 1:
                world.log.fail_next("unknown_not_committed")
            case 2:
                world.log.fail_next("stale")
            case 3 if crashes < limits.RESTARTS - 1:  # one more, and the room rests
                crashes += 1
                world.crash(people[0].room)
            case 3:
                people[0].drop()
            case _:
                for person in people:
                    person.forget_server()
                await world.kill_and_restart()


async def _meeting(seed: int) -> tuple[World, list[Person]]:
    world = World(seed)
    room = world.given_room()
    people = [Person(world, room, name, "host" if name == "ann" else "participant") for name in PEOPLE]
    for person in people:
        await person.join()
    until = asyncio.get_running_loop().time() + VIRTUAL_S
    await asyncio.gather(*(live(world, person, people, until) for person in people), break_things(world, people, until))
    await asyncio.sleep(5)
    logs = world.logs()
    assert check([person.history for person in people], logs) + check_pictures(world, people) == []
    assert all(person.seq == logs[room][-1].seq or logs[room][-1].to for person in people)
    await world.close()
    return world, people


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_reordered(seed: int) -> None:
    run_virtual(_meeting(seed))


def test_the_same_seed_gives_the_same_run() -> None:
    first, _ = run_virtual(_meeting(7))
    second, _ = run_virtual(_meeting(7))
    assert first.log.rooms["room"].entries == second.log.rooms["room"].entries  # type: ignore[index]
