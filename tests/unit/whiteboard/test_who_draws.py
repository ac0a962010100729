"""The setting `whiteboard_mode`, and participant.let_draw."""

import pytest

from meetserver.messages import Command
from meetserver.rooms.messages import ChangeSettings, DrawLet, LetDraw
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import AddPage, Apply, Clear, PointerMove, Preview, Put, Redo, Save, Undo
from tests.builders import after, assert_refused, assert_told_off, given_room, granted, participant_id, told

WISHES: list[Command] = [Apply([Put("a", {})]), Undo(), Redo(), Clear(), Save("kept"), AddPage("new")]


@pytest.fixture
def room() -> RoomState:
    return given_room(guests=["Bo", "Cy"], viewers=["Vi"])


def assert_draws(room: RoomState, name: str) -> None:
    for wish in WISHES:
        granted(room, name, wish)
    assert told(room, name, Preview("s", {}))[1]


def assert_does_not_draw(room: RoomState, name: str) -> None:
    for wish in WISHES:
        assert_refused(room, name, wish, "forbidden")
    assert_told_off(room, name, Preview("s", {}), "forbidden")


def test_where_nobody_says_otherwise_all_but_viewers_draw(room: RoomState) -> None:
    for name in ("Ann", "Bo", "Cy"):
        assert_draws(room, name)
    assert_does_not_draw(room, "Vi")


def test_some_draw_whom_a_host_lets(room: RoomState) -> None:
    room = after(room, "Ann", ChangeSettings(whiteboard_mode="some"))
    assert_does_not_draw(room, "Bo")

    assert granted(room, "Ann", LetDraw("bo")) == [DrawLet(participant_id("Bo"), True)]
    room = after(room, "Ann", LetDraw("bo"))
    assert granted(room, "Ann", LetDraw("bo")) == []
    assert_draws(room, "Bo")
    assert_draws(room, "Ann")
    assert_does_not_draw(room, "Cy")

    assert_does_not_draw(after(room, "Ann", LetDraw("bo", on=False)), "Bo")


def test_a_viewer_who_is_let_draw_still_only_looks(room: RoomState) -> None:
    room = after(room, "Ann", ChangeSettings(whiteboard_mode="some"))
    assert_does_not_draw(after(room, "Ann", LetDraw("vi")), "Vi")


def test_with_host_only_hosts_draw_and_all_may_point(room: RoomState) -> None:
    room = after(after(room, "Ann", LetDraw("bo")), "Ann", ChangeSettings(whiteboard_mode="host"))
    assert_draws(room, "Ann")
    assert_does_not_draw(room, "Bo")
    assert told(room, "Bo", PointerMove(1, 1))[1]


def test_only_hosts_let_people_draw_and_only_people_who_are_there(room: RoomState) -> None:
    assert_refused(room, "Bo", LetDraw("bo"), "forbidden")
    assert_refused(room, "Ann", LetDraw("nobody"), "not_found")
