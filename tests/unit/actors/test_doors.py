"""A room's bans and address rules from outside, and what it says of them before anybody comes."""

from collections.abc import Callable
from typing import Any

import pytest

from meetserver import limits
from meetserver.chat import messages as chat
from meetserver.errors import Refusal, Unauthenticated
from meetserver.ids import ParticipantId, RoomId, SessionId
from meetserver.messages import Command
from meetserver.rooms import messages as rooms
from tests.simulation.person import Person
from tests.simulation.scene import ROOM, play, send, settle, types
from tests.simulation.world import World
from tests.unit.actors.doors import assert_as_the_log_says, closed_by, given_waiting, heard, kill

Trouble = Callable[[World], Any]


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
            state = await world.router.desk.state(ROOM)
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
            (bar,) = world.actor(ROOM).state.bars
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
            assert [who.name for who in world.actor(ROOM).state.participants.values()] == ["ann"]
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
            (bar,) = world.actor(ROOM).state.bars
            await world.router.desk.ask(ROOM, rooms.Unban(bar.id))
            assert "participant.unbanned" not in [type_ for type_, _ in world.facts]

        play(scene)

    def test_a_session_whose_account_was_signed_out_is_not_valid(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            await world.router.desk.ask(ROOM, rooms.Leave(ParticipantId("bo"), "signed_out"))
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
            assert await world.router.desk.would_admit(ROOM, join, "192.0.2.7") is not None
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
            assert await world.router.desk.would_admit(fenced, join, "192.0.2.7") is None
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
            assert await world.router.desk.would_admit(ROOM, join, "") is None
            await ann.ask(rooms.Lock())
            refusal = await world.router.desk.would_admit(ROOM, join, "")
            assert refusal is not None
            assert refusal.code == "room_locked"
            assert len(types(world)) == before + 1

        play(scene)

    def test_one_that_sleeps_says_nothing_and_sleeps_on(self) -> None:
        async def scene(world: World, ann: Person, bo: Person) -> None:
            world.log.create(RoomId("asleep"), settings={"locked": True})
            join = rooms.Join(ParticipantId("p"), SessionId("s"), "Cy", "participant")
            assert await world.router.desk.would_admit(RoomId("asleep"), join, "") is None
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
