"""Sending people out: they stay out, in all their tabs, under whatever name."""

from typing import Any
from unittest.mock import patch

import pytest

from meetserver import limits
from meetserver.ids import UserId
from meetserver.messages import Role
from meetserver.rooms.messages import (
    Ban,
    Banned,
    Bar,
    Barred,
    Leave,
    Left,
    Remove,
    Removed,
    SetRole,
    Settings,
    Unban,
    Unbanned,
)
from meetserver.rooms.state import RoomState
from tests.builders import after, assert_refused, given_room, granted, join, participant_id, session_of

BO, BO2, CY = map(participant_id, ("Bo", "Bo2", "Cy"))
KEYS = {
    "Ann": ("u:ann", "v:ann", "a:office"),
    "Bo": ("v:bo", "a:office"),
    "Bo2": ("v:bo", "a:train"),
    "Cy": ("v:cy", "a:office"),
    "Di": ("u:di", "v:bo", "a:office"),
    "Di2": ("u:di", "v:phone", "a:train"),
    "Ed": ("a:office",),
}
ACCOUNTS = {"Ann", "Di", "Di2"}
BOTH: pytest.MarkDecorator = pytest.mark.parametrize("sending_out", [Remove, Ban])


def wish(name: str, role: Role = "participant") -> Any:
    user = UserId(KEYS[name][0]) if name in ACCOUNTS else None
    return join(name, role, user=user, keys=KEYS[name])


def given_people(*names: str, cohost: str = "") -> RoomState:
    room = given_room(host=None)
    room = after(room, "Ann", wish("Ann", "host"))
    for name in names:
        room = after(room, name, wish(name, "cohost" if name == cohost else "participant"))
    return room


def sent_out(room: RoomState, name: str, how: Any = Ban) -> RoomState:
    return after(room, "Ann", how(participant_id(name)), KEYS)


class TestWhatIsSaid:
    def test_a_removal(self) -> None:
        room = given_people("Bo")
        removed, barred, left = granted(room, "Ann", Remove("bo"), KEYS)
        assert removed == Removed(BO, "id-4")
        assert barred == Barred(
            Bar("id-4", "Bo", "removed", ("v:bo",), participant_id("Ann"), "2026-11-22T12:00:04.000Z", BO)
        )
        assert left == Left(BO, "removed")

    def test_a_ban_holds_against_all_keys(self) -> None:
        banned, barred, _ = granted(given_people("Bo"), "Ann", Ban("bo"), KEYS)
        assert banned == Banned(BO, "id-4")
        assert isinstance(barred, Barred)
        assert barred.bar.keys == KEYS["Bo"]

    def test_only_the_server_sees_the_keys(self) -> None:
        _, barred, _ = granted(given_people("Bo"), "Ann", Ban("bo"), KEYS)
        assert barred.internal
        assert barred.addressees() == frozenset()

    @BOTH
    def test_they_are_out_and_remembered(self, sending_out: Any) -> None:
        room = sent_out(given_people("Bo"), "Bo", sending_out)
        assert BO not in room.participants
        assert room.dismissed == (session_of("Bo"),)
        assert [bar.name for bar in room.bars] == ["Bo"]


class TestTabs:
    @BOTH
    def test_a_second_tab_goes_too_and_the_neighbours_stay(self, sending_out: Any) -> None:
        room = sent_out(given_people("Bo", "Bo2", "Cy"), "Bo", sending_out)
        assert set(room.participants) == {participant_id("Ann"), CY}

    def test_one_that_waits_in_the_lobby_goes_too(self) -> None:
        room = after(given_people("Bo"), "server", _configure(lobby=True))
        room = after(room, "Bo2", wish("Bo2"))
        room = sent_out(room, "Bo")
        assert room.waiting == ()
        assert set(room.dismissed) == {session_of("Bo"), session_of("Bo2")}

    def test_so_does_whoever_waits_and_could_not_come_again(self) -> None:
        room = after(given_people("Bo"), "server", _configure(lobby=True))
        for name in ("Cy", "Ed", "Di"):
            room = after(room, name, wish(name))
        assert [who.name for who in sent_out(room, "Bo", Remove).waiting] == ["Cy", "Ed", "Di"]
        assert [who.name for who in sent_out(room, "Bo", Ban).waiting] == ["Di"]

    def test_an_account_is_the_same_person_in_another_browser(self) -> None:
        room = sent_out(given_people("Di", "Di2"), "Di2")
        assert participant_id("Di") not in room.participants

    def test_another_account_in_the_same_browser_is_not(self) -> None:
        assert participant_id("Di") in sent_out(given_people("Bo", "Di"), "Bo").participants


class TestComingAgain:
    @BOTH
    @pytest.mark.parametrize(("out", "again"), [("Bo", "Bo"), ("Bo", "Bo2"), ("Di", "Di2"), ("Di", "Bo"), ("Ed", "Ed")])
    def test_not_under_another_name(self, sending_out: Any, out: str, again: str) -> None:
        assert_refused(sent_out(given_people(out), out, sending_out), again, wish(again), "forbidden")

    @pytest.mark.parametrize("role", ["host", "cohost"])
    def test_not_even_as_a_host(self, role: Role) -> None:
        assert_refused(sent_out(given_people("Bo"), "Bo"), "Bo", wish("Bo", role), "forbidden")

    def test_a_ban_keeps_guests_of_that_address_out_and_a_removal_does_not(self) -> None:
        assert_refused(sent_out(given_people("Bo"), "Bo", Ban), "Cy", wish("Cy"), "forbidden")
        assert granted(sent_out(given_people("Bo"), "Bo", Remove), "Cy", wish("Cy"))

    def test_accounts_are_known_by_themselves_alone(self) -> None:
        assert granted(sent_out(given_people("Bo"), "Bo"), "Di", wish("Di"))

    def test_into_the_lobby_neither(self) -> None:
        room = after(sent_out(given_people("Bo"), "Bo"), "server", _configure(lobby=True))
        assert_refused(room, "Bo", wish("Bo"), "forbidden")

    def test_who_has_no_keys_cannot_be_kept_out(self) -> None:
        room = after(given_people(), "Ghost", join("Ghost"))
        assert granted(after(room, "Ann", Ban("ghost"), KEYS), "Ghost", join("Ghost"))

    @BOTH
    def test_once_it_is_lifted(self, sending_out: Any) -> None:
        room = sent_out(given_people("Bo"), "Bo", sending_out)
        (bar,) = room.bars
        assert granted(room, "Ann", Unban(bar.id)) == [Unbanned(bar.id)]
        room = after(room, "Ann", Unban(bar.id))
        assert room.bars == ()
        assert granted(room, "Bo", wish("Bo"))
        assert_refused(room, "Ann", Unban(bar.id), "not_found")


class TestWhoMay:
    @BOTH
    def test_nobody_sends_themself_out(self, sending_out: Any) -> None:
        assert_refused(given_people("Bo"), "Ann", sending_out("ann"), "forbidden", KEYS)

    @BOTH
    def test_not_by_way_of_another_tab(self, sending_out: Any) -> None:
        room = given_people("Bo", "Bo2", cohost="Bo")
        assert_refused(room, "Bo", sending_out("bo2"), "forbidden", KEYS)

    @BOTH
    def test_a_cohost_does_not_send_a_host_out(self, sending_out: Any) -> None:
        room = given_people("Bo", "Cy", cohost="Bo")
        assert_refused(room, "Bo", sending_out("ann"), "forbidden", KEYS)
        assert granted(room, "Bo", sending_out("cy"), KEYS)

    def test_not_by_way_of_the_hosts_other_tab(self) -> None:
        room = given_people("Bo", "Di", "Di2", cohost="Bo")
        room = after(room, "Ann", SetRole("di", "host"))
        assert_refused(room, "Bo", Remove("di2"), "forbidden", KEYS)

    def test_nor_demotes_one(self) -> None:
        assert_refused(given_people("Bo", cohost="Bo"), "Bo", SetRole("ann", "viewer"), "forbidden")

    @pytest.mark.parametrize("role", ["participant", "viewer"])
    def test_others_may_not(self, role: Role) -> None:
        room = after(given_people("Bo", "Cy"), "Ann", SetRole("bo", role))
        for command in (Remove("cy"), Ban("cy"), Unban("any")):
            assert_refused(room, "Bo", command, "forbidden")

    @BOTH
    def test_who_is_not_here(self, sending_out: Any) -> None:
        assert_refused(given_people(), "Ann", sending_out("nobody"), "not_found")


def test_when_there_are_too_many_the_oldest_removal_goes_and_bans_stay() -> None:
    with patch.object(limits, "ROOM_BARS", 2):
        room = given_people("Bo", "Cy")
        room = sent_out(room, "Bo", Ban)
        room = sent_out(room, "Cy", Remove)
        room = after(room, "Ed", join("Ed"))
        room = sent_out(room, "Ed", Ban)
        assert [bar.name for bar in room.bars] == ["Bo", "Ed"]
        room = after(room, "Di", wish("Di"))
        assert_refused(room, "Ann", Remove("di"), "conflict", KEYS)


def test_only_so_many_are_told_why_they_cannot_come_back() -> None:
    with patch.object(limits, "DISMISSED_SESSIONS", 1):
        room = sent_out(sent_out(given_people("Bo", "Cy"), "Cy", Remove), "Bo", Remove)
        assert room.dismissed == (session_of("Bo"),)
        assert after(room, "server", Leave(BO, "removed")) == room


def _configure(**settings: Any) -> Any:
    from meetserver.rooms.messages import Configure

    return Configure("Weekly", Settings(**settings))
