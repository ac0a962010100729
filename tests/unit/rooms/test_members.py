"""Coming, going and roles."""

import pytest

from meetserver.ids import ParticipantId, UserId
from meetserver.messages import Role
from meetserver.rooms.messages import Join, Joined, Leave, Left, Participant, RoleSet, SetRole
from meetserver.rooms.state import RoomState, in_order
from tests.builders import (
    after,
    assert_refused,
    given_room,
    granted,
    join,
    participant_id,
    session_of,
    with_settings,
)

ANN, BO = participant_id("Ann"), participant_id("Bo")


@pytest.fixture
def room() -> RoomState:
    return given_room(host="Ann", guests=["Bo"])


class TestJoin:
    def test_somebody_comes_in(self) -> None:
        room = given_room(host=None)
        wish = Join(ANN, session_of("Ann"), "Ann", "host", UserId("u1"))
        ann = Participant(ANN, session_of("Ann"), "Ann", "host", "2026-11-22T12:00:02.000Z", UserId("u1"))

        assert granted(room, "Ann", wish) == [Joined(ann)]
        room = after(room, "Ann", wish)

        assert dict(room.participants) == {ANN: ann}
        assert dict(room.sessions) == {session_of("Ann"): ANN}

    def test_people_stand_in_the_order_in_which_they_came(self) -> None:
        names = ["Zoe", "Ann", "Mo", "Bo"]

        assert [who.name for who in in_order(given_room(host=None, guests=names))] == names

    def test_twice_is_a_conflict(self, room: RoomState) -> None:
        assert_refused(room, "Bo", join("Bo"), "conflict")
        assert_refused(room, "Cy", Join(participant_id("Cy"), session_of("Bo"), "Cy", "participant"), "conflict")

    def test_a_full_room_takes_nobody(self, room: RoomState) -> None:
        room = with_settings(room, max_participants=2)
        assert_refused(room, "Cy", join("Cy"), "room_full")

        room = after(room, "Bo", Leave(BO, "bye"))
        assert granted(room, "Cy", join("Cy"))

    def test_an_ended_room_takes_nobody(self) -> None:
        assert_refused(given_room(ended=True), "Bo", join("Bo"), "room_ended")


class TestLeave:
    def test_somebody_goes_and_takes_everything_along(self, room: RoomState) -> None:
        assert granted(room, "Bo", Leave(BO, "timeout")) == [Left(BO, "timeout")]
        room = after(room, "Bo", Leave(BO, "timeout"))

        assert BO not in room.participants
        assert session_of("Bo") not in room.sessions

    def test_who_is_not_here_need_not_go(self, room: RoomState) -> None:
        assert granted(room, "Cy", Leave(participant_id("Cy"), "bye")) == []

    def test_even_the_last_host_may_go(self, room: RoomState) -> None:
        assert granted(room, "Ann", Leave(ANN, "bye"))

    def test_out_of_an_ended_room_everybody_is_already(self) -> None:
        assert granted(given_room(host="Ann", ended=True), "server", Leave(ANN, "ended")) == []


class TestSetRole:
    def test_a_host_makes_somebody_cohost(self, room: RoomState) -> None:
        wish = SetRole(BO, "cohost")

        assert granted(room, "Ann", wish) == [RoleSet(BO, "cohost")]
        assert after(room, "Ann", wish).participants[BO].role == "cohost"

    def test_a_role_that_one_has_is_no_event(self, room: RoomState) -> None:
        assert granted(room, "Ann", SetRole(BO, "participant")) == []
        assert granted(room, "Ann", SetRole(ANN, "host")) == []

    def test_the_last_host_stays_host(self, room: RoomState) -> None:
        assert_refused(room, "Ann", SetRole(ANN, "participant"), "conflict")

        room = after(room, "Ann", SetRole(BO, "host"))
        assert granted(room, "Ann", SetRole(ANN, "participant")) == [RoleSet(ANN, "participant")]

    def test_who_is_not_here_has_no_role(self, room: RoomState) -> None:
        assert_refused(room, "Ann", SetRole("cy", "host"), "not_found")

    @pytest.mark.parametrize("role", ["cohost", "participant", "viewer"])
    def test_only_a_host_gives_roles(self, room: RoomState, role: Role) -> None:
        room = after(room, "Ann", SetRole(BO, role))

        assert_refused(room, "Bo", SetRole(BO, "host"), "forbidden")

    def test_a_new_role_counts_at_once(self, room: RoomState) -> None:
        room = after(room, "Ann", SetRole(BO, "host"))

        assert granted(room, "Bo", SetRole(ANN, "viewer"))

    def test_an_ended_room_has_no_roles_to_give(self) -> None:
        assert_refused(given_room(guests=["Bo"], ended=True), "Ann", SetRole(BO, "host"), "room_ended")


def test_what_the_log_says_of_who_is_gone_means_nothing(room: RoomState) -> None:
    from meetserver.presence.messages import Changed
    from meetserver.rooms.reducer import evolve
    from tests.builders import meta_after

    nobody = ParticipantId("nobody")
    for event in (Left(nobody, "bye"), RoleSet(nobody, "host"), Changed(nobody, hand=True)):
        assert evolve(room, event, meta_after(room)).participants == room.participants
