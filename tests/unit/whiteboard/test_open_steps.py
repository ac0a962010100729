"""What people are told that they may take back: what nobody else has changed since, and on which pages."""

from meetserver.ids import ParticipantId
from meetserver.rooms.live import LiveState
from meetserver.rooms.state import RoomState
from meetserver.rooms.views import Views
from meetserver.whiteboard.messages import Apply, Clear, Delete, Patch, Put, Redo, Undo
from meetserver.whiteboard.open_steps import open_steps
from tests.builders import after, given_room

ANN, BO = ParticipantId("ann"), ParticipantId("bo")


def may(room: RoomState, who: ParticipantId = ANN) -> tuple[list[list[str]], list[list[str]]]:
    """On which pages, of each step to undo and to redo."""
    found = open_steps(room.whiteboard, who)
    return [step.pages for step in found.undo], [step.pages for step in found.redo]


def given_drawings() -> RoomState:
    room = given_room(host="Ann", guests=["Bo"])
    room = after(room, "Ann", Apply([Put("a", {"x": 1})]))
    return after(room, "Ann", Apply([Put("b", {"x": 1})], "2"))


def test_ones_own_changes_by_page() -> None:
    room = given_drawings()
    assert may(room) == ([["1"], ["2"]], [])
    assert may(room, BO) == ([], [])
    room = after(room, "Ann", Undo())
    assert may(room) == ([["1"]], [["2"]])
    assert may(after(room, "Ann", Redo())) == ([["1"], ["2"]], [])
    assert may(after(room, "Ann", Clear())) == ([["1"], ["1"]], []), "the older one as soon as the newer is taken back"


def test_not_what_somebody_else_has_changed_until_they_take_it_back() -> None:
    room = after(given_drawings(), "Bo", Apply([Delete("a")]))
    assert may(room) == ([["2"]], [])
    assert may(after(room, "Bo", Undo())) == ([["1"], ["2"]], [])
    assert may(after(room, "Bo", Apply([Patch("b", {"x": 2})], "2"))) == ([], [])


def test_who_comes_back_is_told_and_nobody_else() -> None:
    room, views = given_drawings(), Views()
    assert b'"steps":{"undo":[{"seq":' in views.view(room, LiveState(), ANN)
    assert b'"steps"' not in views.view(room, LiveState(), BO)
    assert b'"steps"' not in views.shared(room, LiveState())
