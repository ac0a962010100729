"""Scenes in a room for unit tests: Ann and Bo are in it, the log is in memory, time is virtual."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from meetserver.errors import StoreError
from meetserver.ids import RoomId
from meetserver.ports import Commit
from tests.simulation.person import Person
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

ROOM = RoomId("room")
Scene = Callable[[World, Person, Person], Awaitable[None]]


def play(scene: Scene, *, slowest_statement_s: float = 0.0, closes: bool = True, **settings: Any) -> None:
    """Ann (host) and Bo are in a room with these settings; `scene` goes on from there."""

    async def run() -> None:
        world = World(slowest_statement_s=slowest_statement_s)
        room = world.given_room(**settings)
        ann = Person(world, room, "ann", "host", user="user-ann", keys=("u:ann",))
        bo = Person(world, room, "bo", keys=("v:bo", "a:home"), passes_lobby=True)
        await ann.join()
        await bo.join()
        async with asyncio.timeout(600):
            await scene(world, ann, bo)
            if closes:
                await world.close()

    run_virtual(run())


async def settle(virtual_s: float = 1.0) -> None:
    await asyncio.sleep(virtual_s)


def types(world: World) -> list[str]:
    return [entry.type for entry in world.log.rooms[ROOM].entries]


def send(person: Person, command_id: int, command: Any, txn: str | None = None) -> None:
    assert person._edge is not None
    assert person._session is not None
    person._edge.command(person._session, command_id, command, txn)


class Gate:
    """Commits wait here until it opens."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self._commit = world.log.commit
        self._open = asyncio.Event()
        self.waiting = 0
        monkeypatch.setattr(world.log, "commit", self._wait)

    async def _wait(self, commits: Sequence[Commit]) -> list[StoreError | None]:
        self.waiting += 1
        await self._open.wait()
        return await self._commit(commits)

    def open(self) -> None:
        self._open.set()


async def after_a_restart_from_a_snapshot(world: World, *people: Person) -> None:
    """The room does not know all receipts any more."""
    await world.router.drain()
    await world.kill_and_restart()
    for person in people:
        assert await person.resume()
