"""People of a room take turns: who says much at once waits for the others, and not they for him."""

import pytest
from msgspec import json

from meetserver import limits
from meetserver.actors.envelopes import Detached, FromServer, FromSession, OpenByTicket
from meetserver.actors.senders import most_of, sender_of
from meetserver.chat import messages as chat
from meetserver.ids import ParticipantId, SessionId
from meetserver.rooms import messages as rooms
from tests.simulation.person import Person
from tests.simulation.scene import ROOM, Gate, play, send, settle, types
from tests.simulation.world import World


def texts(world: World) -> list[str]:
    return [json.decode(entry.data)["text"] for entry in world.log.rooms[ROOM].entries if entry.type == "chat.sent"]


def test_a_flooders_waiting_commands_delay_others_by_one_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        gate = Gate(world, monkeypatch)
        send(bo, 100, chat.Send(text="under way"), "under way")
        await settle(0.1)
        for number in range(1, limits.UNANSWERED_COMMANDS):
            send(bo, number, chat.Send(text=f"bo {number}"), f"bo {number}")
        await settle(0.1)  # out of the mailbox, and waiting for the batch under way
        for number in range(2):
            send(ann, 50 + number, chat.Send(text=f"ann {number}"), f"ann {number}")
        await settle(0.1)
        gate.open()
        await settle()
        assert texts(world)[1:6] == ["bo 1", "ann 0", "bo 2", "ann 1", "bo 3"]
        assert len(texts(world)) == limits.UNANSWERED_COMMANDS + 2

    play(scene)


def test_of_one_turn_of_the_loop_too() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        for number in range(1, 20):
            send(bo, number, chat.Send(text=f"bo {number}"), f"bo {number}")
        send(ann, 50, chat.Send(text="ann"), "ann")
        await settle()
        assert texts(world)[:3] == ["bo 1", "ann", "bo 2"]

    play(scene)


def test_one_session_alone_is_told_that_it_has_too_much_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        monkeypatch.setattr(limits, "SENDER_COMMANDS", 3)
        for number in range(1, 5):
            send(bo, number, chat.Send(text=f"bo {number}"), f"bo {number}")
        send(ann, 50, chat.Send(text="ann"), "ann")
        await settle()
        assert bo.replies[4]["error"]["code"] == "busy"
        assert bo.replies[4]["error"]["retry_after_s"] > 0
        assert texts(world) == ["bo 1", "ann", "bo 2", "bo 3"]

    play(scene)


def test_whoever_says_bye_is_heard_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        gate = Gate(world, monkeypatch)
        send(ann, 50, chat.Send(text="under way"), "under way")
        await settle(0.1)
        for number in range(1, 4):
            send(bo, number, chat.Send(text=f"bo {number}"), f"bo {number}")
        assert bo._edge is not None
        assert bo._session is not None
        bo._edge.detach(bo._session, bye=True)
        await settle(0.1)
        gate.open()
        await settle()
        assert types(world)[-4:] == ["chat.sent", "chat.sent", "chat.sent", "participant.left"]

    play(scene)


def test_a_wave_of_newcomers_holds_up_nobody_inside() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        edge, so_far = await world.router.edge(ROOM), len(types(world))
        for number in range(50):
            join = rooms.Join(ParticipantId(f"p{number}"), SessionId(f"s{number}"), "somebody", "participant")
            newcomer = Person(world, ROOM, f"p{number}")
            edge.open_by_ticket(1000 + number, newcomer._connect(), 0, join, f"s{number}.secret", f"jti-{number}")
        send(bo, 50, chat.Send(text="hello all"), "hello all")
        await settle()
        after_us = types(world)[so_far:]
        assert after_us[:2] == ["participant.joined", "chat.sent"]
        assert after_us.count("participant.joined") == 50

    play(scene)


def test_newcomers_share_a_turn_and_so_do_services() -> None:
    def join(session: str) -> OpenByTicket:
        who = rooms.Join(ParticipantId("ann"), SessionId(session), "ann", "participant")
        return OpenByTicket(None, 1, 1, who, "token", "jti")  # type: ignore[arg-type]

    said = FromSession(None, 1, SessionId("s1"), ParticipantId("ann"), 1, 1, chat.Typing(True))  # type: ignore[arg-type]
    bye = Detached(None, 1, SessionId("s1"), bye=True)  # type: ignore[arg-type]
    leave = FromServer(rooms.Leave(ParticipantId("ann"), "bye"), session=SessionId("s1"))
    assert sender_of(join("s1")) == sender_of(join("s2")) != sender_of(FromServer(rooms.End()))
    assert sender_of(said) == sender_of(bye) == sender_of(leave) == "s1"
    assert most_of("s1") == limits.SENDER_COMMANDS
    assert most_of(sender_of(join("s1"))) == most_of(sender_of(FromServer(rooms.End()))) == limits.CROWD_COMMANDS
