"""One room from outside: what people send and get, with the log in memory and time virtual."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.errors import Unavailable
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Started
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from meetserver.signaling import messages as signaling
from meetserver.whiteboard.messages import Apply, Put, Undo
from tests.faults.history import Acked, Seen
from tests.simulation.person import Person
from tests.simulation.scene import ROOM, play, settle, types
from tests.simulation.world import World


def seen_by(person: Person) -> list[int]:
    return [record.seq for record in person.history.records if isinstance(record, Seen)]


def of_type(person: Person, type_: str) -> list[dict[str, Any]]:
    return [frame for frame in person.ephemerals if frame["type"] == type_]


def test_an_ok_says_where_the_log_has_it() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        reply = await ann.ask(chat.Send(text="hi"))
        entry = world.log.rooms[RoomId("room")].entries[-1]
        assert reply["ok"]["seq"] == entry.seq
        assert reply["ok"]["message_id"]
        await settle()
        assert bo.seq == entry.seq

    play(scene)


def test_the_same_txn_gets_the_first_reply() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        first = await ann.ask(chat.Send(text="hi"), txn="once")
        again = await ann.ask(chat.Send(text="hi"), txn="once")
        assert first["ok"] == again["ok"]
        assert types(world).count("chat.sent") == 1

    play(scene)


def test_the_same_txn_for_something_else_is_a_conflict() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await ann.ask(chat.Send(text="hi"), txn="once")
        again = await ann.ask(chat.Send(text="bye"), txn="once")
        assert again["error"]["code"] == "conflict"

    play(scene)


def test_a_txn_is_known_after_a_restart_though_a_snapshot_covers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HANDOVER_ENTRIES", 0)

    async def scene(world: World, ann: Person, bo: Person) -> None:
        first = await ann.ask(chat.Send(text="hi"), txn="once")
        await world.router.drain()
        assert world.log.rooms[RoomId("room")].snapshot is not None
        await world.kill_and_restart()
        assert await ann.resume()
        again = await ann.ask(chat.Send(text="hi"), txn="once")
        assert again["ok"]["seq"] == first["ok"]["seq"]

    play(scene)


def test_what_would_change_nothing_now_and_did_then_has_its_first_reply() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        sent = await ann.ask(chat.Send(text="hi"))
        edit = chat.Edit(sent["ok"]["message_id"], text="hello")
        first = await ann.ask(edit, txn="once")
        await bo.ask(chat.Send(text="hm"))
        await world.router.drain()
        await world.kill_and_restart()
        assert await ann.resume()
        again = await ann.ask(edit, txn="once")
        assert again["ok"]["seq"] == first["ok"]["seq"]
        unchanged = await ann.ask(edit, txn="another")
        assert unchanged["ok"]["seq"] == world.log.rooms[ROOM].last_seq

    play(scene)


def test_who_lost_the_room_does_not_say_that_there_is_nothing_to_change() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await ann.ask(chat.Send(text="hi"))
        world.log.rooms[ROOM].epoch += 1
        assert (await ann.ask(Undo()))["error"]["code"] == "unavailable"

    play(scene, closes=False)


def test_an_end_is_acked_told_and_closes_every_session() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        ann.command(rooms.End(), txn="end")
        await settle()
        assert types(world)[-1] == "room.ended"
        assert [record.seq for record in ann.history.records if isinstance(record, Acked)] == [len(types(world))]
        for person in (ann, bo):
            assert person.connection is not None
            assert person.connection.closed_with == -1
            assert person.seq == len(types(world))
        assert await world.log.rooms_with_sessions() == []

    play(scene)


def test_a_command_without_a_txn_is_refused() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        assert ann._edge is not None
        assert ann._session is not None
        ann._edge.command(ann._session, 99, chat.Send(text="hi"), None)
        await settle()
        assert ann.replies[99]["error"]["code"] == "bad_message"

    play(scene)


def test_a_private_message_reaches_its_addressee_alone() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        cy = Person(world, ann.room, "cy")
        await cy.join()
        reply = await ann.ask(chat.Send(text="psst", to=["bo"]))
        after = await ann.ask(chat.Send(text="all"))
        await settle()
        assert reply["ok"]["seq"] not in seen_by(cy)
        assert after["ok"]["seq"] in seen_by(cy)
        assert reply["ok"]["seq"] in seen_by(bo)

    play(scene)


def test_a_signal_reaches_one_session_with_its_sender() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        assert (await ann.ask(signaling.Offer(to="bo-session", call="1", sdp="v=0")))["ok"] == {}
        await settle()
        (offer,) = of_type(bo, "signal.offer")
        assert offer["data"] == {"from": "ann-session", "call": "1", "sdp": "v=0"}
        assert of_type(ann, "signal.offer") == []

    play(scene)


def test_pointers_and_typing_are_not_told_to_their_author() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        before = len(types(world))
        await ann.ask(chat.Typing(on=True))
        await settle()
        assert of_type(bo, "chat.typing")
        assert of_type(ann, "chat.typing") == []
        assert len(types(world)) == before

    play(scene)


def test_presence_with_a_durable_and_a_live_part_is_both() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        reply = await ann.ask(presence.Set(hand=True, audio=True), txn="hand")
        assert reply["ok"]["seq"] == len(types(world))
        await settle()
        assert types(world)[-1] == "presence.changed"
        assert of_type(bo, "presence.changed")[-1]["data"]["audio"] is True

    play(scene)


def test_a_dropped_socket_is_away_and_keeps_its_place() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        bo.drop()
        await settle()
        assert of_type(ann, "presence.changed")[-1]["data"] == {"participant": "bo", "away": True}
        await ann.ask(chat.Send(text="while you were out"))
        assert await bo.resume()
        await settle()
        assert bo.recovered == [False, True]
        assert bo.seq == len(types(world))
        assert of_type(ann, "presence.changed")[-1]["data"] == {"participant": "bo", "away": False}
        assert "participant.left" not in types(world)

    play(scene)


def test_the_resume_window_ends_with_a_leave() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        bo.drop()
        await settle(limits.RESUME_WINDOW_S + 1)
        assert types(world)[-1] == "participant.left"
        assert not await bo.resume()
        assert bo.replies[0]["error"]["code"] == "unauthenticated"

    play(scene)


def test_after_a_restart_the_absent_have_the_full_window_and_then_leave() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        for person in (ann, bo):
            person.forget_server()
        await world.kill_and_restart()
        await settle(limits.RESUME_WINDOW_S - 1)
        assert await ann.resume()
        await settle(2)
        assert types(world)[-1] == "participant.left"
        assert types(world).count("participant.left") == 1

    play(scene)


def test_a_session_resumed_elsewhere_closes_the_older_socket() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        older, session = bo.connection, bo._session
        bo._session = bo._edge = None
        bo.connection = None
        assert await bo.resume()
        await settle()
        assert older is not None
        assert session is not None
        assert older.closed_with == -1
        assert session.mode == "closed"

    play(scene)


def test_a_resume_beyond_the_log_gets_a_snapshot() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        bo.drop()
        bo.seq += 100
        assert await bo.resume()
        assert bo.recovered == [False, False]
        assert bo.snapshot is not None

    play(scene)


def test_who_has_seen_more_than_a_room_that_was_taken_from_its_owner_is_not_sent_back() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        row = world.log.rooms[bo.room]
        await world.log.start(bo.room, ShardId("another"), 0)
        row.entries.append(replace(row.entries[-1], epoch=row.epoch, seq=row.last_seq + 1, txn="at the other"))
        bo.drop()
        bo.epoch, bo.seq = row.epoch, row.last_seq
        assert not await bo.resume()
        assert bo.replies[0]["error"]["code"] == "unavailable"
        await settle()
        assert await bo.resume()
        assert bo.recovered == [False, True]

    play(scene)


def test_a_wrong_token_resumes_nothing() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        bo.drop()
        bo.token = "bo-session.guess"
        assert not await bo.resume()
        assert bo.replies[0]["error"]["code"] == "unauthenticated"

    play(scene)


def test_a_ticket_works_once() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        thief = Person(world, bo.room, "eve")
        connection = thief._connect()
        edge = await world.router.edge(bo.room)
        join = rooms.Join(thief.participant, "eve-session", "eve", "participant")  # type: ignore[arg-type]
        session = edge.open_by_ticket(10_000, connection, 0, join, "eve-session.secret", "jti-bo")
        await session.opened.wait()
        await settle()
        assert thief.replies[0]["error"]["code"] == "unauthenticated"
        assert "eve" not in [entry.by for entry in world.log.rooms[bo.room].entries]

    play(scene)


def test_a_bye_leaves_at_once() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        assert bo._edge is not None
        assert bo._session is not None
        bo._edge.detach(bo._session, bye=True)
        await settle()
        assert types(world)[-1] == "participant.left"

    play(scene)


def test_an_empty_room_sleeps_after_a_snapshot_and_wakes_again() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        for person in (ann, bo):
            assert person._edge is not None
            assert person._session is not None
            person._edge.detach(person._session, bye=True)
        await settle(limits.ROOM_IDLE_S + 1)
        row = world.log.rooms[RoomId("room")]
        assert world.router.room_ids == []
        assert row.snapshot is not None
        assert row.snapshot.seq == row.last_seq
        assert row.owner is None
        cy = Person(world, ann.room, "cy")
        await cy.join()
        assert cy.seq == row.last_seq

    play(scene)


def test_without_the_database_nothing_durable_is_acked_and_signals_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(room: RoomId, shard: ShardId, now_ms: int) -> Started:
        raise Unavailable("the database cannot be reached")

    async def scene(world: World, ann: Person, bo: Person) -> None:
        start = world.log.start
        monkeypatch.setattr(world.log, "start", away)
        world.log.fail_next("unknown_not_committed")
        assert ann._edge is not None
        assert ann._session is not None
        ann._edge.command(ann._session, 50, chat.Send(text="hi"), "later")
        await settle()
        assert ann.replies[50]["error"] == {
            "code": "unavailable",
            "message": "the room cannot store anything right now",
            "temporary": True,
            "retry_after_s": 1,
        }
        assert (await ann.ask(signaling.Offer(to="bo-session", call="1", sdp="v=0")))["ok"] == {}
        monkeypatch.setattr(world.log, "start", start)
        await settle(3)
        assert (await ann.ask(chat.Send(text="hi"), txn="later"))["ok"]["seq"] == len(types(world))

    play(scene)


def test_a_room_that_fails_again_and_again_is_quarantined_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        for _ in range(limits.RESTARTS):
            world.crash(ann.room)
            await settle(3)
        assert of_type(bo, "room.quarantined")
        assert bo.connection is not None
        assert bo.connection.closed_with == 3510
        with pytest.raises(Unavailable):
            await world.router.edge(ann.room)

    play(scene)


def test_a_command_that_makes_the_reducer_fail_is_answered_and_the_room_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise ZeroDivisionError

    async def scene(world: World, ann: Person, bo: Person) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("meetserver.actors.writer.decide", fails)
            assert (await ann.ask(chat.Send(text="hi")))["error"]["code"] == "internal"
        assert "ok" in await bo.ask(chat.Send(text="still here"))

    play(scene)


def test_a_service_is_answered_and_the_room_takes_its_word() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        reply = await world.router.desk.ask(ann.room, rooms.Configure("New title", rooms.Settings(chat=False)))
        assert reply is not None
        assert reply.seq == len(types(world))
        assert (await bo.ask(chat.Send(text="hi")))["error"]["code"] == "forbidden"
        state = await world.router.desk.state(ann.room)
        assert state is not None
        assert b"New title" in state

    play(scene)


def test_a_part_is_what_it_was_when_it_was_asked_for() -> None:
    async def scene(world: World, ann: Person, bo: Person) -> None:
        await ann.ask(Apply([Put("a", {})]))
        part = await world.router.desk.part(ann.room, "whiteboard")
        assert part is not None
        assert part.seq == len(types(world))
        await ann.ask(Apply([Put("b", {})]))

        assert [one["id"] for one in msgspec.json.decode(b"".join(part.pieces))["pages"]["1"]] == ["a"]
        assert await world.router.desk.part(RoomId("nowhere"), "whiteboard") is None

    play(scene)
