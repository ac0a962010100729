"""The queue at the door."""

from unittest.mock import patch

import pytest

from meetserver import limits
from meetserver.chat.messages import Send
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Role
from meetserver.presence import messages as presence
from meetserver.rooms.messages import (
    Admit,
    Admitted,
    Ban,
    ChangeSettings,
    Configure,
    Denied,
    Deny,
    End,
    Ended,
    Erase,
    Joined,
    Leave,
    Left,
    Lock,
    Remove,
    SetRole,
    Settings,
    Waiting,
)
from meetserver.rooms.state import RoomState
from meetserver.signaling.messages import Offer
from tests.builders import (
    after,
    assert_refused,
    assert_told_off,
    given_room,
    granted,
    join,
    participant_id,
    session_of,
    with_settings,
)

ANN, BO, CY, DI = map(participant_id, ("Ann", "Bo", "Cy", "Di"))


def given_lobby(*waiting: str, **settings: object) -> RoomState:
    """Ann is host, and these people wait."""
    room = given_room(host="Ann", settings=Settings(lobby=True, **settings))  # type: ignore[arg-type]
    for name in waiting:
        room = after(room, name, join(name))
    return room


def queue(room: RoomState) -> list[ParticipantId]:
    return [who.id for who in room.waiting]


class TestComing:
    @pytest.mark.parametrize("role", ["participant", "viewer"])
    def test_whoever_is_no_host_waits(self, role: Role) -> None:
        (event,) = granted(given_lobby(), "Bo", join("Bo", role))
        assert isinstance(event, Waiting)
        assert (event.participant.id, event.participant.role) == (BO, role)

        room = after(given_lobby(), "Bo", join("Bo", role))
        assert queue(room) == [BO]
        assert BO not in room.participants
        assert session_of("Bo") not in room.sessions

    @pytest.mark.parametrize("role", ["host", "cohost"])
    def test_hosts_and_cohosts_pass(self, role: Role) -> None:
        assert isinstance(granted(given_lobby(), "Bo", join("Bo", role))[0], Joined)

    def test_so_does_whose_ticket_says_so(self) -> None:
        assert isinstance(granted(given_lobby(), "Bo", join("Bo", passes_lobby=True))[0], Joined)

    def test_the_queue_keeps_its_order(self) -> None:
        assert queue(given_lobby("Zoe", "Bo", "Cy")) == [participant_id("Zoe"), BO, CY]

    def test_waiting_twice_is_a_conflict(self) -> None:
        assert_refused(given_lobby("Bo"), "Bo", join("Bo"), "conflict")

    def test_the_queue_is_bounded(self) -> None:
        with patch.object(limits, "LOBBY_PEOPLE", 2):
            room = given_lobby("Bo")
            assert granted(room, "Cy", join("Cy"))
            assert_refused(after(room, "Cy", join("Cy")), "Di", join("Di"), "room_full")

    def test_one_address_alone_does_not_fill_it(self) -> None:
        keys = {"Bo": ("v:bo", "a:here"), "Cy": ("v:cy", "a:here"), "Di": ("v:di", "a:there")}
        with patch.object(limits, "LOBBY_FROM_ONE_ADDRESS", 1):
            room = after(given_lobby(), "Bo", join("Bo", keys=keys["Bo"]), keys)
            assert_refused(room, "Cy", join("Cy", keys=keys["Cy"]), "room_full", keys)
            assert granted(room, "Di", join("Di", keys=keys["Di"]), keys)
            assert granted(room, "Ed", join("Ed"), keys)

    def test_a_full_room_still_has_a_queue(self) -> None:
        assert isinstance(granted(given_lobby(max_participants=1), "Bo", join("Bo"))[0], Waiting)


class TestWaiting:
    @pytest.mark.parametrize("command", [Send(text="hi"), presence.Set(hand=True), Admit("bo"), End()])
    def test_whoever_waits_may_do_nothing(self, command: Command) -> None:
        assert_refused(given_lobby("Bo"), "Bo", command, "waiting_room")

    def test_nor_signal(self) -> None:
        assert_told_off(given_lobby("Bo"), "Bo", Offer(to="ann-session", call="1", sdp="v=0"), "waiting_room")

    def test_nor_be_signalled_to(self) -> None:
        assert_told_off(given_lobby("Bo"), "Ann", Offer(to="bo-session", call="1", sdp="v=0"), "not_found")

    def test_nor_be_whispered_to(self) -> None:
        assert_refused(given_lobby("Bo"), "Ann", Send(text="psst", to=["bo"]), "not_found")

    def test_nor_have_a_role_given(self) -> None:
        assert_refused(given_lobby("Bo"), "Ann", SetRole("bo", "host"), "not_found")

    def test_leaving_the_queue_is_leaving(self) -> None:
        room = given_lobby("Bo", "Cy")
        assert granted(room, "Bo", Leave(BO, "bye")) == [Left(BO, "bye")]
        assert queue(after(room, "Bo", Leave(BO, "bye"))) == [CY]

    def test_the_end_is_the_end_of_the_queue(self) -> None:
        assert after(given_lobby("Bo"), "Ann", End()).waiting == ()


class TestAdmitting:
    def test_one_is_let_in(self) -> None:
        room = given_lobby("Bo", "Cy")
        admitted, joined = granted(room, "Ann", Admit("cy"))
        assert admitted == Admitted(CY)
        assert isinstance(joined, Joined)
        assert joined.participant.joined_at == "2026-11-22T12:00:05.000Z"

        room = after(room, "Ann", Admit("cy"))
        assert queue(room) == [BO]
        assert room.participants[CY].session == session_of("Cy")
        assert room.sessions[session_of("Cy")] == CY
        assert room.arrivals[CY] == room.seq

    def test_all_are_let_in_in_their_order(self) -> None:
        events = granted(given_lobby("Zoe", "Bo"), "Ann", Admit(all=True))
        assert [event.participant.name for event in events if isinstance(event, Joined)] == ["Zoe", "Bo"]

    def test_as_far_as_there_are_places(self) -> None:
        room = after(given_lobby("Zoe", "Bo", "Cy", max_participants=3), "Ann", Admit(all=True))
        assert queue(room) == [CY]
        assert_refused(room, "Ann", Admit("cy"), "room_full")
        assert_refused(room, "Ann", Admit(all=True), "room_full")

    def test_who_is_in_already_need_not_be_let_in(self) -> None:
        room = after(given_lobby("Bo"), "Ann", Admit("bo"))
        assert granted(room, "Ann", Admit("bo")) == []
        assert granted(room, "Ann", Admit(all=True)) == []

    @pytest.mark.parametrize("wish", [Admit("nobody"), Deny("nobody"), Deny("ann")])
    def test_who_does_not_wait(self, wish: Command) -> None:
        assert_refused(given_lobby("Bo"), "Ann", wish, "not_found")

    @pytest.mark.parametrize("wish", [Admit(), Admit("bo", all=True)])
    def test_one_or_all(self, wish: Command) -> None:
        assert_refused(given_lobby("Bo"), "Ann", wish, "bad_message")

    def test_one_is_sent_away_and_may_ask_again(self) -> None:
        room = given_lobby("Bo", "Cy")
        assert granted(room, "Ann", Deny("bo")) == [Denied(BO)]
        room = after(room, "Ann", Deny("bo"))
        assert queue(room) == [CY]
        assert room.dismissed == (session_of("Bo"),)
        assert isinstance(granted(room, "Bo", join("Bo"))[0], Waiting)

    @pytest.mark.parametrize("wish", [Admit("cy"), Deny("cy"), Ban("cy")])
    @pytest.mark.parametrize("role", ["participant", "viewer"])
    def test_only_for_moderators(self, wish: Command, role: Role) -> None:
        room = after(given_lobby("Cy"), "Bo", join("Bo", role, passes_lobby=True))
        assert_refused(room, "Bo", wish, "forbidden")


class TestOpeningTheLobby:
    @pytest.mark.parametrize(
        ("who", "wish"),
        [("Ann", ChangeSettings(lobby=False)), ("server", Configure("Weekly", Settings(max_participants=3)))],
    )
    def test_whoever_waits_comes_in_as_far_as_there_are_places(self, who: str, wish: Command) -> None:
        room = after(given_lobby("Zoe", "Bo", "Cy", max_participants=3), who, wish)
        assert not room.rules.lobby
        assert {ANN, participant_id("Zoe"), BO} == set(room.participants)
        assert queue(room) == [CY]

    @pytest.mark.parametrize(
        ("who", "wish"),
        [
            ("Bo", Leave(BO, "bye")),
            ("server", Leave(BO, "timeout")),
            ("server", Erase((BO,))),
            ("Ann", Remove("bo")),
            ("Ann", Ban("bo")),
            ("Ann", ChangeSettings(max_participants=4)),
            ("server", Configure("Weekly", Settings(lobby=True, max_participants=4))),
        ],
    )
    def test_who_had_no_place_gets_the_next_that_is_free(self, who: str, wish: Command) -> None:
        room = after(given_lobby("Zoe", "Bo", "Cy", "Di", max_participants=3), "Ann", ChangeSettings(lobby=False))
        assert queue(room) == [CY, DI]
        events = granted(room, who, wish)
        assert events[-2] == Admitted(CY)
        room = after(room, who, wish)
        assert CY in room.participants
        assert queue(room) == [DI]

    def test_nobody_comes_in_before_who_waits_for_a_place(self) -> None:
        room = after(given_lobby("Bo", "Cy", max_participants=2), "Ann", ChangeSettings(lobby=False))
        assert_refused(room, "Di", join("Di"), "room_full")
        room = after(room, "Bo", Leave(BO, "bye"))
        assert {ANN, CY} == set(room.participants)
        assert_refused(room, "Di", join("Di"), "room_full")

    def test_with_a_lobby_a_free_place_lets_nobody_in(self) -> None:
        room = after(given_lobby("Bo", "Cy", max_participants=2), "Ann", Admit("bo"))
        assert granted(room, "Bo", Leave(BO, "bye")) == [Left(BO, "bye")]

    def test_a_locked_room_lets_them_in_once_it_is_unlocked(self) -> None:
        room = after(given_lobby("Bo", "Cy"), "Ann", ChangeSettings(lobby=False, locked=True))
        assert queue(room) == [BO, CY]
        assert queue(after(room, "Ann", Admit("cy"))) == [BO]
        assert queue(after(room, "Ann", Lock(locked=False))) == []

    def test_the_end_lets_nobody_in(self) -> None:
        room = after(given_lobby("Bo", "Cy", max_participants=2), "Ann", ChangeSettings(lobby=False))
        assert granted(room, "Ann", End()) == [Ended()]

    def test_closing_it_lets_nobody_out(self) -> None:
        room = given_room(host="Ann", guests=["Bo"])
        assert BO in with_settings(room, lobby=True).participants
