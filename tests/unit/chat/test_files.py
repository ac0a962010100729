"""chat.send with files: whose may be sent, and what a message shows of them."""

import msgspec
import pytest
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat.messages import Attachment, Delete, Edit, Send, Sent
from meetserver.errors import Refusal
from meetserver.ids import FileId
from meetserver.messages import Event
from meetserver.ports import Brought, BroughtFiles
from meetserver.rooms.messages import Settings
from meetserver.rooms.reducer import decide, evolve
from meetserver.rooms.state import RoomState
from tests.builders import after, assert_refused, context, given_room, meta_after

PHOTO = Brought(FileId("f1"), "ann", "photo.png", "image/png", 2000, 40, 30, is_held=False)
NOTES = Brought(FileId("f2"), "ann", "notes.txt", "text/plain", 10, None, None, is_held=False)


def decided(room: RoomState, command: Send, *found: Brought, who: str = "Ann") -> list[Event] | Refusal:
    return decide(room, command, replace(context(room, who), found=BroughtFiles(found)))


def sends(room: RoomState, command: Send, *found: Brought) -> list[Event]:
    decision = decided(room, command, *found)
    assert not isinstance(decision, Refusal)
    return decision


def refused(room: RoomState, command: Send, *found: Brought, who: str = "Ann") -> str:
    decision = decided(room, command, *found, who=who)
    assert isinstance(decision, Refusal)
    return decision.code


def test_a_message_shows_its_files_in_their_order_each_once() -> None:
    [sent] = sends(given_room(), Send(text="see", files=["f2", "f1", "f2"]), PHOTO, NOTES)
    assert isinstance(sent, Sent)
    assert sent.files == [
        Attachment("f2", "notes.txt", "text/plain", 10),
        Attachment("f1", "photo.png", "image/png", 2000, 40, 30),
    ]


def test_a_file_needs_no_text() -> None:
    [sent] = sends(given_room(), Send(files=["f1"]), PHOTO)
    assert isinstance(sent, Sent)
    assert sent.text == ""
    assert refused(given_room(), Send(files=[])) == "bad_message"


@pytest.mark.parametrize(
    ("found", "who", "code"),
    [
        ((), "Ann", "not_found"),
        ((NOTES,), "Ann", "not_found"),
        ((PHOTO,), "Bo", "forbidden"),
        ((replace(PHOTO, is_held=True),), "Ann", "unavailable"),
        ((replace(PHOTO, is_worn=True),), "Ann", "conflict"),
    ],
)
def test_what_is_not_there_not_ones_own_or_not_to_be_had_is_refused(
    found: tuple[Brought, ...], who: str, code: str
) -> None:
    assert refused(given_room(guests=["Bo"]), Send(text="see", files=["f1"]), *found, who=who) == code


def test_nothing_is_sent_that_was_not_looked_up() -> None:
    assert_refused(given_room(), "Ann", Send(text="see", files=["f1"]), "not_found")


def test_an_edit_leaves_the_files_and_a_deletion_takes_them() -> None:
    room = given_room()
    [sent] = sends(room, Send(text="see", files=["f1"]), PHOTO)
    room = evolve(room, sent, meta_after(room, "Ann"))
    message = room.chat.shared.messages[-1]
    room = after(room, "Ann", Edit(message.message_id, text="look"))
    assert room.chat.shared.messages[-1].files == message.files
    room = after(room, "Ann", Delete(message.message_id))
    assert room.chat.shared.messages[-1].files is None


def test_an_encrypted_chat_takes_no_file_beside_its_ciphertext() -> None:
    room = given_room(settings=Settings(e2ee=True))
    assert refused(room, Send(text="see", files=["f1"]), PHOTO) == "forbidden"
    assert refused(room, Send(files=["f1"]), PHOTO) == "forbidden"


def test_a_message_has_a_bounded_number_of_files() -> None:
    send = msgspec.json.Decoder(Send)
    assert send.decode(msgspec.json.encode({"files": ["f"] * limits.CHAT_FILES})).files
    with pytest.raises(msgspec.ValidationError):
        send.decode(msgspec.json.encode({"files": ["f"] * (limits.CHAT_FILES + 1)}))
