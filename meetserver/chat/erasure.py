"""What is left of the messages of somebody whose data is erased: that there was one, in its place."""

from collections.abc import Container
from typing import Final, TypeVar

from msgspec.structs import replace

from meetserver.chat.messages import Message, Sent
from meetserver.chat.state import ChatState, Conversation
from meetserver.ids import ParticipantId

ERASED: Final = "erased"
"""Stands in the place of a name."""

T = TypeVar("T", Sent, Message)


def emptied(message: T) -> T:
    return replace(message, name=ERASED, text="", ciphertext=None, key_id=None, files=None)


def erase(chat: ChatState, gone: Container[ParticipantId]) -> ChatState:
    """Without what these participants said."""
    private = chat.private.mutate()
    for members, conversation in chat.private.items():
        private[members] = _erased(conversation, gone)
    return replace(chat, shared=_erased(chat.shared, gone), private=private.finish())


def _erased(conversation: Conversation, gone: Container[ParticipantId]) -> Conversation:
    messages = tuple(emptied(one) if one.by in gone else one for one in conversation.messages)
    return replace(conversation, messages=messages)
