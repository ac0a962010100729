"""Private messages to signed-in people who have left: kept for them, and for whoever they are when they come back."""

from unittest.mock import patch

import msgspec
import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat.messages import Edit, Edited, Send, Sent
from meetserver.ids import UserId
from meetserver.rooms.live import LiveState
from meetserver.rooms.messages import Erase, Leave, LeaveReason
from meetserver.rooms.snapshot import view
from meetserver.rooms.state import RoomState
from tests.builders import after, assert_refused, given_room, granted, join, participant_id


def come(room: RoomState, name: str, user: str) -> RoomState:
    return after(room, name, replace(join(name), user=UserId(user)))


def leave(room: RoomState, name: str, reason: LeaveReason = "bye") -> RoomState:
    return after(room, name, Leave(participant_id(name), reason))


def chat_of(room: RoomState, name: str) -> dict[str, object]:
    shown: dict[str, object] = msgspec.json.decode(view(room, LiveState(), participant_id(name)))["chat"]
    return shown


def texts(room: RoomState, name: str) -> list[str]:
    return [message["text"] for message in chat_of(room, name)["messages"]]  # type: ignore[attr-defined]


@pytest.fixture
def room() -> RoomState:
    """Ann hosts, Bo is a guest; Di, signed in, was here and has left."""
    return leave(come(given_room(host="Ann", guests=["Bo"]), "Di", "dis-account"), "Di")


def test_it_is_there_when_they_come_back_as_somebody_new(room: RoomState) -> None:
    room = after(room, "Ann", Send(text="call me", to=["di"]))
    room = come(room, "Di2", "dis-account")
    assert texts(room, "Di2") == texts(room, "Ann") == ["call me"]
    assert texts(room, "Bo") == []
    assert chat_of(room, "Di2")["people"] == {"di": {"name": "Di", "user": "dis-account"}}


def test_an_answer_to_who_they_were_reaches_who_they_are(room: RoomState) -> None:
    room = after(room, "Ann", Send(text="call me", to=["di"]))
    room = come(room, "Di2", "dis-account")
    [sent] = granted(room, "Ann", Send(text="are you back?", to=["di"]))
    assert isinstance(sent, Sent)
    assert sent.to == ["di", "di2"]
    [edited] = granted(room, "Ann", Edit(f"{room.seq - 1}-id-{room.seq - 1}", text="call me, please"))
    assert isinstance(edited, Edited)
    assert edited.to == ["di", "di2"]


def test_who_is_here_is_reached_as_who_is_meant_alone(room: RoomState) -> None:
    room = come(come(room, "Di2", "dis-account"), "Di3", "dis-account")
    [sent] = granted(room, "Ann", Send(text="psst", to=["di2"]))
    assert isinstance(sent, Sent)
    assert sent.to == ["di2"]


def test_nobody_writes_to_who_they_were(room: RoomState) -> None:
    room = come(room, "Di2", "dis-account")
    assert_refused(room, "Di2", Send(text="note", to=["di"]), "bad_message")


def test_guests_who_left_and_who_was_sent_out_cannot_be_written_to(room: RoomState) -> None:
    assert_refused(leave(room, "Bo"), "Ann", Send(text="psst", to=["bo"]), "not_found")
    sent_out = leave(come(room, "Di2", "dis-account"), "Di2", "removed")
    for who in ("di", "di2"):
        assert_refused(sent_out, "Ann", Send(text="psst", to=[who]), "not_found")


def test_a_conversation_stays_while_somebody_may_come_back_to_it(room: RoomState) -> None:
    room = after(room, "Bo", Send(text="psst", to=["di"]))
    room = leave(room, "Bo")
    assert texts(come(room, "Di2", "dis-account"), "Di2") == ["psst"]
    lost = leave(come(room, "Di2", "dis-account"), "Di2", "removed")
    assert lost.chat.private_count == len(lost.chat.private) == 0


def test_who_left_first_is_forgotten_first(room: RoomState) -> None:
    with patch.object(limits, "CHAT_GONE_PEOPLE", 2):
        for name in ("Ed", "Flo"):
            room = leave(come(room, name, f"{name}s-account"), name)
    assert [*map(str, sorted(room.chat.gone))] == ["ed", "flo"]


def test_one_account_does_not_push_out_others(room: RoomState) -> None:
    with patch.object(limits, "CHAT_GONE_OF_ONE", 2):
        for name in ("Ed1", "Ed2", "Ed3"):
            room = leave(come(room, name, "eds-account"), name)
    assert sorted(room.chat.gone) == ["di", "ed2", "ed3"]


def test_whoever_is_erased_cannot_be_written_to(room: RoomState) -> None:
    room = after(room, "server", Erase((participant_id("Di"),)))
    assert not room.chat.gone
    assert_refused(room, "Ann", Send(text="psst", to=["di"]), "not_found")


def test_mentions_are_of_people_who_can_be_known(room: RoomState) -> None:
    [sent] = granted(room, "Ann", Send(text="@Bo @Di", mentions=["bo", "di", "bo"]))
    assert isinstance(sent, Sent)
    assert sent.mentions == ["bo", "di"]
    assert_refused(room, "Ann", Send(text="@Nobody", mentions=["nobody"]), "not_found")
