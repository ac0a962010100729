"""Coming back and leaving, at the moments when both happen at once."""

import asyncio

import pytest

from meetserver import limits
from meetserver.actors.envelopes import FromSession
from meetserver.chat import messages as chat
from meetserver.ids import ParticipantId, RoomId, SessionId
from tests.simulation.person import Person
from tests.simulation.scene import ROOM, Gate, play, send, settle, types
from tests.simulation.world import World


def test_what_is_said_just_before_bye_is_said() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        assert bo._edge is not None
        assert bo._session is not None
        send(bo, 10, chat.Send(text="goodbye"), "bye")
        bo._edge.detach(bo._session, bye=True)
        await settle()
        assert types(world)[-2:] == ["chat.sent", "participant.left"]

    play(scene)


def test_who_said_bye_cannot_resume_while_the_leave_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        gate = Gate(world, monkeypatch)
        assert bo._edge is not None
        assert bo._session is not None
        bo._edge.detach(bo._session, bye=True)
        await settle(0.2)
        is_back = asyncio.ensure_future(bo.resume())
        await settle(0.2)
        gate.open()
        assert await is_back is False
        assert bo.recovered == [False]

    play(scene, slowest_statement_s=0.03)


def test_a_resume_at_the_window_s_end_holds_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        bo.drop()
        await settle(limits.RESUME_WINDOW_S - 1)
        gate = Gate(world, monkeypatch)
        send(ann, 10, chat.Send(text="hi"), "hi")
        await settle(2)  # the leave waits for its turn
        is_back = asyncio.ensure_future(bo.resume())
        await settle(0.2)
        gate.open()
        if await is_back:
            await settle(1)
            assert bo.connection is not None
            assert bo.connection.closed_with is None

    play(scene, slowest_statement_s=0.03)


def test_an_older_attempt_to_resume_does_not_close_the_newer_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        for _ in range(limits.EDGE_EVENTS + 50):
            ann.command(chat.Send(text="x"))
            await asyncio.sleep(0.001)
        await settle(1)
        newest = bo.seq
        bo.drop()
        epoch_at = world.log.epoch_at

        async def slow(room: RoomId, seq: int) -> int | None:
            await asyncio.sleep(1)
            return await epoch_at(room, seq)

        monkeypatch.setattr(world.log, "epoch_at", slow)
        bo.seq = 3  # far back: the log has to be asked
        first = asyncio.ensure_future(bo.resume())
        await settle(0.3)
        bo.drop()
        first.cancel()
        bo.seq = newest
        assert await bo.resume()
        await settle(3)
        assert bo.connection is not None
        assert bo.connection.closed_with is None

    play(scene, slowest_statement_s=0.0)


def test_a_leave_is_not_lost_though_the_room_has_too_much_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        gate = Gate(world, monkeypatch)
        send(ann, 10, chat.Send(text="first"), "first")
        await settle(0.1)
        actor = world.actor(ROOM)
        edge, session = ann._edge, ann._session
        assert edge is not None
        assert session is not None
        for number in range(limits.DATA_LANE_COMMANDS):
            actor.tell(
                FromSession(
                    edge, session.link, SessionId(f"tab-{number}"), ParticipantId("ann"), number, 0,
                    chat.Send(text="x"), f"many-{number}",
                )
            )  # fmt: skip
        await settle(0.1)
        assert bo._edge is not None
        assert bo._session is not None
        bo._edge.detach(bo._session, bye=True)
        await settle(0.1)
        gate.open()
        await settle(limits.RESUME_WINDOW_S + 10)
        left = [entry.data for entry in world.log.rooms[ROOM].entries if entry.type == "participant.left"]
        assert any(b'"bo"' in data for data in left)

    play(scene)
