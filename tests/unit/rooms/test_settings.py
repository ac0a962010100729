"""Settings: as the calendar has them, and as somebody in the room changed them; the lock; mutes."""

from typing import Any

import pytest

from meetserver.chat.messages import Send
from meetserver.messages import Command, Role
from meetserver.network.rules import IpRule
from meetserver.rooms.messages import (
    Changed,
    ChangeSettings,
    Configure,
    Guarded,
    Join,
    Joined,
    Lock,
    Mute,
    Muted,
    SetRole,
    Settings,
)
from meetserver.rooms.settings import configure_from, is_configured
from meetserver.rooms.state import RoomState
from tests.builders import after, assert_refused, given_room, granted, join, participant_id

ELSEWHERE = (IpRule("deny", "192.0.2.0/24"),)


@pytest.fixture
def room() -> RoomState:
    return given_room(host="Ann", guests=["Bo"])


def configure(**settings: Any) -> Configure:
    return Configure("Weekly", Settings(**settings))


class TestLock:
    def test_it_keeps_out_whoever_is_no_host(self, room: RoomState) -> None:
        assert granted(room, "Ann", Lock()) == [Changed("Weekly", Settings(locked=True))]
        room = after(room, "Ann", Lock())
        assert_refused(room, "Cy", join("Cy"), "room_locked")
        assert_refused(room, "Cy", join("Cy", "viewer", passes_lobby=True), "room_locked")
        for role in ("host", "cohost"):
            assert isinstance(granted(room, "Cy", join("Cy", role))[0], Joined)

    def test_before_it_asks_them_to_wait(self, room: RoomState) -> None:
        room = after(room, "Ann", ChangeSettings(lobby=True, locked=True))
        assert_refused(room, "Cy", join("Cy"), "room_locked")

    def test_it_opens_again(self, room: RoomState) -> None:
        room = after(after(room, "Ann", Lock()), "Ann", Lock(False))
        assert granted(room, "Cy", join("Cy"))
        assert granted(room, "Ann", Lock(False)) == []


class TestChanging:
    def test_what_is_named_changes_and_the_rest_stays(self, room: RoomState) -> None:
        room = after(room, "Ann", ChangeSettings(chat=False, max_participants=7))
        assert room.rules == Settings(chat=False, max_participants=7)
        assert_refused(room, "Bo", Send(text="hi"), "forbidden")

    def test_what_is_so_already_is_no_event(self, room: RoomState) -> None:
        assert granted(room, "Ann", ChangeSettings(chat=True)) == []

    def test_something_must_be_named(self, room: RoomState) -> None:
        assert_refused(room, "Ann", ChangeSettings(), "bad_message")

    @pytest.mark.parametrize("wish", [Lock(), ChangeSettings(chat=False), Mute("ann")])
    @pytest.mark.parametrize("role", ["participant", "viewer"])
    def test_only_for_moderators(self, room: RoomState, wish: Command, role: Role) -> None:
        assert_refused(after(room, "Ann", SetRole("bo", role)), "Bo", wish, "forbidden")


class TestTheCalendar:
    def test_what_was_changed_in_the_room_stays_until_the_calendar_changes_the_same(self, room: RoomState) -> None:
        room = after(room, "Ann", ChangeSettings(chat=False, locked=True))
        room = after(room, "server", configure(whiteboard=False))
        assert room.rules == Settings(chat=False, locked=True, whiteboard=False)

        room = after(room, "server", configure(whiteboard=False, locked=True))
        room = after(room, "server", configure(whiteboard=False, locked=False))
        assert room.rules == Settings(chat=False, whiteboard=False)

    def test_the_same_again_changes_nothing_that_was_changed_in_the_room(self, room: RoomState) -> None:
        room = after(room, "Ann", Lock())
        assert granted(room, "server", configure()) == []
        assert is_configured(room, configure())

    def test_a_new_title_leaves_them_alone(self, room: RoomState) -> None:
        room = after(after(room, "Ann", Lock()), "server", Configure("Renamed", Settings()))
        assert (room.title, room.rules.locked) == ("Renamed", True)

    def test_address_rules_are_for_the_server_alone(self, room: RoomState) -> None:
        (event,) = granted(room, "server", Configure("Weekly", Settings(), ELSEWHERE))
        assert event == Guarded(ELSEWHERE)
        assert event.addressees() == frozenset()
        room = after(room, "server", Configure("Weekly", Settings(), ELSEWHERE))
        assert room.ip_rules == ELSEWHERE
        assert granted(room, "server", Configure("Weekly", Settings(), ELSEWHERE)) == []

    def test_from_what_a_meeting_stores(self) -> None:
        stored = {
            "lobby": True,
            "passcode": "c2VhbGVk",
            "ip_rules": [{"effect": "deny", "network": "192.0.2.0/24", "roles": [], "note": ""}],
        }
        assert configure_from("Weekly", stored) == Configure("Weekly", Settings(lobby=True), ELSEWHERE)


def test_a_mute_is_a_fact_and_changes_nothing_by_itself(room: RoomState) -> None:
    bo = participant_id("Bo")
    assert granted(room, "Ann", Mute("bo")) == [Muted(bo, "audio")]
    assert granted(room, "Ann", Mute("bo", "screen")) == [Muted(bo, "screen")]
    assert after(room, "Ann", Mute("bo")).participants == room.participants
    assert_refused(room, "Ann", Mute("nobody"), "not_found")


def test_a_join_knows_its_keys() -> None:
    assert join("Bo", keys=("v:bo",)) == Join(participant_id("Bo"), "bo-session", "Bo", "participant", None, ("v:bo",))  # type: ignore[arg-type]
