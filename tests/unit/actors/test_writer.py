"""The durable side of a room: who gets which answer when batches are refused, repeated, late or lost."""

import asyncio
from collections.abc import Sequence

import pytest

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.errors import StoreError
from meetserver.ids import SessionId
from meetserver.ports import Commit
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from tests.faults.history import Acked
from tests.simulation.person import Person
from tests.simulation.scene import Gate, after_a_restart_from_a_snapshot, play, send, settle, types
from tests.simulation.world import World


def test_a_command_that_cannot_be_stored_fails_alone_beside_one_that_changes_nothing() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        send(bo, 10, presence.Set(hand=False), "nothing")  # is so already
        send(bo, 11, chat.Send(text="hi"), "nul\0")
        send(bo, 12, chat.Send(text="and me?"), "fine")
        await settle(3)
        assert "ok" in bo.replies[10]
        assert bo.replies[11]["error"]["code"] == "bad_message"
        assert "ok" in bo.replies[12]

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_command_that_cannot_be_stored_fails_alone_beside_a_refused_one() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        send(bo, 10, rooms.End(), "not-mine-to-end")
        send(bo, 11, chat.Send(text="hi"), "nul\0")
        await settle(3)
        assert bo.replies[10]["error"]["code"] == "forbidden"
        assert bo.replies[11]["error"]["code"] == "bad_message"

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_used_ticket_beside_a_command_that_changes_nothing_is_refused() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        eve = Person(world, bo.room, "eve")
        edge = await world.router.edge(bo.room)
        join = rooms.Join(eve.participant, SessionId("eve-session"), "eve", "participant")
        send(bo, 10, presence.Set(hand=False), "nothing")
        edge.open_by_ticket(10_000, eve._connect(), 0, join, "eve-session.secret", "jti-bo")
        await settle(3)
        assert "ok" in bo.replies[10]
        assert eve.replies[0]["error"]["code"] == "unauthenticated"

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_refusal_that_waits_for_a_look_at_the_log_is_told_without_another_command() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await after_a_restart_from_a_snapshot(world, ann, bo)
        send(bo, 10, rooms.End(), "one")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)  # decided, and the log is being asked
        send(bo, 11, rooms.End(), "two")
        await settle(2)
        assert bo.replies[10]["error"]["code"] == "forbidden"
        assert bo.replies[11]["error"]["code"] == "forbidden"

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_room_stops_though_refusals_waited_for_the_log() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await after_a_restart_from_a_snapshot(world, ann, bo)
        send(bo, 10, rooms.End(), "one")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        send(bo, 11, rooms.End(), "two")
        await settle(1)
        async with asyncio.timeout(limits.DRAIN_S):
            await world.router.drain()

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_repeated_txn_gets_its_first_reply_while_the_log_is_asked_about_another() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        first = await bo.ask(chat.Send(text="hi"), txn="once")
        await after_a_restart_from_a_snapshot(world, ann, bo)
        for command_id in range(10, 30, 2):
            send(bo, command_id, chat.Send(text="hi"), "once")
            send(bo, command_id + 1, rooms.End(), f"refused-{command_id}")
            await settle(2)
            assert bo.replies[command_id].get("ok") == first["ok"], bo.replies[command_id]
            assert bo.replies[command_id + 1]["error"]["code"] == "forbidden"
            await after_a_restart_from_a_snapshot(world, ann, bo)

    play(scene, slowest_statement_s=0.03, closes=False)


def test_a_join_just_before_the_end_in_one_commit_does_not_fail_the_room(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        cy = Person(world, ann.room, "cy")
        gate = Gate(world, monkeypatch)
        send(ann, 10, chat.Send(text="hi"), "hi")
        await settle(0.01)
        edge = await world.router.edge(ann.room)
        join = rooms.Join(cy.participant, SessionId("cy-session"), "cy", "participant")
        connection = cy._connect()
        edge.open_by_ticket(10_000, connection, 0, join, "cy-session.secret", "jti-cy")
        send(ann, 11, rooms.End(), "end")
        await settle(0.01)
        gate.open()
        await settle(3)
        assert "actor_crashed" not in caplog.text
        assert "ok" in ann.replies[11]
        assert connection.closed_with is not None

    play(scene, slowest_statement_s=0.03)


def test_an_end_whose_answer_got_lost_closes_every_socket() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        world.log.fail_next("unknown_committed")
        ann.command(rooms.End(), txn="end")
        await settle(2)
        assert types(world)[-1] == "room.ended"
        assert [record for record in ann.history.records if isinstance(record, Acked)]
        for person in (ann, bo):
            assert person.connection is not None
            assert person.connection.closed_with is not None
        await settle(limits.ROOM_IDLE_S + 1)
        assert world.router.room_ids == []

    play(scene)


def test_a_room_that_ended_while_its_owner_failed_sleeps_once_all_are_gone() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        world.log.fail_next("unknown_committed")
        ann.command(rooms.End(), txn="end")
        await settle(limits.ROOM_IDLE_S + 5)
        for person in (ann, bo):
            person.drop()
        await settle(limits.RESUME_WINDOW_S + limits.ROOM_IDLE_S + 1)
        assert world.router.room_ids == []

    play(scene)


def test_a_late_reply_is_not_taken_for_that_of_the_next_command_with_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        gate = Gate(world, monkeypatch)
        send(bo, 7, chat.Send(text="slow"), "slow")
        await settle(limits.ANSWER_TIMEOUT_S + 0.5)
        assert bo.replies.pop(7)["error"]["code"] == "timeout"
        send(bo, 7, rooms.End(), "not-mine-to-end")  # the id is free again
        gate.open()
        await settle(2)
        assert bo.replies[7].get("error", {}).get("code") == "forbidden", bo.replies[7]

    play(scene, slowest_statement_s=0.03)


def test_a_refused_live_part_of_presence_is_not_acknowledged() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        reply = await bo.ask(presence.Set(hand=True, status="bell\x07"), txn="both")
        assert reply.get("error", {}).get("code") == "bad_message", reply

    play(scene)


def test_what_cannot_be_decided_in_one_turn_is_decided_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nothing comes of it that the log would have to take first."""

    async def scene(world: World, ann: Person, bo: Person) -> None:
        commits: list[int] = []
        commit = world.log.commit

        async def counted(wanted: Sequence[Commit]) -> list[StoreError | None]:
            commits.append(sum(len(one.entries) for one in wanted))
            return await commit(wanted)

        monkeypatch.setattr(world.log, "commit", counted)
        monkeypatch.setattr(limits, "DECIDE_SLICE_S", -1.0)
        for number in range(10, 13):
            send(bo, number, chat.Send(text="hi"), f"hi {number}")
            send(bo, number + 10, rooms.End(), f"end {number}")
        await settle()
        assert commits == [1, 1, 1]
        assert ["ok" in bo.replies[number] for number in range(10, 13)] == [True] * 3
        assert [bo.replies[number]["error"]["code"] for number in range(20, 23)] == ["forbidden"] * 3

    play(scene)
