"""chat.send: what is said, to whom, and what is refused."""

import pytest

from meetserver.chat.messages import Message, Send, Sent
from meetserver.ids import ParticipantId
from tests.builders import after, assert_refused, given_room, granted, with_settings


def test_a_text_goes_to_everybody() -> None:
    room = given_room(host="Ann", guests=["Bo"])

    [sent] = granted(room, "Bo", Send(text="hello"))

    assert sent == Sent(message_id=f"{room.seq + 1}-id-{room.seq + 1}", name="Bo", text="hello")
    assert sent.addressees() is None
    assert sent.receipt() == {"message_id": f"{room.seq + 1}-id-{room.seq + 1}"}


def test_a_message_stands_in_the_room_as_it_was_sent() -> None:
    room = given_room(host="Ann")

    room = after(room, "Ann", Send(text=" <b>\tкод\n\N{GRINNING FACE} "))

    assert room.chat.shared.messages == (
        Message("3-id-3", 3, "2026-11-22T12:00:03.000Z", ParticipantId("ann"), "Ann", " <b>\tкод\n\N{GRINNING FACE} "),
    )


def test_a_ciphertext_goes_with_the_id_of_its_key() -> None:
    [sent] = granted(given_room(), "Ann", Send(ciphertext="c2VjcmV0", key_id="k1"))

    assert sent == Sent("3-id-3", "Ann", ciphertext="c2VjcmV0", key_id="k1")


def test_a_viewer_may_chat() -> None:
    assert granted(given_room(viewers=["Vi"]), "Vi", Send(text="a question"))


def test_a_reply_may_be_to_what_is_long_out_of_sight() -> None:
    [sent] = granted(given_room(), "Ann", Send(text="yes", reply_to="from-last-year"))

    assert isinstance(sent, Sent)
    assert sent.reply_to == "from-last-year"


@pytest.mark.parametrize(
    "command",
    [
        Send(),
        Send(text="both", ciphertext="AAAA", key_id="k1"),
        Send(ciphertext="AAAA"),
        Send(text="a key for nothing", key_id="k1"),
        Send(text="nul \0"),
        Send(text="escape \x1b[2J"),
        Send(text="return \r"),
        Send(text="half a pair \ud83d"),
        Send(ciphertext="nul \0", key_id="k1"),
        Send(ciphertext="AAAA", key_id="\0"),
        Send(text="fine", reply_to="\0"),
    ],
)
def test_what_is_no_message_is_refused(command: Send) -> None:
    assert_refused(given_room(), "Ann", command, "bad_message")


def test_chat_can_be_turned_off() -> None:
    assert_refused(with_settings(given_room(), chat=False), "Ann", Send(text="hello"), "forbidden")


def test_who_is_not_in_the_room_says_nothing() -> None:
    assert_refused(given_room(), "Stranger", Send(text="hello"), "not_found")


def test_an_ended_room_takes_no_message() -> None:
    assert_refused(given_room(ended=True), "Ann", Send(text="hello"), "room_ended")
