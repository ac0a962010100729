"""Pages of a whiteboard: made, changed, moved, locked, removed."""

from unittest.mock import patch

import msgspec
import pytest

from meetserver import limits
from meetserver.messages import Command
from meetserver.rooms.live import LiveState
from meetserver.rooms.snapshot import shared_view
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import (
    AddPage,
    Apply,
    ChangePage,
    Clear,
    Delete,
    MovePage,
    PageAdded,
    PageChanged,
    PageMoved,
    PageRemoved,
    Preview,
    Put,
    RemovePage,
    Sheet,
)
from tests.builders import after, assert_refused, assert_told_off, given_room, granted, told


@pytest.fixture
def room() -> RoomState:
    """Pages 1, plan and sketch; and loose, by its element alone."""
    room = given_room(guests=["Bo"], viewers=["Vi"])
    room = after(room, "Bo", AddPage("plan", "Plan", 800, 600, "grid"))
    room = after(room, "Bo", AddPage("sketch"))
    return after(room, "Bo", Apply([Put("a", {})], "loose"))


def pages(room: RoomState) -> list[str]:
    return list(room.whiteboard.all_pages)


def test_a_new_board_has_one_page() -> None:
    assert pages(given_room()) == ["1"]


def test_a_page_is_added_last_or_where_it_is_wanted(room: RoomState) -> None:
    assert pages(room) == ["1", "plan", "sketch", "loose"]
    assert granted(room, "Bo", AddPage("new", index=9)) == [PageAdded("new", 3)]
    assert pages(after(room, "Bo", AddPage("new", index=1))) == ["1", "new", "plan", "sketch", "loose"]


def test_a_page_that_is_there_is_not_added_again(room: RoomState) -> None:
    assert_refused(room, "Bo", AddPage("plan"), "conflict")
    assert_refused(room, "Bo", AddPage("1"), "conflict")


def test_a_page_made_on_purpose_stays_when_it_is_empty(room: RoomState) -> None:
    assert pages(after(room, "Bo", Apply([Delete("a")], "loose"))) == ["1", "plan", "sketch"]
    room = after(room, "Bo", AddPage("loose", "Kept", index=0))
    assert room.whiteboard.pages["loose"].elements
    assert pages(after(room, "Bo", Apply([Delete("a")], "loose"))) == ["loose", "1", "plan", "sketch"]


def test_a_page_is_changed_in_what_is_named(room: RoomState) -> None:
    change = ChangePage("plan", name="New plan", width=1000)
    assert granted(room, "Bo", change) == [PageChanged("plan", Sheet("New plan", 1000, 600, "grid"))]
    assert granted(after(room, "Bo", change), "Bo", change) == []
    assert pages(after(room, "Bo", ChangePage("loose", name="Found"))) == ["1", "plan", "sketch", "loose"]
    assert after(room, "Bo", ChangePage("loose", name="Found")).whiteboard.sheet("loose").name == "Found"


def test_a_page_is_moved(room: RoomState) -> None:
    assert granted(room, "Bo", MovePage("sketch", 0)) == [PageMoved("sketch", 0)]
    assert pages(after(room, "Bo", MovePage("sketch", 0))) == ["sketch", "1", "plan", "loose"]
    assert pages(after(room, "Bo", MovePage("1", 50))) == ["plan", "sketch", "1", "loose"]
    assert pages(after(room, "Bo", MovePage("loose", 1))) == ["1", "loose", "plan", "sketch"]
    assert granted(room, "Bo", MovePage("plan", 1)) == []
    assert granted(room, "Bo", MovePage("sketch", 50)) == []


def test_hosts_remove_pages_but_the_last(room: RoomState) -> None:
    assert_refused(room, "Bo", RemovePage("loose"), "forbidden")
    for page in ("1", "loose", "plan"):
        assert granted(room, "Ann", RemovePage(page)) == [PageRemoved(page)]
        room = after(room, "Ann", RemovePage(page))
    assert pages(room) == ["sketch"]
    assert_refused(room, "Ann", RemovePage("sketch"), "conflict")
    assert pages(after(room, "Bo", Apply([Put("a", {})]))) == ["sketch", "1"]


@pytest.mark.parametrize("wish", [ChangePage("none", name="x"), MovePage("none", 0), RemovePage("none")])
def test_a_page_that_is_not_there(room: RoomState, wish: Command) -> None:
    assert_refused(room, "Ann", wish, "not_found")


@pytest.mark.parametrize(
    "wish", [AddPage("new", "a\nb"), AddPage("new", background="\0"), ChangePage("1", name="\x7f")]
)
def test_names_are_printable(room: RoomState, wish: Command) -> None:
    assert_refused(room, "Bo", wish, "bad_message")


def test_a_board_has_only_so_many_pages(room: RoomState) -> None:
    with patch.object(limits, "BOARD_PAGES", 4):
        assert_refused(room, "Bo", AddPage("new"), "too_large")
        assert granted(room, "Bo", AddPage("loose"))
    with patch.object(limits, "BOARD_PAGES", 5):
        assert granted(room, "Bo", AddPage("new"))


def test_a_locked_page_is_for_hosts(room: RoomState) -> None:
    assert_refused(room, "Bo", ChangePage("loose", locked=True), "forbidden")
    room = after(room, "Ann", ChangePage("loose", locked=True))

    wishes: list[Command] = [
        Apply([Put("b", {})], "loose"),
        Clear("loose"),
        ChangePage("loose", name="mine"),
        ChangePage("loose", locked=False),
    ]
    for wish in wishes:
        assert_refused(room, "Bo", wish, "forbidden")
        assert granted(room, "Ann", wish)
    assert_told_off(room, "Bo", Preview("b", {}, "loose"), "forbidden")
    assert told(room, "Ann", Preview("b", {}, "loose"))[1]
    assert granted(room, "Bo", Apply([Put("b", {})], "plan"))


def test_a_snapshot_says_what_pages_there_are(room: RoomState) -> None:
    board = msgspec.json.decode(shared_view(room, LiveState()))["whiteboard"]

    assert board == {
        "pages": {"loose": [{"id": "a", "element": {}, "z": 0}]},
        "order": ["1", "plan", "sketch", "loose"],
        "sheets": {
            "1": {},
            "plan": {"name": "Plan", "width": 800, "height": 600, "background": "grid"},
            "sketch": {},
        },
        "versions": [],
        "next_z": 1,
    }


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("name", "x" * limits.BOARD_NAME_CHARS),
        ("background", "x" * limits.BOARD_NAME_CHARS),
        ("width", limits.BOARD_SIDE_MAX),
        ("height", limits.BOARD_SIDE_MIN),
    ],
)
def test_a_page_is_only_so_large_and_its_name_so_long(field: str, most: str | int) -> None:
    assert getattr(msgspec.convert({"page": "new", field: most}, AddPage), field) == most
    beyond = most + "x" if isinstance(most, str) else most + (1 if most == limits.BOARD_SIDE_MAX else -1)
    for wish in (AddPage, ChangePage):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"page": "new", field: beyond}, wish)
