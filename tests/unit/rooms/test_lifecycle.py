"""room.configure and room.end."""

import pytest

from meetserver.chat.messages import Send
from meetserver.chat.state import ChatState
from meetserver.messages import Role
from meetserver.rooms.messages import Changed, Configure, End, Ended, SetRole, Settings
from meetserver.rooms.state import empty
from tests.builders import EPOCH, after, assert_refused, at_seq, given_room, granted


def test_an_empty_room_has_the_defaults_and_no_past() -> None:
    room = empty(given_room().room, given_room().meeting)

    assert (room.seq, room.epoch, room.at, room.settings) == (0, 0, None, None)
    assert room.rules == Settings()


def test_every_entry_moves_the_room_on() -> None:
    room = given_room(host="Ann", guests=["Bo"])

    assert (room.seq, room.epoch, room.at) == (3, EPOCH, at_seq(3))


def test_title_and_settings_come_from_the_calendar() -> None:
    wish = Configure("Retrospective", Settings(chat=False))

    assert granted(given_room(), "server", wish) == [Changed("Retrospective", wish.settings, wish.settings)]
    room = after(given_room(), "server", wish)
    assert (room.title, room.settings) == ("Retrospective", Settings(chat=False))


def test_the_same_again_is_no_event() -> None:
    room = given_room(title="Weekly", settings=Settings(max_participants=5))

    assert granted(room, "server", Configure("Weekly", Settings(max_participants=5))) == []


def test_defaults_are_written_down_once() -> None:
    room = empty(given_room().room, given_room().meeting)

    assert granted(room, "server", Configure("", Settings())) == [Changed("", Settings(), Settings())]


@pytest.mark.parametrize("role", ["host", "cohost"])
def test_a_host_or_cohost_ends_the_meeting(role: Role) -> None:
    room = after(given_room(guests=["Bo"]), "Ann", SetRole("bo", role))

    assert granted(room, "Bo", End()) == [Ended()]
    assert after(room, "Bo", End()).ended


@pytest.mark.parametrize("role", ["participant", "viewer"])
def test_nobody_else_does(role: Role) -> None:
    room = after(given_room(guests=["Bo"]), "Ann", SetRole("bo", role))

    assert_refused(room, "Bo", End(), "forbidden")


def test_the_server_does_for_http() -> None:
    assert granted(given_room(), "server", End()) == [Ended()]


def test_with_the_end_everybody_is_out_and_their_private_messages_with_them() -> None:
    room = after(given_room(host="Ann", guests=["Bo"]), "Ann", Send(text="for all"))
    room = after(room, "Ann", Send(text="for Bo", to=["bo"]))

    room = after(room, "Ann", End())

    assert not room.participants
    assert not room.sessions
    assert room.chat == ChatState(room.chat.shared)
    assert [message.text for message in room.chat.shared.messages] == ["for all"]


def test_what_has_ended_does_not_begin_again() -> None:
    room = given_room(ended=True)

    assert_refused(room, "Ann", End(), "room_ended")
    assert_refused(room, "server", Configure("Again", Settings()), "room_ended")
