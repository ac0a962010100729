"""Chat on the wire.

A message's id says where in the log it is, so that what is said about it later finds it however long ago it was. To
clients it is opaque.
"""

import re
from typing import Annotated, ClassVar, Final

from msgspec import Meta, Struct

from meetserver import limits
from meetserver.ids import ParticipantId
from meetserver.messages import Command, DurableCommand, Ephemeral, Event

Text = Annotated[str, Meta(min_length=1, max_length=limits.CHAT_TEXT_CHARS)]
Cipher = Annotated[str, Meta(min_length=1, max_length=limits.CIPHERTEXT_CHARS)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Emoji = Annotated[str, Meta(min_length=1, max_length=limits.CHAT_EMOJI_CHARS)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]

_MESSAGE_ID: Final = re.compile("([1-9][0-9]{0,15})-[A-Za-z0-9_-]{1,16}", re.ASCII)


def message_id(seq: int, chance: str) -> str:
    """Of the message that stands at this seq; `chance` keeps an id that was never answered from being another's."""
    return f"{seq}-{chance[:8]}"


def seq_of(id_: str) -> int | None:
    """Where in the log this message is; None: no message is called that."""
    found = _MESSAGE_ID.fullmatch(id_)
    return None if found is None else int(found[1])


class Send(DurableCommand, frozen=True):
    """Say something to everybody, or to those in `to` alone: people here, or signed-in ones who have left. Exactly one
    of `text` and `ciphertext`; with `files`, which the sender has brought to this meeting, also neither."""

    type: ClassVar[str] = "chat.send"
    text: Text | None = None
    ciphertext: Cipher | None = None
    key_id: Id | None = None
    to: Annotated[list[Id], Meta(min_length=1, max_length=limits.CHAT_ADDRESSEES)] | None = None
    reply_to: Id | None = None
    files: Annotated[list[Id], Meta(max_length=limits.CHAT_FILES)] | None = None
    mentions: Annotated[list[Id], Meta(max_length=limits.CHAT_MENTIONS)] | None = None


class Edit(DurableCommand, frozen=True):
    """Put something else in the place of a message of one's own. Exactly one of `text` and `ciphertext`."""

    type: ClassVar[str] = "chat.edit"
    message_id: Id
    text: Text | None = None
    ciphertext: Cipher | None = None
    key_id: Id | None = None


class Delete(DurableCommand, frozen=True):
    """Empty a message for good: its author may, and a host or cohost any that they can see."""

    type: ClassVar[str] = "chat.delete"
    message_id: Id


class React(DurableCommand, frozen=True):
    """Put an emoji to a message, or take one's own away."""

    type: ClassVar[str] = "chat.react"
    message_id: Id
    emoji: Emoji
    on: bool = True


class Pin(DurableCommand, frozen=True):
    """Keep a message that all may see in everybody's sight, or do not any more (host, cohost)."""

    type: ClassVar[str] = "chat.pin"
    message_id: Id
    on: bool = True


class Mark(Command, frozen=True):
    """Up to where the sender's client has got, and the sender has read. What is less than before changes nothing; not
    to send `read` is a client's choice. `seen`: up to where nothing is unread to the sender, which nobody else is
    told."""

    type: ClassVar[str] = "chat.mark"
    delivered: Seq | None = None
    read: Seq | None = None
    seen: Seq | None = None


class Typing(Command, frozen=True):
    """The sender is writing, or stopped."""

    type: ClassVar[str] = "chat.typing"
    on: bool


class Attachment(Struct, frozen=True, omit_defaults=True):
    """A file of a message, to be had at `/files/{id}`; an image has its pixels, and thumbnails. In an end-to-end
    encrypted chat these say nothing of what it really is."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    width: int | None = None
    height: int | None = None


class Sent(Event, frozen=True):
    """Somebody said something. `name` is the author's at that time: authors leave, messages stay."""

    type: ClassVar[str] = "chat.sent"
    message_id: str
    name: str
    text: str | None = None
    ciphertext: str | None = None
    key_id: str | None = None
    to: list[str] | None = None
    reply_to: str | None = None
    files: list[Attachment] | None = None
    mentions: list[str] | None = None

    def addressees(self) -> frozenset[ParticipantId] | None:
        return _these(self.to)

    def receipt(self) -> dict[str, str]:
        return {"message_id": self.message_id}


class Told(Event, frozen=True):
    """Something about a message. `to`: its people, where it is a private one."""

    message_id: str

    def subject(self) -> int | None:
        return seq_of(self.message_id)


class Edited(Told, frozen=True):
    """It says this from now on."""

    type: ClassVar[str] = "chat.edited"
    text: str | None = None
    ciphertext: str | None = None
    key_id: str | None = None
    to: list[str] | None = None

    def addressees(self) -> frozenset[ParticipantId] | None:
        return _these(self.to)


class Deleted(Told, frozen=True):
    """It is empty from now on, here and in the log: text, files, mentions and reactions are gone."""

    type: ClassVar[str] = "chat.deleted"
    to: list[str] | None = None

    def addressees(self) -> frozenset[ParticipantId] | None:
        return _these(self.to)


class Reacted(Told, frozen=True):
    """`participant`'s emoji is there, or is not any more."""

    type: ClassVar[str] = "chat.reacted"
    emoji: str
    on: bool
    participant: ParticipantId
    to: list[str] | None = None

    def addressees(self) -> frozenset[ParticipantId] | None:
        return _these(self.to)


class Unpinned(Told, frozen=True):
    type: ClassVar[str] = "chat.unpinned"


def _these(to: list[str] | None) -> frozenset[ParticipantId] | None:
    return None if to is None else frozenset(ParticipantId(p) for p in to)


class TypingTold(Ephemeral, frozen=True):
    type: ClassVar[str] = "chat.typing"
    on: bool

    def coalesce(self) -> str | None:
        return "typing"


class Watermark(Struct, frozen=True):
    """How far in the log somebody's client has got, and they have read."""

    delivered: int
    read: int


class Marked(Ephemeral, frozen=True):
    """Up to where a participant's client has got, and they have read."""

    type: ClassVar[str] = "chat.marked"
    participant: ParticipantId
    delivered: int
    read: int


class Reaction(Struct, frozen=True):
    """An emoji, and whose it is."""

    emoji: str
    by: tuple[ParticipantId, ...]


class Message(Struct, frozen=True, omit_defaults=True):
    """A message as a snapshot and `GET …/messages` show it: as it was sent, and what became of it since. A deleted one
    is empty and has `deleted_at`; `changes`: how often it was edited, pinned, or got or lost an emoji."""

    message_id: str
    seq: int
    at: str
    by: ParticipantId
    name: str
    text: str | None = None
    ciphertext: str | None = None
    key_id: str | None = None
    to: list[str] | None = None
    reply_to: str | None = None
    files: list[Attachment] | None = None
    mentions: list[str] | None = None
    reactions: tuple[Reaction, ...] = ()
    edited_at: str | None = None
    deleted_at: str | None = None
    changes: int = 0


class Pinned(Told, frozen=True):
    """The message as it is then, for it may be long out of sight."""

    type: ClassVar[str] = "chat.pinned"
    message: Message
