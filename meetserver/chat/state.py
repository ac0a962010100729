"""What a room knows of its chat: the newest shared messages and the newest private ones.

The log has them all; this is what a snapshot shows, so it is bounded.
"""

from typing import TypeAlias

from immutables import Map
from msgspec import Struct

from meetserver.chat.messages import Message
from meetserver.ids import ParticipantId

Members: TypeAlias = tuple[ParticipantId, ...]
"""Author and addressees of a private message, sorted: those that a conversation is between."""


class Conversation(Struct, frozen=True):
    """The newest messages, rising by seq; `dropped`: seq of the newest that is not among them any more, 0 for none."""

    messages: tuple[Message, ...] = ()
    dropped: int = 0


class ChatState(Struct, frozen=True):
    """`private_count` is the number of messages in all private conversations."""

    shared: Conversation = Conversation()
    private: Map[Members, Conversation] = Map()
    private_count: int = 0


class Page(Struct, frozen=True):
    """Messages without a gap between them; `more`: older ones are in the log."""

    messages: tuple[Message, ...]
    more: bool


def shared_page(chat: ChatState) -> Page:
    return Page(chat.shared.messages, chat.shared.dropped > 0)


def has_private(chat: ChatState, viewer: ParticipantId) -> bool:
    return any(viewer in members for members in chat.private)


def private_page(chat: ChatState, viewer: ParticipantId) -> Page:
    """The private messages that this participant wrote or got."""
    return _merged([c for members, c in chat.private.items() if viewer in members])


def page_for(chat: ChatState, viewer: ParticipantId) -> Page:
    """What this participant may see, shared and private, in one order."""
    return _merged([chat.shared, *(c for members, c in chat.private.items() if viewer in members)])


def _merged(conversations: list[Conversation]) -> Page:
    """Only what is after everything dropped: a page with a hole would hide that something is missing."""
    complete_after = max((c.dropped for c in conversations), default=0)
    messages = [m for c in conversations for m in c.messages if m.seq > complete_after]
    messages.sort(key=lambda message: message.seq)
    return Page(tuple(messages), complete_after > 0)
