"""A room's lobby, lock and bans from outside: who hears what, and when, whatever fails in between."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.errors import Refusal, Unauthenticated
from meetserver.framing import text_frame
from meetserver.ids import ParticipantId, RoomId, SessionId
from meetserver.messages import Command
from meetserver.rooms import messages as rooms
from tests.faults.checker import check
from tests.faults.history import Seen
from tests.simulation.person import Person
from tests.simulation.scene import ROOM, play, send, settle, types
from tests.simulation.world import World

Trouble = Callable[[World], Any]


async def given_waiting(world: World, name: str = "cy", **more: Any) -> Person:
    person = Person(world, ROOM, name, **more)
    await person.join()
    assert (person.state, person.snapshot) == ("waiting", None)
    return person


def heard(person: Person, type_: str) -> list[dict[str, Any]]:
    return [frame for frame in person.heard_frames if frame.get("type") == type_]


def closed_by(person: Person, code: str) -> bool:
    assert person.connection is not None
    refusal = person.connection.refusal
    return refusal is not None and refusal.code == code


def queue(world: World) -> list[str]:
    return [who.name for who in world.router._refs[ROOM].actor.state.waiting]


def assert_as_the_log_says(world: World, *people: Person) -> None:
    assert check([person.history for person in people], world.logs()) == []


async def kill(world: World, *people: Person) -> None:
    for person in people:
        person.forget_server()
    await world.kill_and_restart()


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
            state = await world.router.state(ROOM)
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
            await world.router.ask(ROOM, rooms.Configure("Weekly", rooms.Settings()))
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

    def test_the_queue_survives_in_a_snapshot(self) -> None:
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


class TestSendingAway:
    @pytest.mark.parametrize("wish", [rooms.Deny("cy"), rooms.Ban("cy")])
    def test_who_waits_is_closed_out_and_cannot_resume(self, wish: Command) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = await given_waiting(world, keys=("v:cy",))
            assert "ok" in await ann.ask(wish)
            await settle()
            assert closed_by(cy, "forbidden")
            assert not await cy.resume()
            assert cy.turned_away == "forbidden"
            assert [frame.get("re") for frame in cy.heard_frames] == [0, 0]

        play(scene, lobby=True)

    @pytest.mark.parametrize("wish", [rooms.Remove("bo"), rooms.Ban("bo")])
    def test_whoever_is_sent_out_goes_with_all_tabs_and_stays_out(self, wish: Command) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            tab = Person(world, ROOM, "bob", keys=("v:bo", "a:train"))
            await tab.join()
            assert "ok" in await ann.ask(wish)
            await settle()
            for person in (bo, tab):
                assert closed_by(person, "forbidden")
                assert heard(person, "participant.left")
                assert not await person.resume()
                assert person.turned_away == "forbidden"
            again = Person(world, ROOM, "someone else", keys=("v:bo", "a:elsewhere"))
            await again.join()
            assert again.turned_away == "forbidden"
            assert closed_by(again, "forbidden")

        play(scene)

    def test_the_keys_go_to_nobody(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            cy = Person(world, ROOM, "cy")
            await cy.join()
            await ann.ask(rooms.Ban("bo"))
            await settle()
            assert "participant.barred" in types(world)
            for person in (ann, bo, cy):
                assert heard(person, "participant.banned")
                assert not [frame for frame in person.heard_frames if "v:bo" in str(frame)]
            state = await world.router.state(ROOM)
            assert state is not None
            assert b"v:bo" not in state
            assert_as_the_log_says(world, ann, cy)

        play(scene)

    def test_a_ban_holds_after_a_restart_and_until_it_is_lifted(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            await ann.ask(rooms.Ban("bo"))
            await kill(world, ann, bo)
            assert await ann.resume()
            assert not await bo.resume()
            assert bo.turned_away == "forbidden"
            (bar,) = world.router._refs[ROOM].actor.state.bars
            await ann.ask(rooms.Unban(bar.id))
            again = Person(world, ROOM, "bo again", keys=bo.keys)
            await again.join()
            assert again.state == "joined"

        play(scene)

    def test_in_one_commit_with_their_joining(self) -> None:
        """Keys of a session that is not in the log yet count as well."""

        async def scene(world: World, ann: Person, bo: Person) -> None:
            tab = Person(world, ROOM, "bob", keys=bo.keys)
            joining = tab._connect()
            edge = await world.router.edge(ROOM)
            join = rooms.Join(tab.participant, SessionId("bob-session"), "bob", "participant", None, bo.keys)
            edge.open_by_ticket(10_000, joining, 0, join, "bob-session.secret", "jti-bob")
            send(ann, 10, rooms.Ban("bo"), "ban")
            await settle()
            assert "ok" in ann.replies[10]
            assert [who.name for who in world.router._refs[ROOM].actor.state.participants.values()] == ["ann"]
            assert joining.closed_with is not None

        play(scene)

    def test_saying_bye_in_that_moment_does_not_spare_from_the_ban(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            assert bo._edge is not None
            assert bo._session is not None
            send(ann, 10, chat.Send(text="one commit under way"), "first")
            await settle(0.001)
            send(ann, 11, rooms.Ban("bo"), "ban")
            bo._edge.detach(bo._session, bye=True)
            await settle()
            assert "ok" in ann.replies[11]
            again = Person(world, ROOM, "bo again", keys=bo.keys)
            await again.join()
            assert again.turned_away == "forbidden"

        play(scene, slowest_statement_s=0.03)

    def test_it_is_told_to_whoever_keeps_the_security_log_once(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            world.log.fail_next("unknown_committed")
            ann.command(rooms.Ban("bo"), txn="ban")
            await settle(3)
            assert world.facts.count(("participant.banned", "user-ann")) == 1
            (bar,) = world.router._refs[ROOM].actor.state.bars
            await world.router.ask(ROOM, rooms.Unban(bar.id))
            assert "participant.unbanned" not in [type_ for type_, _ in world.facts]

        play(scene)

    def test_a_session_whose_account_was_signed_out_is_not_valid(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            await world.router.ask(ROOM, rooms.Leave(ParticipantId("bo"), "signed_out"))
            await settle()
            assert closed_by(bo, "unauthenticated")
            assert not await bo.resume()
            assert bo.turned_away == "unauthenticated"

        play(scene)


class TestAddresses:
    def test_the_meetings_rules_hold_at_the_first_join_and_on_resume(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            rules = [{"effect": "deny", "network": "192.0.2.0/24"}]
            world.log.create(RoomId("fenced"), settings={"ip_rules": rules})
            cy = Person(world, RoomId("fenced"), "cy", address="192.0.2.7")
            await cy.join()
            assert cy.turned_away == "forbidden"
            dee = Person(world, RoomId("fenced"), "dee", address="198.51.100.7")
            await dee.join()
            assert dee.state == "joined"
            assert dee.snapshot is not None
            assert "192.0.2" not in str(dee.snapshot)
            dee.drop()
            dee.address = "192.0.2.8"
            assert not await dee.resume()
            assert dee.turned_away == "forbidden"
            dee.address = "198.51.100.8"
            assert await dee.resume()
            assert world.turned_away == [("meeting", "192.0.2.7", None), ("meeting", "192.0.2.8", None)]

        play(scene)

    def test_so_do_the_servers_own(self) -> None:
        asked = []

        def admits(address: str, roles: frozenset[Any]) -> Refusal | None:
            asked.append((address, roles))
            return Refusal("forbidden", "no") if address == "192.0.2.7" else None

        async def scene(world: World, ann: Person, bo: Person) -> None:
            world.admits = admits
            cy = Person(world, ROOM, "cy", address="192.0.2.7")
            await cy.join()
            assert cy.turned_away == "forbidden"
            ann.drop()
            ann.address = "192.0.2.7"
            assert not await ann.resume()
            assert asked == [
                ("192.0.2.7", frozenset({"guest", "participant"})),
                ("192.0.2.7", frozenset({"member", "host"})),
            ]
            assert world.turned_away == [("server", "192.0.2.7", None), ("server", "192.0.2.7", "user-ann")]
            join = rooms.Join(ParticipantId("p"), SessionId("s"), "Cy", "participant")
            assert await world.router.would_admit(ROOM, join, "192.0.2.7") is not None
            assert len(world.turned_away) == 2, "whoever asks beforehand writes it down with more than the room knows"

        play(scene)

    def test_rules_about_roles_in_the_server_hold_in_the_room_and_after_a_restart(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            fenced = RoomId("fenced")
            rules = [
                {"effect": "deny", "network": "0.0.0.0/0", "roles": ["member"]},
                {"effect": "allow", "network": "192.0.2.0/24", "roles": ["operator"]},
            ]
            world.log.create(fenced, settings={"ip_rules": rules})
            cy = Person(world, fenced, "cy", user="cy", address="192.0.2.7", roles=("member",))
            await cy.join()
            assert cy.turned_away == "forbidden"
            dee = Person(world, fenced, "dee", user="dee", address="192.0.2.7", roles=("member", "operator"))
            join = rooms.Join(ParticipantId("p"), SessionId("s"), "Dee", "participant", dee.user, roles=dee.roles)
            assert await world.router.would_admit(fenced, join, "192.0.2.7") is None
            await dee.join()
            assert dee.state == "joined"
            await kill(world, ann, bo, dee)
            assert await dee.resume()
            dee.drop()
            dee.address = "198.51.100.7"
            assert not await dee.resume()

        play(scene)


class TestAskingBefore:
    def test_an_awake_room_says_whether_it_would_take_somebody(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            join = rooms.Join(ParticipantId("p"), SessionId("s"), "Cy", "participant", None, ("v:cy",))
            before = len(types(world))
            assert await world.router.would_admit(ROOM, join, "") is None
            await ann.ask(rooms.Lock())
            refusal = await world.router.would_admit(ROOM, join, "")
            assert refusal is not None
            assert refusal.code == "room_locked"
            assert len(types(world)) == before + 1

        play(scene)

    def test_one_that_sleeps_says_nothing_and_sleeps_on(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            world.log.create(RoomId("asleep"), settings={"locked": True})
            join = rooms.Join(ParticipantId("p"), SessionId("s"), "Cy", "participant")
            assert await world.router.would_admit(RoomId("asleep"), join, "") is None
            assert world.router.room_ids == [ROOM]

        play(scene)


class TestMadeUpTokens:
    @pytest.mark.parametrize(
        ("session", "token"),
        [("bo-session", "bo-session.guess"), ("nobody", "nobody.secret"), ("nul\0", "nul\0.x"), ("", "")],
    )
    def test_they_wake_no_room(self, session: str, token: str) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            await world.router.drain()
            await world.kill_and_restart()
            await settle(limits.RESUME_WINDOW_S + limits.ROOM_IDLE_S + 2)
            assert world.router.room_ids == []
            with pytest.raises(Unauthenticated):
                await world.router.edge_of_session(ROOM, SessionId(session), token)
            assert world.router.room_ids == []
            assert not await bo.resume()  # this one was real: the room says what became of it
            assert world.router.room_ids == [ROOM]

        play(scene)
