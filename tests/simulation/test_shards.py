"""Three shards in virtual time, by seed: people are at all of them while the bus loses and reorders, shards are cut
off, die, drain and come back, a fourth comes and goes, commits are slow or lose their answers and actors fail, two of
these at a time."""

import asyncio
import os

import pytest

from meetserver.adapters.memory.leases import MemoryLeases
from meetserver.ids import RoomId
from tests.faults.checker import Violation, check
from tests.simulation.bus import SimulatedNetwork
from tests.simulation.cluster import Place, Shard
from tests.simulation.person import Person
from tests.simulation.pictures import check_pictures
from tests.simulation.test_rooms import live
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import SLOWEST_STATEMENT_S, World

SEEDS = range(int(os.environ.get("MEET_TEST_SEEDS", "8")))
VIRTUAL_S = 60.0
ROOMS = (RoomId("red"), RoomId("blue"))
SHARDS, FOURTH = "abcd", "d"
PAUSE_S = 1.0
"""Nobody is silent for longer."""
TROUBLES = 2
"""Faults at a time."""
MOST_CRASHES = 2
"""Of one room's actor: with more of them within a minute the room rests."""


class Meeting:
    def __init__(self, seed: int) -> None:
        self.world = World(seed)
        self.network = SimulatedNetwork(self.world.chance)
        self.leases = MemoryLeases(self.world.clock)
        self.shards: dict[str, Shard] = {}
        self.people: list[Person] = []
        self.places: dict[str, Place] = {}
        self.struck: set[str] = set()
        self.crashes = 0

    async def start(self, name: str) -> None:
        shard = Shard(self.world, name, self.network, self.leases)
        await shard.start()
        self.shards[name] = shard

    async def end(self, name: str, *, drains: bool) -> None:
        shard = self.shards.pop(name)
        if drains:
            await shard.drain()
            for person in self.people:  # whoever slipped in behind the drain hears the process end
                if self.places[person.name].at == name and person.is_connected:
                    person.forget_server()
        else:
            for person in self.people:
                if self.places[person.name].at == name:
                    person.forget_server()
            await shard.kill()

    async def open(self) -> None:
        for name in SHARDS.replace(FOURTH, ""):
            await self.start(name)
        for room in ROOMS:
            self.world.given_room(room)
        for number in range(8):
            name = f"p{number}"
            place = self.places[name] = Place(self.world.chance, self.shards)
            person = Person(place, ROOMS[number % 2], name, "host" if number < 2 else "participant")
            self.people.append(person)
            await person.join()

    async def break_things(self, until: float) -> None:
        """One thing after the other; two of these run, so that faults overlap."""
        loop, chance = asyncio.get_running_loop(), self.world.chance
        while loop.time() < until:
            await asyncio.sleep(chance.uniform(1, 6))
            for_s = chance.uniform(1, 8)
            match chance.randrange(10):
                case 0:
                    self.world.log.fail_next("unknown_committed")
                case 1:
                    self.world.log.fail_next("unknown_not_committed")
                case 2:
                    self.network.loss, self.network.slowest_s = 0.2, 0.2
                    await asyncio.sleep(for_s)
                    self.network.loss, self.network.slowest_s = 0.0, 0.01
                case 3:
                    self.network.is_away = True
                    await asyncio.sleep(for_s)
                    self.network.is_away = False
                case 4:
                    self.world.slowest_statement_s = 2.0
                    await asyncio.sleep(for_s)
                    self.world.slowest_statement_s = SLOWEST_STATEMENT_S
                case 5 if self.crashes < MOST_CRASHES:
                    self.crashes += 1
                    for shard in self.shards.values():
                        shard.crash(ROOMS[0])
                case kind:
                    await self.strike(chance.choice(SHARDS), kind, for_s)

    async def strike(self, name: str, kind: int, for_s: float) -> None:
        """One shard is cut off, dies or drains, and comes back; the fourth comes, and later goes."""
        if name in self.struck:
            return
        self.struck.add(name)
        shard = self.shards.get(name)
        if shard is None:
            await self.start(name)
        elif kind in (6, 7):
            shard.cut(on=True)
            await asyncio.sleep(for_s)
            shard.cut(on=False)
        elif len(self.shards) > 1:
            await self.end(name, drains=kind == 8)
            if name != FOURTH:
                await asyncio.sleep(for_s)
                await self.start(name)
        self.struck.discard(name)


async def play_meeting(seed: int) -> tuple[World, list[Violation]]:
    """What was in the end, and what the checker has against it."""
    meeting = Meeting(seed)
    await meeting.open()
    world, people = meeting.world, meeting.people
    until = asyncio.get_running_loop().time() + VIRTUAL_S
    async with asyncio.timeout(VIRTUAL_S * 5):
        rooms = {room: [person for person in people if person.room == room] for room in ROOMS}
        trouble = [asyncio.create_task(meeting.break_things(until)) for _ in range(TROUBLES)]

        async def all_live() -> None:
            await asyncio.gather(*(live(world, one, rooms[one.room], until, longest_pause_s=PAUSE_S) for one in people))

        await all_live()
        await asyncio.gather(*trouble)
        await all_live()  # who lost a shard that died late comes back
    await asyncio.sleep(15)
    logs = world.logs()
    violations = check([person.history for person in people], logs) + check_pictures(world, people)
    for name in sorted(meeting.shards):
        await meeting.end(name, drains=True)
    await world.close()
    return world, violations


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_doubled_or_reordered_between_shards(seed: int) -> None:
    assert run_virtual(play_meeting(seed))[1] == []


def test_the_same_seed_gives_the_same_run() -> None:
    (first, _), (second, _) = run_virtual(play_meeting(5)), run_virtual(play_meeting(5))
    assert [first.log.rooms[room].entries for room in ROOMS] == [second.log.rooms[room].entries for room in ROOMS]
