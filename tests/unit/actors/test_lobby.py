"""A room's lobby from outside: who hears what, and when, whatever fails in between."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.framing import text_frame
from meetserver.rooms import messages as rooms
from tests.faults.history import Seen
from tests.simulation.person import Person
from tests.simulation.scene import ROOM, play, settle, types
from tests.simulation.world import World
from tests.unit.actors.doors import assert_as_the_log_says, closed_by, given_waiting, heard, kill, queue

Trouble = Callable[[World], Any]


class TestWaiting:
    def test_who_waits_hears_nothing_until_admitted_and_then_everything(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            await ann.ask(chat.Send(text="behind the door"))
            ann.command(chat.Typing(on=True))
            await settle()
            assert [frame.get("re") for frame in cy.heard_frames] == [0]
            assert await ann.ask(rooms.Admit("cy"))
            await ann.ask(chat.Send(text="welcome"))
            await settle()
            (frame,) = heard(cy, "snapshot")
            assert (frame["data"]["state"], frame["data"]["role"]) == ("joined", "participant")
            assert [who["name"] for who in frame["data"]["snapshot"]["participants"]] == ["ann", "bo", "cy"]
            assert [m["text"] for m in frame["data"]["snapshot"]["chat"]["messages"]] == ["behind the door"]
            assert [event["data"]["text"] for event in heard(cy, "chat.sent")] == ["welcome"]
            assert types(world)[-3:-1] == ["participant.admitted", "participant.joined"]
            assert_as_the_log_says(world, ann, bo, cy)

        play(scene, lobby=True)

    def test_commands_of_who_waits_are_refused(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            before = len(types(world))
            for command in (chat.Send(text="let me in"), chat.Typing(on=True), rooms.Admit("cy")):
                assert (await cy.ask(command))["error"]["code"] == "waiting_room"
            assert len(types(world)) == before

        play(scene, lobby=True)

    def test_the_others_see_who_waits(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            await given_waiting(world)
            await settle()
            (event,) = heard(ann, "participant.waiting")
            assert event["data"]["participant"]["name"] == "cy"
            state = await world.router.desk.state(ROOM)
            assert state is not None
            assert b'"waiting":[{"id":"cy"' in state

        play(scene, lobby=True)

    def test_it_survives_a_dropped_socket(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy, dee = await given_waiting(world), await given_waiting(world, "dee")
            cy.drop()
            await settle(limits.RESUME_WINDOW_S - 1)
            assert await cy.resume()
            assert (cy.state, queue(world)) == ("waiting", ["cy", "dee"])
            assert heard(ann, "presence.changed") == []
            await ann.ask(rooms.Admit(all=True))
            await settle()
            assert (cy.state, dee.state) == ("joined", "joined")
            assert_as_the_log_says(world, ann, bo, cy, dee)

        play(scene, lobby=True)

    def test_and_ends_with_the_resume_window(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            cy.drop()
            await settle(limits.RESUME_WINDOW_S + 1)
            assert types(world)[-1] == "participant.left"
            assert queue(world) == []
            assert not await cy.resume()
            assert cy.turned_away == "unauthenticated"

        play(scene, lobby=True)

    def test_bye_leaves_the_queue(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            assert cy._edge is not None
            assert cy._session is not None
            cy._edge.detach(cy._session, bye=True)
            await settle()
            assert types(world)[-1] == "participant.left"
            assert queue(world) == []

        play(scene, lobby=True)

    def test_a_room_where_somebody_waits_does_not_sleep(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            for person in (ann, bo):
                assert person._edge is not None
                assert person._session is not None
                person._edge.detach(person._session, bye=True)
            await settle(limits.ROOM_IDLE_S + 1)
            assert queue(world) == ["cy"]
            assert cy.connection is not None
            assert cy.connection.closed_with is None

        play(scene, lobby=True)

    def test_the_end_is_theirs_too(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            ann.command(rooms.End())
            await settle()
            assert closed_by(cy, "room_ended")
            assert heard(cy, "room.ended") == []

        play(scene, lobby=True)

    def test_turning_the_lobby_off_lets_them_in(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            await world.router.desk.ask(ROOM, rooms.Configure("Weekly", rooms.Settings()))
            await settle()
            assert cy.state == "joined"
            assert_as_the_log_says(world, ann, bo, cy)

        play(scene, lobby=True)

    def test_who_had_no_place_then_comes_in_when_somebody_goes(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            await ann.ask(rooms.ChangeSettings(lobby=False))
            await settle()
            assert cy.state == "waiting"
            bo.drop()
            await settle(limits.RESUME_WINDOW_S + 1)
            assert cy.state == "joined"
            assert types(world)[-3:] == ["participant.left", "participant.admitted", "participant.joined"]
            assert_as_the_log_says(world, ann, cy)

        play(scene, lobby=True, max_participants=2)


class TestTrouble:
    """An admission reaches whoever waited, wherever its answer gets lost."""

    def test_the_queue_survives_a_killed_process(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            waiting = [await given_waiting(world, name) for name in ("zoe", "cy", "dee")]
            await kill(world, ann, bo, *waiting)
            await settle()
            assert queue(world) == ["zoe", "cy", "dee"]
            for person in (ann, *waiting):
                assert await person.resume()
            assert {person.state for person in waiting} == {"waiting"}
            await ann.ask(rooms.Admit("cy"))
            await settle()
            assert [person.state for person in waiting] == ["waiting", "joined", "waiting"]

        play(scene, lobby=True)

    def test_the_queue_survives_in_a_snapshot(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "HANDOVER_ENTRIES", 0)

        async def scene(world: World, ann: Person, bo: Person) -> None:
            waiting = [await given_waiting(world, name) for name in ("zoe", "cy")]
            await world.router.drain()
            snapshot = world.log.rooms[ROOM].snapshot
            assert snapshot is not None
            assert snapshot.seq == world.log.rooms[ROOM].last_seq
            await world.kill_and_restart()
            await settle()
            assert queue(world) == ["zoe", "cy"]
            for person in waiting:
                assert await person.resume()

        play(scene, lobby=True)

    @pytest.mark.parametrize(
        "trouble",
        [
            lambda world: world.log.fail_next("unknown_committed"),
            lambda world: world.log.fail_next("unknown_not_committed"),
            lambda world: world.log.fail_next("stale"),
            lambda world: world.crash(ROOM),
        ],
        ids=["answer lost", "commit lost", "taken over", "crash"],
    )
    def test_an_admission_that_met_trouble_still_lets_them_in(self, trouble: Trouble) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            trouble(world)
            ann.command(rooms.Admit("cy"))
            await settle(5)
            await ann.ask(chat.Send(text="welcome"))
            await settle(1)
            assert cy.state == "joined"
            assert types(world).count("participant.admitted") == 1
            assert [event["data"]["text"] for event in heard(cy, "chat.sent")] == ["welcome"]
            assert_as_the_log_says(world, ann, bo, cy)

        play(scene, lobby=True, slowest_statement_s=0.03)

    def test_a_crash_just_after_the_commit_does_not_leave_them_outside(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            commit = world.log.commit

            async def commits_and_crashes(commits: Any) -> Any:
                answers = await commit(commits)
                world.crash(ROOM)
                return answers

            monkeypatch.setattr(world.log, "commit", commits_and_crashes)
            ann.command(rooms.Admit("cy"))
            await settle(0.001)
            monkeypatch.setattr(world.log, "commit", commit)
            await settle(3)
            assert "participant.admitted" in types(world)
            assert cy.state == "joined"
            assert_as_the_log_says(world, ann, bo, cy)

        play(scene, lobby=True)

    def test_who_was_away_when_admitted_gets_the_snapshot_and_not_what_was_before(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            cy.drop()
            await ann.ask(chat.Send(text="behind the door"))
            await ann.ask(rooms.Admit("cy"))
            assert await cy.resume()
            await settle()
            assert (cy.state, cy.recovered) == ("joined", [False])
            assert cy.snapshot is not None
            assert not [record for record in cy.history.records if isinstance(record, Seen)]

        play(scene, lobby=True)

    def test_an_admission_means_nothing_to_a_socket_that_is_inside(self) -> None:
        """It may come after a resume that brought the snapshot already."""

        async def scene(world: World, ann: Person, bo: Person) -> None:
            assert bo._edge is not None
            assert bo._session is not None
            assert bo._session.hello is not None
            frame = text_frame(b'{"type": "snapshot", "data": {}}')
            bo._edge.admitted(bo._session.link, replace(bo._session.hello, reply=frame))
            await settle()
            assert heard(bo, "snapshot") == []

        play(scene)

    def test_an_admission_to_which_the_socket_was_lost_is_not_taken_for_seen(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world)
            assert cy.connection is not None
            cy.connection.is_stalled = True  # the snapshot is on its way
            await ann.ask(rooms.Admit("cy"))
            cy.drop()
            assert await cy.resume()
            assert cy.recovered == [False]
            await settle()
            assert_as_the_log_says(world, ann, bo, cy)

        play(scene, lobby=True)
