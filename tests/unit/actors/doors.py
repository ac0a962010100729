"""What the tests of a room's doors say: who waits, who heard what, what the log knows."""

from typing import Any

from tests.faults.checker import check
from tests.simulation.person import Person
from tests.simulation.scene import ROOM
from tests.simulation.world import World


async def given_waiting(world: World, name: str = "cy", **more: Any) -> Person:
    person = Person(world, ROOM, name, **more)
    await person.join()
    assert (person.state, person.snapshot) == ("waiting", None)
    return person


def heard(person: Person, type_: str) -> list[dict[str, Any]]:
    return [frame for frame in person.heard_frames if frame.get("type") == type_]


def closed_by(person: Person, code: str) -> bool:
    assert person.connection is not None
    refusal = person.connection.refusal
    return refusal is not None and refusal.code == code


def queue(world: World) -> list[str]:
    return [who.name for who in world.actor(ROOM).state.waiting]


def assert_as_the_log_says(world: World, *people: Person) -> None:
    assert check([person.history for person in people], world.logs()) == []


async def kill(world: World, *people: Person) -> None:
    for person in people:
        person.forget_server()
    await world.kill_and_restart()
