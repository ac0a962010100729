"""Rooms whose past goes while people talk and draw, by seed: commits lose their answers, actors fail, the process dies,
and so does whoever thins the log, between any two steps. What has expired is not lost; all else is checked as ever.
"""

import asyncio
import os
import random
from typing import Any

from msgspec.structs import replace

from meetserver.errors import MeetError, Unavailable
from meetserver.ids import MeetingId, RoomId
from meetserver.rooms.messages import Expired
from meetserver.rooms.reducer import fold
from meetserver.rooms.snapshot import decode_snapshot
from meetserver.rooms.state import empty
from meetserver.rooms.thinner import Thinner
from tests.faults.checker import check
from tests.faults.history import LogEntry, Record, Seen
from tests.simulation.person import Person
from tests.simulation.pictures import check_pictures
from tests.simulation.test_rooms import PEOPLE, break_things, live
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

SEEDS = range(int(os.environ.get("MEET_TEST_SEEDS", "5")))
VIRTUAL_S = 60.0
YOUNG_S = 10.0
"""Nothing younger expires, so that nobody sends again what is forgotten."""
STEPS = ("page", "set_base", "load", "save_snapshot", "covered", "told_later", "rewrite", "sweep")


class Dies:
    """The log as the thinner reaches it, which may die at any step, before it or after it was done. What it is about
    to rewrite is remembered as people have seen it."""

    def __init__(self, world: World, room: RoomId, seen: dict[int, LogEntry]) -> None:
        self._world, self._room, self._seen = world, room, seen
        self._step = world.chance.choice([None, None, *STEPS])
        self._is_done = world.chance.random() < 0.5

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._world.log, name)
        if name not in STEPS:
            return found

        async def call(*args: Any, **more: Any) -> Any:
            if name == "rewrite":
                remember(self._world, self._room, self._seen)
            if name == self._step and not self._is_done:
                raise Unavailable("died before it")
            answer = await found(*args, **more)
            if name == self._step:
                raise Unavailable("died after it")
            return answer

        return call


def remember(world: World, room: RoomId, seen: dict[int, LogEntry]) -> None:
    for entry in world.logs()[room]:
        seen.setdefault(entry.seq, entry)


def as_it_was(record: Record, seen: dict[int, LogEntry], emptied: dict[int, LogEntry]) -> Record:
    """Who comes late hears of what was said about an expired message that it was said, and not what."""
    if isinstance(record, Seen) and record.content == emptied[record.seq].content:
        return replace(record, content=seen[record.seq].content)
    return record


def old_enough(world: World, room: RoomId, people: list[Person], chance: random.Random) -> int:
    """A seq below all that somebody may send again; 0: none."""
    row = world.log.rooms[room]
    old = [entry.seq for entry in row.entries if (world.clock.now() - entry.at).total_seconds() > YOUNG_S]
    again = [(one.participant, txn) for one in people for _, txn in one.unanswered.values() if txn is not None]
    first = min((row.receipts[key].seq for key in again if key in row.receipts), default=row.last_seq)
    last = min(len(old), first - 1)
    return chance.randint(min(row.log_base, last), last) if last > 0 else 0


async def is_away_for_long(world: World, person: Person, until: float) -> None:
    """So that what they come back to has expired, at times."""
    loop, chance = asyncio.get_running_loop(), world.chance
    while loop.time() < until:
        if person.is_connected:
            await asyncio.sleep(chance.uniform(1, 3))
            person.drop()
        await asyncio.sleep(chance.uniform(0, 2 * YOUNG_S))
        await person.resume()
    while not person.is_connected:
        await asyncio.sleep(0.2)
        await person.resume()


async def forget(world: World, room: RoomId, people: list[Person], until: float, seen: dict[int, LogEntry]) -> int:
    """How often it was whole."""
    times, meeting = 0, world.log.rooms[room].meeting
    while asyncio.get_running_loop().time() < until:
        await asyncio.sleep(world.chance.uniform(0.5, 4))
        log: Any = Dies(world, room, seen)
        thinner = Thinner(0, world.router.desk, log, log, log, world.files, world.clock)
        seq = old_enough(world, room, people, world.chance)
        try:
            await thinner.run()
            if seq > world.log.rooms[room].log_base:
                await thinner.expire(meeting, room, seq)
                times += 1
        except MeetError:
            continue
    return times


async def _meeting(seed: int) -> int:
    world, seen = World(seed), dict[int, LogEntry]()
    room = world.given_room()
    people = [Person(world, room, name, "host" if name == "ann" else "participant") for name in PEOPLE]
    for person in people:
        await person.join()
    until = asyncio.get_running_loop().time() + VIRTUAL_S
    times = asyncio.create_task(forget(world, room, people, until, seen))
    await asyncio.gather(
        *(live(world, person, people, until) for person in people[:-1]),
        is_away_for_long(world, people[-1], until),
        break_things(world, people, until),
        times,
    )
    await asyncio.sleep(5)
    remember(world, room, seen)
    emptied = {entry.seq: entry for entry in world.logs()[room]}
    logs: dict[str, list[LogEntry]] = {room: [seen[seq] for seq in sorted(seen)]}
    row = world.log.rooms[room]
    expired = max((entry.seq for entry in row.entries if entry.type == Expired.type), default=0)
    histories = [person.history for person in people]
    for history in histories:
        history.records = [as_it_was(record, seen, emptied) for record in history.records]
    assert check(histories, logs, expired={room: expired}) + check_pictures(world, people) == []
    await assert_loads_as_it_is(world, room)
    await world.close()
    return times.result()


async def assert_loads_as_it_is(world: World, room: RoomId) -> None:
    """From the newest snapshot, and from the base alone."""
    row = world.log.rooms[room]
    live_state = world.actor(room).state
    loaded = await world.log.load(room)
    assert loaded.snapshot is not None
    assert fold(decode_snapshot(loaded.snapshot.data), loaded.entries) == live_state
    if row.base is not None:
        assert fold(decode_snapshot(row.base.data), row.entries[row.base.seq :]) == live_state
    assert fold(empty(room, MeetingId(row.meeting)), row.entries) == live_state


def test_nothing_but_the_past_is_lost() -> None:
    assert sum(run_virtual(_meeting(seed)) for seed in SEEDS) > len(SEEDS)
