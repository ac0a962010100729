"""What a room knows of its chat: the newest shared messages, the newest private ones, those that are pinned.

The log has them all; this is what a snapshot shows, so it is bounded.
"""

from bisect import bisect_left
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import TypeAlias

from immutables import Map
from msgspec import Struct

from meetserver.chat.messages import Message
from meetserver.ids import ParticipantId, UserId

Members: TypeAlias = tuple[ParticipantId, ...]
"""Author and addressees of a private message, sorted: those that a conversation is between."""


class Conversation(Struct, frozen=True):
    """The newest messages, rising by seq; `dropped`: seq of the newest that is not among them any more, 0 for none."""

    messages: tuple[Message, ...] = ()
    dropped: int = 0


class Gone(Struct, frozen=True):
    """A signed-in participant who left, at this seq."""

    user: UserId
    name: str
    seq: int


class ChatState(Struct, frozen=True):
    """`private_count` is the number of messages in all private conversations. `gone` have left and can be written to.
    `spoke`: in slow mode, when each said something last."""

    shared: Conversation = Conversation()
    private: Map[Members, Conversation] = Map()
    private_count: int = 0
    pinned: tuple[Message, ...] = ()
    gone: Map[ParticipantId, Gone] = Map()
    spoke: Map[ParticipantId, datetime] = Map()


class Page(Struct, frozen=True):
    """Messages without a gap between them; `more`: older ones are in the log."""

    messages: tuple[Message, ...]
    more: bool


def index_of(conversation: Conversation, seq: int) -> int | None:
    """Where the message of this seq stands in it."""
    at = bisect_left(conversation.messages, seq, key=lambda message: message.seq)
    return at if at < len(conversation.messages) and conversation.messages[at].seq == seq else None


def find(chat: ChatState, seq: int) -> Message | None:
    """The message of this seq, if it is at hand."""
    conversations: list[Conversation] = [chat.shared, *chat.private.values()]
    for conversation in conversations:
        if (at := index_of(conversation, seq)) is not None:
            return conversation.messages[at]
    return next((message for message in chat.pinned if message.seq == seq), None)


def shared_page(chat: ChatState) -> Page:
    return Page(chat.shared.messages, chat.shared.dropped > 0)


def has_private(chat: ChatState, viewers: AbstractSet[ParticipantId]) -> bool:
    return any(not viewers.isdisjoint(members) for members in chat.private)


def private_page(chat: ChatState, viewers: AbstractSet[ParticipantId]) -> Page:
    """The private messages that this person, who is or was all of these, wrote or got."""
    return _merged(_private(chat, viewers))


def page_for(chat: ChatState, viewers: AbstractSet[ParticipantId]) -> Page:
    """What this person may see, shared and private, in one order."""
    return _merged([chat.shared, *_private(chat, viewers)])


def _private(chat: ChatState, viewers: AbstractSet[ParticipantId]) -> list[Conversation]:
    return [c for members, c in chat.private.items() if not viewers.isdisjoint(members)]


def _merged(conversations: list[Conversation]) -> Page:
    """Only what is after everything dropped: a page with a hole would hide that something is missing."""
    complete_after = max((c.dropped for c in conversations), default=0)
    messages = [m for c in conversations for m in c.messages if m.seq > complete_after]
    messages.sort(key=lambda message: message.seq)
    return Page(tuple(messages), complete_after > 0)
