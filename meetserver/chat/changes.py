"""What is said about messages: edits, deletions, reactions, pins. Who may, and what it changes."""

import unicodedata
from typing import Final, TypeAlias

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
    Unpinned,
    seq_of,
)
from meetserver.chat.people import Surroundings, reached, selves
from meetserver.chat.reducer import NO_PRIVATE, unfit
from meetserver.chat.revision import Change, revised
from meetserver.chat.state import ChatState, Conversation, find, index_of
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Context, Event, Meta

Wish: TypeAlias = Edit | Delete | React | Pin

NO_MESSAGE: Final = Refusal("not_found", "there is no such message")
WORN: Final = Refusal("conflict", "this message was changed as often as it can be")

_JOINERS: Final = frozenset({"\N{ZERO WIDTH JOINER}", *map(chr, range(0xE0020, 0xE0080))})
"""Characters of no width that emoji are made with."""

_UNSEEN: Final = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"})


def decide(chat: ChatState, command: Wish, ctx: Context, around: Surroundings) -> list[Event] | Refusal:
    message = _named(chat, command.message_id, ctx)
    if message is None:
        return NO_MESSAGE
    to = _audience(chat, message, ctx, around)
    match command:
        case Delete():
            return _delete(chat, message, to, ctx)
        case _ if message.deleted_at is not None:
            return Refusal("not_found", "this message was deleted")
        case Edit():
            return _edit(chat, message, command, to, ctx, around)
        case React():
            return _react(chat, message, command, to, ctx)
        case Pin():
            return _pin(chat, message, command)


def _named(chat: ChatState, id_: str, ctx: Context) -> Message | None:
    """The message, where the wisher may see it; from the log (`ctx.found`) where the room has it no more."""
    seq = seq_of(id_)
    message = None if seq is None else find(chat, seq) or ctx.found
    if not isinstance(message, Message) or message.message_id != id_:
        return None
    is_for = message.to is None or not selves(chat, ctx.by, ctx.user).isdisjoint({message.by, *message.to})
    return message if is_for else None


def _audience(chat: ChatState, message: Message, ctx: Context, around: Surroundings) -> list[str] | None:
    """Whom what is said about it goes to: the people of a private message, as who they are now."""
    if message.to is None:
        return None
    people = [message.by, *map(ParticipantId, message.to)]
    return [who for who in reached(chat, people, around.present) if who != ctx.by]


def _is_own(chat: ChatState, message: Message, ctx: Context) -> bool:
    return message.by in selves(chat, ctx.by, ctx.user)


def _edit(
    chat: ChatState, message: Message, command: Edit, to: list[str] | None, ctx: Context, around: Surroundings
) -> list[Event] | Refusal:
    if not _is_own(chat, message, ctx):
        return Refusal("forbidden", "only its author edits a message")
    if to is not None and not around.private:
        return NO_PRIVATE
    if (refusal := unfit(command)) is not None:
        return refusal
    body = command.text, command.ciphertext, command.key_id
    if body == (message.text, message.ciphertext, message.key_id):
        return []
    return WORN if message.changes >= limits.CHAT_CHANGES else [Edited(message.message_id, *body, to)]


def _delete(chat: ChatState, message: Message, to: list[str] | None, ctx: Context) -> list[Event] | Refusal:
    if ctx.role not in ("host", "cohost") and not _is_own(chat, message, ctx):
        return Refusal("forbidden", "only its author, a host or a cohost deletes a message")
    return [] if message.deleted_at is not None else [Deleted(message.message_id, to)]


def _react(
    chat: ChatState, message: Message, command: React, to: list[str] | None, ctx: Context
) -> list[Event] | Refusal:
    """Each person has each emoji once, also if they had left in between."""
    if not _is_emoji(command.emoji):
        return Refusal("bad_message", "this is no emoji")
    by_emoji = {reaction.emoji: reaction.by for reaction in message.reactions}
    own = selves(chat, ctx.by, ctx.user)
    mine = [who for who in by_emoji.get(command.emoji, ()) if who in own]
    if not command.on:
        return [Reacted(message.message_id, command.emoji, False, who, to) for who in mine]
    if mine:
        return []
    if command.emoji not in by_emoji and len(by_emoji) >= limits.CHAT_REACTION_KINDS:
        return Refusal("conflict", f"a message has at most {limits.CHAT_REACTION_KINDS} different emoji")
    if sum(map(len, by_emoji.values())) >= limits.CHAT_REACTIONS:
        return Refusal("conflict", "this message has as many reactions as it can hold")
    if message.changes >= limits.CHAT_CHANGES:
        return WORN
    return [Reacted(message.message_id, command.emoji, True, ctx.by, to)]


def _is_emoji(text: str) -> bool:
    """One sign, as far as can be told without tables of them: nothing unseen but what joins, and no word."""
    kinds = [unicodedata.category(char) for char in text if char not in _JOINERS]
    letters = sum(kind[0] in "LN" for kind in kinds)
    return bool(kinds) and letters <= 1 and _UNSEEN.isdisjoint(kinds)


def _pin(chat: ChatState, message: Message, command: Pin) -> list[Event] | Refusal:
    is_pinned = any(one.seq == message.seq for one in chat.pinned)
    if message.to is not None:
        return Refusal("forbidden", "a private message cannot be pinned")
    if command.on == is_pinned:
        return []
    if not command.on:
        return [Unpinned(message.message_id)]
    if len(chat.pinned) >= limits.CHAT_PINNED:
        return Refusal("conflict", f"a room has at most {limits.CHAT_PINNED} pinned messages: unpin one first")
    return WORN if message.changes >= limits.CHAT_CHANGES else [Pinned(message.message_id, message)]


def evolve(chat: ChatState, event: Change, meta: Meta) -> ChatState:
    """The message changes wherever the room has it."""
    seq = event.subject()
    if seq is None:
        return chat
    if isinstance(event, Pinned):
        chat = replace(chat, pinned=(*(one for one in chat.pinned if one.seq != seq), event.message))
    pinned = tuple(revised(one, event, meta) if one.seq == seq else one for one in chat.pinned)
    if isinstance(event, Deleted | Unpinned):
        pinned = tuple(one for one in pinned if one.seq != seq)
    chat = replace(chat, pinned=pinned)
    if (shared := _revised(chat.shared, seq, event, meta)) is not None:
        return replace(chat, shared=shared)
    for members, conversation in chat.private.items():
        if (private := _revised(conversation, seq, event, meta)) is not None:
            return replace(chat, private=chat.private.set(members, private))
    return chat


def _revised(conversation: Conversation, seq: int, event: Change, meta: Meta) -> Conversation | None:
    """None: the message is not in it."""
    if (at := index_of(conversation, seq)) is None:
        return None
    messages = conversation.messages
    return Conversation((*messages[:at], revised(messages[at], event, meta), *messages[at + 1 :]), conversation.dropped)
