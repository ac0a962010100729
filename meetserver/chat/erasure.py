"""What is left of messages, and of what was said about them: of somebody whose data is erased, that there was one, in
its place; of a message that was deleted the same, with its author."""

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from meetserver.chat.messages import Edited, Message, Pinned, Reacted, Sent
from meetserver.chat.revision import emptied, empty_now, without
from meetserver.chat.state import ChatState, Conversation
from meetserver.ids import ParticipantId
from meetserver.messages import Event

ERASED: Final = "erased"
"""Stands in the place of a name."""


def erase(chat: ChatState, gone: Container[ParticipantId]) -> ChatState:
    """Without what these participants said and showed."""
    private, left = chat.private.mutate(), chat.gone.mutate()
    for members, conversation in chat.private.items():
        private[members] = _erased(conversation, gone)
    for participant in chat.gone:
        if participant in gone:
            del left[participant]
    return replace(
        chat,
        shared=_erased(chat.shared, gone),
        private=private.finish(),
        gone=left.finish(),
        pinned=tuple(nameless(one, gone) for one in chat.pinned),
    )


def _erased(conversation: Conversation, gone: Container[ParticipantId]) -> Conversation:
    return replace(conversation, messages=tuple(nameless(one, gone) for one in conversation.messages))


def nameless(message: Message, gone: Container[ParticipantId]) -> Message:
    """What is left of it."""
    message = without(message, gone)
    return replace(emptied(message), name=ERASED) if message.by in gone else message


def without_deleted(chat: ChatState, deleted: Mapping[int, datetime]) -> ChatState:
    """An earlier chat as it may still be shown: without what messages of these seqs said, which were deleted then."""
    shown = tuple(_as_deleted(one, deleted) for one in chat.shared.messages)
    pinned = tuple(_as_deleted(one, deleted) for one in chat.pinned)
    return replace(chat, shared=replace(chat.shared, messages=shown), pinned=pinned)


def _as_deleted(message: Message, deleted: Mapping[int, datetime]) -> Message:
    at = deleted.get(message.seq)
    return message if at is None else empty_now(message, at)


def without_people(event: Event, by: ParticipantId, gone: Container[ParticipantId]) -> Event | None:
    """The event as it is to stand in the log; None: it says nothing about these participants."""
    match event:
        case Sent() if by in gone:
            return replace(emptied(event), name=ERASED)
        case Edited() if by in gone:
            return _empty_edit(event)
        case Reacted() if event.participant in gone:
            return _no_reaction(event)
        case Pinned():
            after = nameless(event.message, gone)
            return None if after is event.message else replace(event, message=after)
        case _:
            return None


def of_deleted(event: Event) -> Event | None:
    """An event about a message that was deleted, or the message's own; None: it says nothing."""
    match event:
        case Sent():
            return emptied(event)
        case Edited():
            return _empty_edit(event)
        case Reacted():
            return _no_reaction(event)
        case Pinned():
            return replace(event, message=replace(emptied(event.message), reactions=()))
        case _:
            return None


def _empty_edit(event: Edited) -> Edited:
    return replace(event, text="", ciphertext=None, key_id=None)


def _no_reaction(event: Reacted) -> Reacted:
    return replace(event, emoji="", on=False)
