"""What people in a room notice of a process under pressure: the passing first, what is stored last and with a word."""

import pytest

from meetserver import limits
from meetserver.actors.pressure import Pressure
from meetserver.chat import messages as chat
from meetserver.messages import Command
from meetserver.presence import messages as presence
from meetserver.signaling import messages as signaling
from meetserver.whiteboard import messages as whiteboard
from tests.simulation.person import Person
from tests.simulation.scene import play, settle, types
from tests.simulation.world import World
from tests.unit.actors.edges import House
from tests.unit.actors.edges import play as in_a_house

POINTER = whiteboard.PointerMove(1, 2)
PREVIEW = whiteboard.Preview("stroke", {})
TYPING = chat.Typing(True)
MICROPHONE = presence.Set(audio=True)
CALL = signaling.Renegotiate("bo-session", "call")


def given_level(pressure: Pressure, level: int) -> None:
    for _ in range(limits.PRESSURE_LOOKS_WORSE):
        pressure.look(limits.PRESSURE_LAG_S[level - 1])
    assert pressure.level == level


def heard(person: Person) -> list[str]:
    return [frame["type"] for frame in person.ephemerals]


@pytest.mark.parametrize(
    ("command", "first_level", "told"),
    [
        (POINTER, 1, "pointer.moved"),
        (PREVIEW, 1, "whiteboard.previewed"),
        (TYPING, 2, "chat.typing"),
        (MICROPHONE, 2, "presence.changed"),
        (CALL, 3, "signal.renegotiate"),
    ],
)
@pytest.mark.parametrize("level", [1, 2, 3])
def test_what_passes_goes_unheard_from_its_level_on(command: Command, first_level: int, told: str, level: int) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        given_level(world.pressure, level)
        reply = await ann.ask(command)
        await settle()
        is_shed = level >= first_level
        assert (told not in heard(bo)) == is_shed
        is_refused = is_shed and command in (MICROPHONE, CALL)
        assert ("error" in reply) == is_refused, "what the next one makes up for is answered ok"
        if is_refused:
            assert reply["error"]["code"] == "busy"
            assert reply["error"]["temporary"]

    play(scene)


def test_what_is_stored_is_stored_up_to_level_two_and_refused_with_a_word_at_three() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        given_level(world.pressure, 2)
        assert "ok" in await ann.ask(chat.Send(text="hi"))
        assert "ok" in await ann.ask(presence.Set(hand=True, audio=True), txn="up")
        given_level(world.pressure, 3)
        send = ann.command(chat.Send(text="once more"), txn="more")
        await settle(0.05)
        assert ann.replies[send]["error"] == {
            "code": "busy",
            "message": "the server has too much to do",
            "temporary": True,
            "retry_after_s": limits.SHED_RETRY_S,
        }
        assert types(world).count("chat.sent") == 1
        for _ in range(3 * limits.PRESSURE_LOOKS_BETTER):
            world.pressure.look(0)
        await settle()  # its client tries again, with the same txn
        assert "ok" in ann.replies[send]
        assert types(world).count("chat.sent") == 2

    play(scene)


def test_an_owner_under_pressure_sheds_what_calmer_edges_let_pass() -> None:
    async def scene(house: House) -> None:
        ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
        house.actor._pressure = busy = Pressure()
        given_level(busy, 3)
        assert "ok" in await ann.ask(POINTER)
        assert (await ann.ask(CALL))["error"]["code"] == "busy"
        await settle()
        assert heard(bo) == []

    in_a_house(scene)


def test_an_edge_under_pressure_keeps_from_its_sockets_what_others_elsewhere_point_at() -> None:
    async def scene(house: House) -> None:
        ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
        cy = await house.given(house.north, "cy")
        house.west.room._pressure = busy = Pressure()
        given_level(busy, 1)
        for command in (POINTER, TYPING, MICROPHONE):
            assert "ok" in await ann.ask(command)
        await settle()
        assert heard(cy) == ["pointer.moved", "chat.typing", "presence.changed"]
        assert heard(bo) == ["chat.typing", "presence.changed"]

    in_a_house(scene)


def test_an_edge_under_pressure_sheds_what_its_own_people_say_though_the_owner_is_calm() -> None:
    async def scene(house: House) -> None:
        ann, bo = await house.given(house.east, "ann", role="host"), await house.given(house.west, "bo")
        house.west.room._pressure = busy = Pressure()
        given_level(busy, 3)
        assert "ok" in await bo.ask(POINTER)
        assert (await bo.ask(CALL))["error"]["code"] == "busy"
        assert "ok" in await ann.ask(POINTER)
        await settle()
        assert heard(ann) == []

    in_a_house(scene)
