"""What is said about messages: edits, deletions, reactions and pins; who may, and what becomes of the message."""

from unittest.mock import patch

import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat.messages import (
    Delete,
    Deleted,
    Edit,
    Edited,
    Message,
    Pin,
    Pinned,
    React,
    Reacted,
    Send,
    Unpinned,
    message_id,
    seq_of,
)
from meetserver.chat.state import find
from meetserver.ids import ParticipantId, UserId
from meetserver.rooms.messages import Leave
from meetserver.rooms.reducer import decide
from meetserver.rooms.state import RoomState
from meetserver.wire import timestamp
from tests.builders import (
    after,
    assert_refused,
    at_seq,
    context,
    given_room,
    granted,
    join,
    participant_id,
    with_settings,
)

UP, HEART = "\N{THUMBS UP SIGN}", "\N{HEAVY BLACK HEART}\N{VARIATION SELECTOR-16}"


@pytest.fixture
def room() -> RoomState:
    """Ann said something to all, which is message 5."""
    return after(given_room(host="Ann", guests=["Bo", "Cy"]), "Ann", Send(text="hi"))


HI = "5-id-5"


def message(room: RoomState, id_: str = HI) -> Message:
    seq = seq_of(id_)
    assert seq is not None
    found = find(room.chat, seq)
    assert found is not None
    return found


def test_an_id_says_where_the_message_is() -> None:
    assert seq_of(message_id(118, "k3f9x2abcdef")) == 118
    for odd in ("", "5", "-k", "0-k", "5-", "5-k k", "x-5", "5-\N{ARABIC-INDIC DIGIT ONE}", "9" * 17 + "-k"):
        assert seq_of(odd) is None, odd


# --- edits


def test_its_author_edits_a_message(room: RoomState) -> None:
    assert granted(room, "Ann", Edit(HI, text="hello")) == [Edited(HI, "hello")]
    edited = message(after(room, "Ann", Edit(HI, text="hello")))
    assert (edited.text, edited.edited_at, edited.seq) == ("hello", timestamp(at_seq(6)), 5)


def test_an_edit_may_be_encrypted(room: RoomState) -> None:
    edited = message(after(room, "Ann", Edit(HI, ciphertext="AAAA", key_id="k")))
    assert (edited.text, edited.ciphertext, edited.key_id) == (None, "AAAA", "k")


def test_nobody_else_does_not_even_a_host(room: RoomState) -> None:
    room = after(room, "Bo", Send(text="mine"))
    assert_refused(room, "Bo", Edit(HI, text="hello"), "forbidden")
    assert_refused(room, "Ann", Edit("6-id-6", text="hello"), "forbidden")


def test_what_says_the_same_changes_nothing(room: RoomState) -> None:
    assert granted(room, "Ann", Edit(HI, text="hi")) == []


@pytest.mark.parametrize(
    "bad", [Edit(HI), Edit(HI, text="nul \0"), Edit(HI, ciphertext="AAAA"), Edit(HI, "a", "b", "k")]
)
def test_an_edit_says_something_that_can_be_kept(room: RoomState, bad: Edit) -> None:
    assert_refused(room, "Ann", bad, "bad_message")


@pytest.mark.parametrize("id_", ["5-other", "4-id-4", "99-id-99", "nonsense"])
def test_what_is_no_message_is_not_found(room: RoomState, id_: str) -> None:
    for command in (Edit(id_, text="x"), Delete(id_), React(id_, UP), Pin(id_)):
        assert_refused(room, "Ann", command, "not_found")


def test_a_message_out_of_sight_is_what_the_log_said(room: RoomState) -> None:
    old = replace(message(room), message_id="2-id-2", seq=2)
    ctx = replace(context(room, "Ann"), found=old)
    assert decide(room, Edit("2-id-2", text="late"), ctx) == [Edited("2-id-2", "late")]
    assert decide(room, Edit("3-id-3", text="late"), ctx) != [Edited("3-id-3", "late")]


# --- deletions


def test_a_deleted_message_is_empty(room: RoomState) -> None:
    room = after(room, "Bo", React(HI, UP))
    room = after(room, "Ann", Edit(HI, text="hello"))
    assert granted(room, "Ann", Delete(HI)) == [Deleted(HI)]
    gone = message(after(room, "Ann", Delete(HI)))
    assert (gone.text, gone.reactions, gone.edited_at, gone.name) == ("", (), None, "Ann")
    assert gone.deleted_at == timestamp(at_seq(8))


def test_hosts_and_cohosts_delete_anybodys_others_their_own(room: RoomState) -> None:
    room = after(room, "Bo", Send(text="mine"))
    assert granted(room, "Ann", Delete("6-id-6")) == granted(room, "Bo", Delete("6-id-6")) == [Deleted("6-id-6")]
    assert_refused(room, "Cy", Delete("6-id-6"), "forbidden")


def test_deleted_is_for_good(room: RoomState) -> None:
    room = after(room, "Ann", Delete(HI))
    assert granted(room, "Ann", Delete(HI)) == []
    for command in (Edit(HI, text="back"), React(HI, UP), Pin(HI)):
        assert_refused(room, "Ann", command, "not_found")


# --- reactions


def test_each_person_has_each_emoji_once(room: RoomState) -> None:
    assert granted(room, "Bo", React(HI, UP)) == [Reacted(HI, UP, True, participant_id("Bo"))]
    room = after(room, "Bo", React(HI, UP))
    assert granted(room, "Bo", React(HI, UP)) == []
    room = after(after(room, "Cy", React(HI, UP)), "Bo", React(HI, HEART))
    assert [(one.emoji, one.by) for one in message(room).reactions] == [(HEART, ("bo",)), (UP, ("bo", "cy"))]
    room = after(after(room, "Bo", React(HI, UP, on=False)), "Bo", React(HI, HEART, on=False))
    assert [(one.emoji, one.by) for one in message(room).reactions] == [(UP, ("cy",))]
    assert granted(room, "Bo", React(HI, UP, on=False)) == []


def test_who_came_back_takes_away_what_they_had_put(room: RoomState) -> None:
    room = after(room, "Di", replace(join("Di"), user=UserId("dis-account")))
    room = after(room, "Di", React(HI, UP))
    room = after(room, "Di", Leave(participant_id("Di"), "bye"))
    room = after(room, "Di2", replace(join("Di2"), user=UserId("dis-account")))
    assert granted(room, "Di2", React(HI, UP)) == []
    assert message(after(room, "Di2", React(HI, UP, on=False))).reactions == ()


KEYCAP = "1\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP}"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
UNSEEN = ["\n", "\0", "\N{RIGHT-TO-LEFT OVERRIDE}x", "\N{ZERO WIDTH JOINER}", "\ud83d"]


@pytest.mark.parametrize("emoji", [UP, HEART, KEYCAP, FAMILY])
def test_emoji_are_taken(room: RoomState, emoji: str) -> None:
    assert granted(room, "Bo", React(HI, emoji))


@pytest.mark.parametrize("text", ["lol", "a b", *UNSEEN])
def test_words_and_what_cannot_be_seen_are_not(room: RoomState, text: str) -> None:
    assert_refused(room, "Bo", React(HI, text), "bad_message")


def test_a_message_has_a_bounded_number_of_emoji_and_reactions(room: RoomState) -> None:
    with patch.multiple(limits, CHAT_REACTION_KINDS=2, CHAT_REACTIONS=3):
        room = after(after(room, "Bo", React(HI, UP)), "Bo", React(HI, HEART))
        assert_refused(room, "Cy", React(HI, "\N{SNOWMAN}"), "conflict")
        room = after(room, "Cy", React(HI, UP))
        assert_refused(room, "Cy", React(HI, HEART), "conflict")
        assert granted(room, "Cy", React(HI, UP, on=False))


def test_what_was_changed_too_often_only_loses(room: RoomState) -> None:
    with patch.object(limits, "CHAT_CHANGES", 2):
        room = after(after(room, "Bo", React(HI, UP)), "Ann", Edit(HI, text="2"))
        for command in (Edit(HI, text="3"), React(HI, HEART), Pin(HI)):
            assert_refused(room, "Ann", command, "conflict")
        room = after(room, "Bo", React(HI, UP, on=False))
        assert granted(room, "Ann", Delete(HI))


# --- pins


def test_a_pinned_message_stays_and_changes_with_it(room: RoomState) -> None:
    [pinned] = granted(room, "Ann", Pin(HI))
    assert pinned == Pinned(HI, message(room))
    room = after(room, "Ann", Pin(HI))
    assert granted(room, "Ann", Pin(HI)) == []
    with patch.object(limits, "CHAT_PAGE_MESSAGES", 1):
        room = after(room, "Bo", Send(text="another"))
    room = after(room, "Ann", Edit(HI, text="hello"))
    assert [one.text for one in room.chat.pinned] == ["hello"]
    assert granted(room, "Ann", Pin(HI, on=False)) == [Unpinned(HI)]
    assert after(room, "Ann", Pin(HI, on=False)).chat.pinned == ()
    assert after(room, "Ann", Delete(HI)).chat.pinned == ()


def test_only_hosts_and_cohosts_pin_and_nothing_private(room: RoomState) -> None:
    assert_refused(room, "Bo", Pin(HI), "forbidden")
    room = after(room, "Ann", Send(text="psst", to=["bo"]))
    assert_refused(room, "Ann", Pin("6-id-6"), "forbidden")


def test_pins_are_bounded(room: RoomState) -> None:
    with patch.object(limits, "CHAT_PINNED", 1):
        room = after(after(room, "Bo", Send(text="another")), "Ann", Pin(HI))
        assert_refused(room, "Ann", Pin("6-id-6"), "conflict")
        assert granted(after(room, "Ann", Pin(HI, on=False)), "Ann", Pin("6-id-6"))


# --- private messages


def test_what_is_said_about_a_private_message_is_for_its_people(room: RoomState) -> None:
    room = after(room, "Bo", Send(text="psst", to=["cy"]))
    psst = "6-id-6"
    assert granted(room, "Cy", React(psst, UP)) == [Reacted(psst, UP, True, participant_id("Cy"), ["bo"])]
    assert granted(room, "Bo", Edit(psst, text="hush")) == [Edited(psst, "hush", to=["cy"])]
    assert granted(room, "Bo", Delete(psst)) == [Deleted(psst, ["cy"])]
    for command in (Edit(psst, text="x"), Delete(psst), React(psst, UP), Pin(psst)):
        assert_refused(room, "Ann", command, "not_found")
    assert message(after(room, "Cy", React(psst, UP)), psst).reactions[0].by == (ParticipantId("cy"),)


def test_there_is_no_editing_where_private_messages_are_turned_off(room: RoomState) -> None:
    room = with_settings(after(room, "Bo", Send(text="psst", to=["cy"])), chat_private=False)
    assert_refused(room, "Bo", Edit("6-id-6", text="hush"), "forbidden")
    assert granted(room, "Bo", Delete("6-id-6"))


# --- where chat is off, or for reading


def test_where_chat_is_off_messages_can_only_be_deleted(room: RoomState) -> None:
    room = with_settings(room, chat=False)
    for command in (Edit(HI, text="x"), React(HI, UP), Pin(HI)):
        assert_refused(room, "Ann", command, "forbidden")
    assert granted(room, "Ann", Delete(HI))


def test_where_only_hosts_write_others_react_and_delete(room: RoomState) -> None:
    room = with_settings(after(room, "Bo", Send(text="mine")), chat_mode="hosts")
    assert_refused(room, "Bo", Send(text="more"), "forbidden")
    assert_refused(room, "Bo", Edit("6-id-6", text="x"), "forbidden")
    assert granted(room, "Bo", React(HI, UP))
    assert granted(room, "Bo", Delete("6-id-6"))
    assert granted(room, "Ann", Send(text="hosts may"))
