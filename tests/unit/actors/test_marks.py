"""How far people have read: stored, then told, gathered, and never back."""

from collections.abc import Mapping
from typing import Any

import pytest

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.errors import Unavailable
from meetserver.ids import RoomId
from meetserver.ports import Mark
from tests.simulation.person import Person
from tests.simulation.scene import play, settle
from tests.simulation.world import World

ROOM = RoomId("room")


def marks_told(person: Person) -> list[tuple[str, int, int]]:
    told = [frame["data"] for frame in person.ephemerals if frame["type"] == "chat.marked"]
    return [(data["participant"], data["delivered"], data["read"]) for data in told]


def stored(world: World) -> dict[str, Mark]:
    return world.log.rooms[ROOM].marks


class Saves:
    """Counts how often marks are stored, and fails on demand."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.is_away = False
        self._save = world.log.save_marks
        monkeypatch.setattr(world.log, "save_marks", self._counted)

    async def _counted(self, room: RoomId, marks: Mapping[str, Mark]) -> None:
        self.count += 1
        if self.is_away:
            raise Unavailable("the database is away")
        await self._save(room, marks)


def leave(person: Person) -> None:
    assert person._edge is not None
    assert person._session is not None
    person._edge.detach(person._session, bye=True)


async def mark(person: Person, **marks: int) -> dict[str, Any]:
    reply: dict[str, Any] = await person.ask(chat.Mark(**marks))
    return reply


def test_a_mark_is_stored_and_told() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        assert await mark(ann, delivered=2, read=1) == {"re": 1, "ok": {}}
        await settle(2)
        assert marks_told(bo) == [("ann", 2, 1)]
        assert stored(world) == {"user-ann": Mark(2, 1, 1)}

    play(scene)


def test_it_never_goes_back_nor_beyond_the_end_and_what_is_read_was_delivered() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        end = bo.seq
        await mark(ann, read=2)
        await mark(ann, read=1, delivered=10**9)
        await settle(2)
        await mark(ann, read=1)
        await settle(2)
        assert marks_told(bo) == [("ann", end, 2)]

    play(scene)


def test_many_marks_are_one_statement_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        saves, seq = Saves(world, monkeypatch), 0
        for _ in range(4):
            seq = (await bo.ask(chat.Send(text="hi")))["ok"]["seq"]
            await mark(ann, read=seq)
            await mark(bo, read=seq)
            await settle(0.5)
        await settle(2)
        assert saves.count <= 4
        assert marks_told(bo)[-1] == ("ann", seq, seq)
        assert stored(world) == {"user-ann": Mark(seq, seq, seq), "bo": Mark(seq, seq, seq)}

    play(scene, slowest_statement_s=0)


def test_nobody_is_told_what_is_not_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        saves = Saves(world, monkeypatch)
        saves.is_away = True
        await mark(ann, read=2)
        await settle(3)
        assert marks_told(bo) == []
        saves.is_away = False
        await settle(3)
        assert marks_told(bo) == [("ann", 2, 2)]

    play(scene)


def test_they_are_known_after_a_restart_and_to_whoever_comes_or_comes_back() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await mark(ann, read=2)
        await mark(bo, delivered=3)
        await world.router.drain()
        await world.kill_and_restart()
        assert stored(world) == {"user-ann": Mark(2, 2, 2), "bo": Mark(3, 0)}, "also what was said last"
        assert await bo.resume()
        shown = {"ann": {"delivered": 2, "read": 2}, "bo": {"delivered": 3, "read": 0}}
        assert bo.replies[0]["ok"]["marks"] == shown
        cy = Person(world, ROOM, "cy")
        await cy.join()
        assert cy.snapshot is not None
        assert cy.snapshot["marks"] == shown

    play(scene)


def test_who_comes_back_signed_in_has_read_what_they_had_read() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await mark(ann, read=2)
        await mark(bo, read=3)
        leave(ann)
        leave(bo)
        await settle()
        again = Person(world, ROOM, "ann2", "host", user="user-ann")
        await again.join()
        assert again.snapshot is not None
        assert again.snapshot["marks"] == {"ann2": {"delivered": 2, "read": 2}}

    play(scene)


def test_what_one_has_seen_is_stored_and_told_to_nobody() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await mark(ann, delivered=2)
        await settle(2)
        await mark(ann, seen=2)
        await settle(2)
        assert marks_told(bo) == [("ann", 2, 0)], "not even that there was something to tell"
        assert stored(world) == {"user-ann": Mark(2, 0, 2)}
        cy = Person(world, ROOM, "cy")
        await cy.join()
        assert cy.snapshot is not None
        assert cy.snapshot["marks"]["ann"] == {"delivered": 2, "read": 0}

    play(scene)


def test_in_a_crowd_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MARKS_TOLD_MEMBERS", 1)

    async def scene(world: World, ann: Person, bo: Person) -> None:
        await mark(ann, read=2)
        await settle(2)
        assert marks_told(bo) == []
        assert stored(world) == {"user-ann": Mark(2, 2, 2)}

    play(scene)
