"""Chat on the wire."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from meetserver import limits
from meetserver.ids import ParticipantId
from meetserver.messages import Command, DurableCommand, Ephemeral, Event

Text = Annotated[str, Meta(min_length=1, max_length=limits.CHAT_TEXT_CHARS)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]


class Send(DurableCommand, frozen=True):
    """Say something to everybody, or to those in `to` alone. Exactly one of `text` and `ciphertext`."""

    type: ClassVar[str] = "chat.send"
    text: Text | None = None
    ciphertext: Annotated[str, Meta(min_length=1, max_length=limits.CIPHERTEXT_CHARS)] | None = None
    key_id: Id | None = None
    to: Annotated[list[Id], Meta(min_length=1, max_length=limits.CHAT_ADDRESSEES)] | None = None
    reply_to: Id | None = None
    files: Annotated[list[Id], Meta(max_length=limits.CHAT_FILES)] | None = None


class Typing(Command, frozen=True):
    """The sender is writing, or stopped."""

    type: ClassVar[str] = "chat.typing"
    on: bool


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
    files: list[str] | None = None

    def addressees(self) -> frozenset[ParticipantId] | None:
        return None if self.to is None else frozenset(ParticipantId(p) for p in self.to)

    def receipt(self) -> dict[str, str]:
        return {"message_id": self.message_id}


class TypingTold(Ephemeral, frozen=True):
    type: ClassVar[str] = "chat.typing"
    on: bool

    def coalesce(self) -> str | None:
        return "typing"


class Message(Struct, frozen=True, omit_defaults=True):
    """A message as a snapshot and `GET …/messages` show it."""

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
    files: list[str] | None = None
