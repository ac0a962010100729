"""Private messages: to whom they go, who may see them, how long the room has them at hand."""

from unittest.mock import patch

import pytest

from meetserver import limits
from meetserver.chat.messages import Send, Sent
from meetserver.chat.state import ChatState, page_for, private_page, shared_page
from meetserver.ids import ParticipantId
from meetserver.rooms.messages import Leave
from meetserver.rooms.state import RoomState
from tests.builders import after, assert_refused, given_room, granted, participant_id


def say(room: RoomState, name: str, text: str, *to: str) -> RoomState:
    return after(room, name, Send(text=text, to=[participant_id(other) for other in to] or None))


def seen_by(room: RoomState, name: str) -> list[str | None]:
    return [message.text for message in page_for(room.chat, {participant_id(name)}).messages]


def leave(room: RoomState, name: str) -> RoomState:
    return after(room, name, Leave(participant_id(name), "bye"))


def count_kept(chat: ChatState) -> int:
    return sum(len(conversation.messages) for conversation in chat.private.values())


@pytest.fixture
def room() -> RoomState:
    return given_room(host="Ann", guests=["Bo", "Cy"])


def test_it_goes_to_its_addressees_each_named_once(room: RoomState) -> None:
    [sent] = granted(room, "Ann", Send(text="psst", to=["bo", "ann", "cy", "bo"]))

    assert isinstance(sent, Sent)
    assert sent.to == ["bo", "cy"]
    assert sent.addressees() == frozenset({ParticipantId("bo"), ParticipantId("cy")})


def test_to_oneself_alone_is_refused(room: RoomState) -> None:
    assert_refused(room, "Ann", Send(text="note", to=["ann", "ann"]), "bad_message")


def test_to_somebody_who_is_not_here_is_refused(room: RoomState) -> None:
    assert_refused(room, "Ann", Send(text="psst", to=["bo", "nobody"]), "not_found")
    assert_refused(leave(room, "Bo"), "Ann", Send(text="psst", to=["bo"]), "not_found")


def test_only_author_and_addressees_see_it_among_the_shared_ones(room: RoomState) -> None:
    room = say(room, "Ann", "one")
    room = say(room, "Ann", "two", "Bo")
    room = say(room, "Cy", "three")

    assert seen_by(room, "Ann") == seen_by(room, "Bo") == ["one", "two", "three"]
    assert seen_by(room, "Cy") == [m.text for m in shared_page(room.chat).messages] == ["one", "three"]
    assert [m.text for m in private_page(room.chat, {participant_id("Bo")}).messages] == ["two"]
    assert private_page(room.chat, {participant_id("Cy")}).messages == ()


def test_both_directions_are_one_conversation(room: RoomState) -> None:
    room = say(room, "Ann", "ping", "Bo")
    room = say(room, "Bo", "pong", "Ann")

    assert len(room.chat.private) == 1
    assert seen_by(room, "Ann") == ["ping", "pong"]


def test_a_conversation_stays_with_who_stays_and_goes_with_the_last(room: RoomState) -> None:
    room = say(room, "Ann", "psst", "Bo")

    room = leave(room, "Ann")
    assert seen_by(room, "Bo") == ["psst"]

    room = leave(room, "Bo")
    assert room.chat.private_count == count_kept(room.chat) == 0


def test_the_newest_shared_messages_are_kept_and_more_says_that_there_are_others(room: RoomState) -> None:
    for number in range(limits.CHAT_PAGE_MESSAGES):
        room = say(room, "Ann", str(number))
    assert not shared_page(room.chat).more

    room = say(room, "Ann", "newest")

    page = shared_page(room.chat)
    assert page.more
    assert [page.messages[0].text, page.messages[-1].text] == ["1", "newest"]
    assert len(page.messages) == limits.CHAT_PAGE_MESSAGES


def test_a_page_has_no_hole_where_older_messages_were_dropped(room: RoomState) -> None:
    with patch.object(limits, "CHAT_PAGE_MESSAGES", 2):
        room = say(room, "Ann", "early")
        for number in range(3):
            room = say(room, "Ann", f"private {number}", "Bo")

    assert seen_by(room, "Bo") == ["private 1", "private 2"]
    assert page_for(room.chat, {participant_id("Bo")}).more
    assert seen_by(room, "Cy") == ["early"]
    assert not page_for(room.chat, {participant_id("Cy")}).more


def test_who_floods_in_private_loses_their_own_messages_first(room: RoomState) -> None:
    with patch.object(limits, "CHAT_PRIVATE_MESSAGES", 4):
        room = say(room, "Bo", "quiet", "Cy")
        for number in range(9):
            room = say(room, "Ann", f"flood {number}", "Bo")

    assert room.chat.private_count == count_kept(room.chat) == 4
    assert seen_by(room, "Cy") == ["quiet"]
    assert seen_by(room, "Ann") == ["flood 6", "flood 7", "flood 8"]


def test_a_conversation_that_loses_its_only_message_is_gone(room: RoomState) -> None:
    with patch.object(limits, "CHAT_PRIVATE_MESSAGES", 1):
        room = say(room, "Bo", "first", "Cy")
        room = say(room, "Ann", "second", "Bo")

    assert room.chat.private_count == len(room.chat.private) == 1
    assert seen_by(room, "Bo") == ["second"]


def test_a_tenth_makes_way_at_once_the_oldest_of_the_longest(room: RoomState) -> None:
    with patch.object(limits, "CHAT_PRIVATE_MESSAGES", 20):
        for number in range(10):
            room = say(room, "Ann", f"to Bo {number}", "Bo")
            room = say(room, "Ann", f"to Cy {number}", "Cy")
        assert room.chat.private_count == 20

        room = say(room, "Bo", "one more", "Cy")

    assert room.chat.private_count == count_kept(room.chat) == 18
    assert [m.text for m in private_page(room.chat, {participant_id("Ann")}).messages][:2] == ["to Cy 1", "to Bo 2"]
