"""What is left of a room whose past is not kept: nothing that was said, and all that is."""

from unittest.mock import patch

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat.messages import Edit, Pin, React, Send
from meetserver.ids import UserId
from meetserver.messages import Command
from meetserver.rooms.expiry import base_of, remnant
from meetserver.rooms.live import LiveState
from meetserver.rooms.messages import Ban, End, Expire, Expired, Leave
from meetserver.rooms.recall import wanted
from meetserver.rooms.reducer import fold
from meetserver.rooms.snapshot import decode_snapshot, encode_snapshot, view
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import Apply, Put, Save
from tests.builders import after, assert_refused, entry_after, given_room, granted, join, participant_id
from tests.unit.rooms.test_fold import NAMES, live_through, names, stories, wishes

SERVER = "server"


@pytest.fixture
def room() -> RoomState:
    """Its seq is 6: the first message is 5, the second 6."""
    room = given_room(host="Ann", guests=["Bo", "Cy"])
    return after(after(room, "Bo", Send(text="old")), "Cy", Send(text="new"))


def said(room: RoomState) -> list[str | None]:
    return [message.text for message in room.chat.shared.messages]


def told_id(room: RoomState, seq: int) -> str:
    return next(one.message_id for one in room.chat.shared.messages if one.seq == seq)


def test_older_messages_go(room: RoomState) -> None:
    assert said(room) == ["old", "new"]
    room = after(room, SERVER, Expire(5))
    assert (said(room), room.expired) == (["new"], 5)
    assert said(after(room, SERVER, Expire(6))) == []


def test_it_is_told_once(room: RoomState) -> None:
    assert granted(room, SERVER, Expire(5)) == [Expired(5)]
    room = after(room, SERVER, Expire(5))
    assert granted(room, SERVER, Expire(5)) == granted(room, SERVER, Expire(4)) == []
    assert_refused(room, SERVER, Expire(8), "bad_message")


def test_also_after_the_end(room: RoomState) -> None:
    assert granted(after(room, "Ann", End()), SERVER, Expire(6)) == [Expired(6)]


def test_a_pin_goes_with_its_message(room: RoomState) -> None:
    for seq in (5, 6):
        room = after(room, "Ann", Pin(told_id(room, seq)))
    assert [message.seq for message in after(room, SERVER, Expire(5)).chat.pinned] == [6]


def test_private_messages_go_and_whom_one_can_write_to_stays(room: RoomState) -> None:
    room = after(room, "Di", replace(join("Di"), user=UserId("dis-account")))
    for text in ("psst", "and"):
        room = after(room, "Bo", Send(text=text, to=["di"]))
    room = after(room, "Di", Leave(participant_id("Di"), "bye"))
    (conversation,) = after(room, SERVER, Expire(8)).chat.private.values()
    assert [message.text for message in conversation.messages] == ["and"]
    room = after(room, SERVER, Expire(room.seq))
    assert (len(room.chat.private), room.chat.private_count) == (0, 0)
    assert granted(room, "Bo", Send(text="there?", to=["di"]))


def test_there_is_no_more_to_ask_for_when_all_that_was_dropped_has_gone(room: RoomState) -> None:
    with patch.object(limits, "CHAT_PAGE_MESSAGES", 1):
        room = after(after(room, "Bo", Send(text="newer")), "Bo", Send(text="newest"))

    def has_more(room: RoomState) -> bool:
        return bool(msgspec.json.decode(view(room, LiveState(), participant_id("Ann")))["chat"]["more"])

    assert has_more(after(room, SERVER, Expire(5)))
    assert not has_more(after(room, SERVER, Expire(6)))


def test_nothing_is_said_about_what_has_gone(room: RoomState) -> None:
    old, new = told_id(room, 5), told_id(room, 6)
    room = after(room, SERVER, Expire(5))
    for command in (Edit(old, "again"), React(old, "\N{SNOWMAN}"), Pin(old)):
        assert wanted(room, command) is None, "nor is it looked for in the log"
        assert_refused(room, "Ann", command, "not_found")
    assert granted(room, "Ann", React(new, "\N{SNOWMAN}"))


def test_the_board_and_its_versions_stay(room: RoomState) -> None:
    room = after(room, "Bo", Apply([Put("a", {"kind": "x"})]))
    room = after(room, "Bo", Save("first"))
    assert after(room, SERVER, Expire(room.seq)).whiteboard == room.whiteboard


def test_of_who_was_sent_out_the_log_keeps_no_name(room: RoomState) -> None:
    barred, *_ = granted(room, "Ann", Ban(participant_id("Bo")))[1:]
    left = remnant(entry_after(room, barred, SERVER))
    assert left is not None
    assert b"Bo" not in left.data
    assert b'"participant":"bo"' in left.data


def test_a_snapshot_says_so(room: RoomState) -> None:
    room = after(room, SERVER, Expire(5))
    assert decode_snapshot(encode_snapshot(room)) == room
    assert msgspec.json.decode(view(room, LiveState(), participant_id("Ann")))["room"]["expired_until"] == 5


several: st.SearchStrategy[list[tuple[str, Command]]] = st.lists(st.tuples(names, wishes), max_size=25)


@settings(deadline=None, max_examples=60)
@given(before=stories, later=several, at=st.integers(0, 60), gap=st.integers(0, 60))
def test_a_room_on_its_base_is_the_one_on_the_whole_log(
    before: list[tuple[str, Command]], later: list[tuple[str, Command]], at: int, gap: int
) -> None:
    """What was before the base expired any time after it; what was said later about what went is empty by now."""
    with patch.multiple(limits, CHAT_PAGE_MESSAGES=2, CHAT_PINNED=1, BOARD_ELEMENTS=3, BOARD_UNDO_STEPS=3):
        past = live_through(before)
        old = past.states[min(at, len(past.states) - 1)]
        story = [*before, *later[:gap], (SERVER, Expire(old.seq)), *later[gap:]]
        lived = live_through(story)
        now = lived.states[-1]

        rest = [entry for entry in lived.log if entry.seq > old.seq]
        thinned = [remnant(e) or e if e.subject is not None and e.subject <= old.seq else e for e in rest]
        base = decode_snapshot(encode_snapshot(base_of(old)))

        assert fold(base, thinned) == now
        for name in NAMES:
            seen = msgspec.json.decode(view(now, LiveState(), participant_id(name)))["chat"]
            assert all(message["seq"] > old.seq for message in [*seen["messages"], *seen["pinned"]])
