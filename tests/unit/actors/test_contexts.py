"""What a service does in the name of somebody in the room: theirs in every way."""

import pytest

from meetserver.errors import Refused
from meetserver.ids import ParticipantId
from meetserver.messages import Command
from meetserver.rooms.messages import ChangeSettings, End, LetDraw
from meetserver.whiteboard.messages import AddPage, Apply, Put, Undo
from tests.simulation.person import Person
from tests.simulation.scene import ROOM, play, settle
from tests.simulation.world import World


async def refusal_of(world: World, command: Command, by: str) -> str:
    with pytest.raises(Refused) as refused:
        await world.router.desk.ask(ROOM, command, by=ParticipantId(by))
    return refused.value.refusal.code


def test_it_is_their_own_and_one_undo_takes_all_that_follows_back() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        desk, drawn = world.router.desk, Apply([Put("mine", {})])
        await bo.ask(drawn)
        first = await desk.ask(ROOM, Apply([Put("a", {})], "new"), by=bo.participant)
        assert first is not None
        await ann.ask(Apply([Put("theirs", {})], "new"))
        await desk.ask(ROOM, Apply([Put("b", {})], "new", first.seq), by=bo.participant)
        entries = world.log.rooms[ROOM].entries
        assert [entry.by for entry in entries[-3:]] == ["bo", "ann", "bo"]
        await bo.ask(Undo())
        pages = world.actor(ROOM).state.whiteboard.pages
        assert {name: sorted(page.elements) for name, page in pages.items()} == {"1": ["mine"], "new": ["theirs"]}

    play(scene)


def test_what_somebody_did_or_took_back_in_between_is_another_step() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        desk = world.router.desk
        first = await desk.ask(ROOM, Apply([Put("a", {})]), by=bo.participant)
        assert first is not None
        await bo.ask(Apply([Put("own", {})]))
        await desk.ask(ROOM, Apply([Put("b", {})], follows=first.seq), by=bo.participant)
        await bo.ask(Undo())
        assert sorted(world.actor(ROOM).state.whiteboard.page("1").elements) == ["a", "own"]

    play(scene)


def test_they_may_what_they_may_in_the_room() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await world.router.desk.ask(ROOM, ChangeSettings(whiteboard_mode="some"), by=ann.participant)
        assert await refusal_of(world, AddPage("two"), "bo") == "forbidden"
        assert await refusal_of(world, End(), "bo") == "forbidden"
        await ann.ask(LetDraw("bo"))
        await world.router.desk.ask(ROOM, AddPage("two"), by=bo.participant)
        assert await refusal_of(world, AddPage("three"), "nobody") == "not_found"

    play(scene)


def test_who_waits_or_has_left_does_nothing() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await ann.ask(ChangeSettings(lobby=True))
        cy = Person(world, ROOM, "cy")
        await cy.join()
        assert await refusal_of(world, AddPage("two"), "cy") == "not_found"
        bo.drop()
        await settle(200)
        assert await refusal_of(world, AddPage("two"), "bo") == "not_found"

    play(scene)
