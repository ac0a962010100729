"""What clients get of a room: its shape, whose private messages it holds, and that it fits a frame."""

from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from meetserver import limits
from meetserver.chat.messages import Send
from meetserver.ids import ParticipantId
from meetserver.presence.messages import Set
from meetserver.rooms.live import LiveState, set_away
from meetserver.rooms.messages import Settings
from meetserver.rooms.snapshot import private_view, shared_view, view
from meetserver.rooms.state import RoomState
from meetserver.rooms.views import ENVELOPE_BYTES, Views, part_pieces, whole_view
from meetserver.whiteboard.messages import Apply, Put
from meetserver.whiteboard.state import SLICE
from tests.builders import after, given_room, told

ANN, BO, CY = ParticipantId("ann"), ParticipantId("bo"), ParticipantId("cy")
NOBODY_LIVE = LiveState()


def read(encoded: bytes) -> dict[str, Any]:
    return msgspec.json.decode(encoded, type=dict[str, Any])


def texts(encoded: bytes) -> list[str]:
    return [message["text"] for message in read(encoded)["chat"]["messages"]]


def given_board(elements: int, element_bytes: int = 1000) -> RoomState:
    room = given_room(host="Ann", guests=["Bo"])
    for number in range(elements):
        room = after(room, "Ann", Apply([Put(f"e{number}", {"x": "x" * element_bytes})], str(number % 3)))
    return room


def test_its_shape() -> None:
    room = given_room(host="Ann", title="Weekly")
    room = after(room, "Ann", Send(text="hello"))
    room = after(room, "Ann", Apply([Put("z", {"x": 1}), Put("a", {"y": None})]))

    assert read(shared_view(room, NOBODY_LIVE)) == {
        "room": {
            "id": "room",
            "meeting": "meeting",
            "title": "Weekly",
            "settings": msgspec.to_builtins(Settings()),
            "ended": False,
            "expired_until": 0,
        },
        "participants": [
            {
                "id": "ann",
                "session": "ann-session",
                "name": "Ann",
                "role": "host",
                "joined_at": "2026-11-22T12:00:02.000Z",
            }
        ],
        "waiting": [],
        "chat": {
            "messages": [
                {
                    "message_id": "3-id-3",
                    "seq": 3,
                    "at": "2026-11-22T12:00:03.000Z",
                    "by": "ann",
                    "name": "Ann",
                    "text": "hello",
                }
            ],
            "more": False,
            "pinned": [],
            "people": {},
        },
        "whiteboard": {
            "pages": {"1": [{"id": "z", "element": {"x": 1}, "z": 0}, {"id": "a", "element": {"y": None}, "z": 1}]},
            "order": ["1"],
            "sheets": {"1": {}},
            "versions": [],
            "next_z": 2,
        },
        "marks": {},
    }


def test_what_lasts_and_what_does_not_are_shown_together() -> None:
    room = after(given_room(host="Ann", guests=["Bo"]), "Bo", Set(hand=True))
    live, _ = told(room, "Bo", Set(audio=True, status="tea"))
    live, _ = set_away(live, BO, True)

    _, bo = read(shared_view(room, live))["participants"]

    assert {name: bo[name] for name in ("hand", "audio", "status", "away")} == {
        "hand": True,
        "audio": True,
        "status": "tea",
        "away": True,
    }


def test_private_messages_are_for_those_they_are_for() -> None:
    room = given_room(host="Ann", guests=["Bo", "Cy"])
    room = after(room, "Ann", Send(text="for all"))
    room = after(room, "Ann", Send(text="for Bo", to=["bo"]))

    assert texts(view(room, NOBODY_LIVE, ANN)) == texts(view(room, NOBODY_LIVE, BO)) == ["for all", "for Bo"]
    assert texts(view(room, NOBODY_LIVE, CY)) == texts(shared_view(room, NOBODY_LIVE)) == ["for all"]
    private = private_view(room, BO)
    assert private is not None
    assert [message["text"] for message in read(private)["messages"]] == ["for Bo"]
    assert private_view(room, CY) is None


def test_a_view_with_private_messages_is_else_the_shared_one() -> None:
    room = given_board(2)
    room = after(room, "Ann", Send(text="for Bo", to=["bo"]))

    mine, shared = read(view(room, NOBODY_LIVE, BO)), read(shared_view(room, NOBODY_LIVE))

    assert mine | {"chat": None} == shared | {"chat": None}


def test_a_board_that_is_too_large_is_a_link() -> None:
    room = given_board(elements=12, element_bytes=1000)
    link = {"href": "/api/v1/meetings/meeting/state?part=whiteboard", "seq": room.seq}

    with patch.object(limits, "SNAPSHOT_BYTES", ENVELOPE_BYTES + 10_000):
        shown = read(shared_view(room, NOBODY_LIVE))

    assert shown["whiteboard"] == link
    assert len(shown["participants"]) == 2
    board = b"".join(part_pieces(room, "whiteboard"))
    assert read(board) == read(whole_view(room, NOBODY_LIVE))["whiteboard"]
    assert len(read(board)["pages"]) == 3


def test_a_roster_that_is_too_long_is_a_link() -> None:
    room = given_room(host="Ann", guests=[f"Guest {number}" for number in range(60)])
    room = after(room, "Ann", Apply([Put("a", {})]))
    link = {"href": "/api/v1/meetings/meeting/state?part=participants", "seq": room.seq}

    with patch.object(limits, "SNAPSHOT_BYTES", ENVELOPE_BYTES + 5000):
        assert read(shared_view(room, NOBODY_LIVE))["participants"] == link
    with patch.object(limits, "ROSTER_MEMBERS", 60):
        shown = read(shared_view(room, NOBODY_LIVE))
    assert shown["participants"] == link
    assert shown["whiteboard"]["pages"] == {"1": [{"id": "a", "element": {}, "z": 0}]}
    roster = b"".join(part_pieces(room, "participants"))
    assert len(msgspec.json.decode(roster)) == 61


@pytest.mark.parametrize("elements", [0, 1, 3 * SLICE, 3 * SLICE + 1])
def test_a_large_board_comes_in_pieces(elements: int) -> None:
    board = given_board(elements, element_bytes=10)

    pieces = list(part_pieces(board, "whiteboard"))

    assert b"".join(pieces) == bytes(Views().board(board.whiteboard))
    assert max(len(piece) for piece in pieces) < SLICE * 60


def test_a_chat_page_has_the_newest_messages_that_fit() -> None:
    room = given_room(host="Ann")
    for number in range(5):
        room = after(room, "Ann", Send(text=f"{number}" * 1000))

    with patch.object(limits, "CHAT_PAGE_BYTES", 2500):
        shown = read(shared_view(room, NOBODY_LIVE))["chat"]

    assert [message["text"][0] for message in shown["messages"]] == ["3", "4"]
    assert shown["more"]


@pytest.mark.parametrize("character", ["x", "\N{GRINNING FACE}", '"', "\t"])
def test_the_largest_of_everything_fits_a_frame(character: str) -> None:
    guests = [character * limits.NAME_CHARS + str(number) for number in range(98)]
    room = given_room(host="Ann", guests=["Bo", *guests])
    for number in range(limits.CHAT_PAGE_MESSAGES):
        to = ["bo"] if number % 2 else None
        room = after(room, "Ann", Send(text=character * limits.CHAT_TEXT_CHARS, to=to))
    for number in range(40):
        room = after(room, "Ann", Apply([Put(str(number), {"x": character * 7000})]))

    assert len(view(room, NOBODY_LIVE, ANN)) <= limits.SNAPSHOT_BYTES - ENVELOPE_BYTES // 2
    assert len(whole_view(room, NOBODY_LIVE)) > limits.BOARD_ELEMENT_BYTES


def test_parts_are_made_anew_only_when_they_changed() -> None:
    views = Views()
    room = given_board(3)
    first = views.shared(room, NOBODY_LIVE)
    assert views.shared(room, NOBODY_LIVE) is first

    with patch("meetserver.whiteboard.state.shown", return_value=b"[]") as encode_page:
        said = views.shared(after(room, "Ann", Send(text="hello")), NOBODY_LIVE)
        assert encode_page.call_count == 0
        views.shared(after(room, "Ann", Apply([Put("e0", {})], "0")), NOBODY_LIVE)
        assert encode_page.call_count == 1
    assert read(said)["whiteboard"] == read(first)["whiteboard"]


def test_views_of_a_changing_room_are_those_of_each_moment() -> None:
    views = Views()
    room, live = given_room(host="Ann", guests=["Bo"]), LiveState()
    steps = [Send(text="hello"), Apply([Put("a", {})]), Send(text="psst", to=["bo"]), Set(hand=True)]
    for step in steps:
        room = after(room, "Ann", step)
        for away in (True, False):
            live, _ = set_away(live, BO, away)
            assert views.view(room, live, BO) == view(room, live, BO)
            assert views.shared(room, live) == shared_view(room, live)
