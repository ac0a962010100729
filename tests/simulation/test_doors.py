"""Rooms with a lobby in virtual time, by seed: people knock, wait, are admitted, denied, removed, banned, and come
again under other names, while commits lose their answers, actors fail and the process dies.
"""

import asyncio
import contextlib
import os
from collections.abc import Iterator

import pytest

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.errors import Refused
from meetserver.ids import ParticipantId, RoomId
from meetserver.messages import Command
from meetserver.ports import Entry
from meetserver.rooms import messages as rooms
from meetserver.rooms.catalog import decode_event
from meetserver.rooms.persons import is_barred
from meetserver.rooms.reducer import fold
from meetserver.rooms.snapshot import decode_snapshot
from meetserver.rooms.state import RoomState, empty
from tests.faults.checker import check
from tests.faults.history import Acked, Invoked
from tests.simulation.person import Person
from tests.simulation.virtual_time import run_virtual
from tests.simulation.world import World

SEEDS = range(int(os.environ.get("MEET_TEST_SEEDS", "12")))
VISITORS = {"bo": ("v:bo", "a:home"), "cy": ("v:cy", "a:office"), "dee": ("v:dee", "a:office"), "ed": ("v:ed",)}
VIRTUAL_S = 60.0
PATIENCE_S = 10.0
MAY_CHANGE_NOTHING = {"room.settings", "room.lock", "participant.admit"}


class Visitor:
    """A human at the door: comes, and when sent away comes again under another name."""

    def __init__(self, world: World, room: RoomId, name: str, people: list[Person]) -> None:
        self._world = world
        self._room = room
        self._name = name
        self._people = people

    async def live(self, until: float) -> None:
        loop, chance = asyncio.get_running_loop(), self._world.chance
        number = 0
        while loop.time() < until:
            number += 1
            person = Person(self._world, self._room, f"{self._name}-{number}", keys=VISITORS[self._name])
            self._people.append(person)
            with contextlib.suppress(TimeoutError, Refused):  # the process died over it
                async with asyncio.timeout(PATIENCE_S):
                    await person.join()
            await self._stay(person, until)
            await asyncio.sleep(chance.uniform(1, 6))

    async def _stay(self, person: Person, until: float) -> None:
        loop, chance = asyncio.get_running_loop(), self._world.chance
        while loop.time() < until or person.lost.is_set():
            if person.turned_away or not person.state:
                return
            if person.lost.is_set():
                await asyncio.sleep(chance.uniform(0, 1))
                await person.resume()
                continue
            await asyncio.sleep(chance.uniform(0, 1))
            if chance.random() < 0.1:
                person.drop()
            elif loop.time() < until:
                person.say_something()


class Host:
    """Ann, who decides about everybody."""

    def __init__(self, world: World, room: RoomId, ann: Person) -> None:
        self._world = world
        self._room = room
        self._ann = ann

    async def live(self, until: float) -> None:
        loop, chance, ann = asyncio.get_running_loop(), self._world.chance, self._ann
        while loop.time() < until or ann.unanswered or ann.lost.is_set():
            await asyncio.sleep(chance.uniform(0, 1))
            if ann.lost.is_set():
                await ann.resume()
            elif loop.time() < until:
                self._wish()

    def _wish(self) -> None:
        chance, state = self._world.chance, self.state
        waiting = [who.id for who in state.waiting] or [ParticipantId("nobody")]
        others = sorted(who for who in state.participants if who != "ann") or [ParticipantId("nobody")]
        bans = [bar.id for bar in state.bars] or ["none"]
        wishes: list[Command] = [
            rooms.Admit(chance.choice(waiting)),
            rooms.Admit(chance.choice(waiting)),
            rooms.Admit(all=True),
            rooms.Deny(chance.choice(waiting)),
            rooms.Remove(chance.choice(others)),
            rooms.Ban(chance.choice([*others, *waiting])),
            rooms.Unban(chance.choice(bans)),
            rooms.Unban(chance.choice(bans)),
            rooms.ChangeSettings(lobby=chance.random() < 0.8),
            rooms.Lock(chance.random() < 0.2),
            chat.Send(text="hello"),
        ]
        self._ann.command(chance.choice(wishes))

    @property
    def state(self) -> RoomState:
        return whole(self._world, self._room)


def whole(world: World, room: RoomId) -> RoomState:
    """The room as its whole log makes it, without any snapshot."""
    row = world.log.rooms[room]
    return fold(empty(room, row.meeting), row.entries)


async def _break_things(world: World, people: list[Person], until: float) -> None:
    loop, chance = asyncio.get_running_loop(), world.chance
    crashes = 0
    while loop.time() < until - 6:
        await asyncio.sleep(chance.uniform(0.5, 6))
        match chance.randrange(5):
            case 0:
                world.log.fail_next("unknown_committed")
            case 1:
                world.log.fail_next("unknown_not_committed")
            case 2:
                world.log.fail_next("stale")
            case 3 if crashes < limits.RESTARTS - 1:
                crashes += 1
                world.crash(people[0].room)
            case _:
                for person in people:
                    person.forget_server()
                await world.kill_and_restart()
                assert_loaded_alike(world, people[0].room)


def assert_loaded_alike(world: World, room: RoomId) -> None:
    """From the snapshot, if there is one, the same queue and the same bans as from the whole log."""
    row, expected = world.log.rooms[room], whole(world, room)
    if row.snapshot is not None:
        loaded = fold(decode_snapshot(row.snapshot.data), row.entries[row.snapshot.seq :])
        assert (loaded.waiting, loaded.bars, loaded.dismissed) == (
            expected.waiting,
            expected.bars,
            expected.dismissed,
        )


def came_in_barred(world: World, room: RoomId) -> Iterator[Entry]:
    """Entries by which somebody got in, or into the queue, against whom a bar stood at that time."""
    bars: dict[str, rooms.Bar] = {}
    for entry in world.log.rooms[room].entries:
        match decode_event(entry.type, entry.v, entry.data):
            case rooms.Barred(bar):
                bars[bar.id] = bar
            case rooms.Unbanned(ban):
                bars.pop(ban)
            case rooms.Joined(who) | rooms.Waiting(who):
                keys = VISITORS.get(who.name.partition("-")[0], ())
                if is_barred(bars.values(), keys, has_account=False):
                    yield entry
            case _:
                pass


def queue_by_the_log(world: World, room: RoomId) -> list[str]:
    """Who waits, in the order in which they began to."""
    queue: list[str] = []
    for entry in world.log.rooms[room].entries:
        match decode_event(entry.type, entry.v, entry.data):
            case rooms.Waiting(who):
                queue.append(who.id)
            case rooms.Admitted(gone) | rooms.Denied(gone) | rooms.Left(gone):
                queue = [who for who in queue if who != gone]
            case _:
                pass
    return queue


def without_what_changed_nothing(person: Person, world: World) -> None:
    """A lock of what is locked already is acked and makes no entry, which the checker would look for."""
    written = {entry.txn for entry in world.log.rooms[person.room].entries}
    types = {record.txn: record.type for record in person.history.records if isinstance(record, Invoked)}
    person.history.records = [
        record
        for record in person.history.records
        if not isinstance(record, Acked) or record.txn in written or types[record.txn] not in MAY_CHANGE_NOTHING
    ]


async def _evening(seed: int) -> tuple[World, list[Person]]:
    world = World(seed)
    room = world.given_room(lobby=True)
    ann = Person(world, room, "ann", "host", user="user-ann", keys=("u:ann",))
    await ann.join()
    people = [ann]
    until = asyncio.get_running_loop().time() + VIRTUAL_S
    visitors = [Visitor(world, room, name, people) for name in VISITORS]
    await asyncio.gather(
        Host(world, room, ann).live(until), *(one.live(until) for one in visitors), _break_things(world, people, until)
    )
    await asyncio.sleep(10)
    state = world.actor(room).state
    for person in people:
        without_what_changed_nothing(person, world)
        if person.participant not in state.participants:
            person.history.saw_all = False
    assert check([person.history for person in people], world.logs()) == []
    assert list(came_in_barred(world, room)) == []
    assert [who.id for who in state.waiting] == queue_by_the_log(world, room)
    assert state.waiting == whole(world, room).waiting
    for person in people:
        if not person.lost.is_set():
            is_inside = person.participant in state.participants
            assert person.state == ("joined" if is_inside else "waiting"), person.name
    await world.close()
    return world, people


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_waiting_hears_anything_and_nobody_barred_gets_in(seed: int) -> None:
    run_virtual(_evening(seed))


def test_an_evening_has_something_of_everything() -> None:
    worlds = [run_virtual(_evening(seed))[0] for seed in range(3)]
    types = {entry.type for world in worlds for entry in world.log.rooms[RoomId("room")].entries}
    assert types >= {
        "participant.waiting", "participant.admitted", "participant.denied", "participant.removed",
        "participant.banned", "participant.unbanned", "participant.left", "room.changed", "chat.sent",
    }  # fmt: skip
