"""Chat: who may say what to whom, and what a message changes."""

import re
from collections.abc import Container
from heapq import heapify, heappop, heapreplace
from typing import Final

from meetserver import limits
from meetserver.chat.messages import Message, Send, Sent, Typing, TypingTold
from meetserver.chat.state import ChatState, Conversation, Members
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Context, Event, Meta, Tell
from meetserver.wire import timestamp

_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
"""Control characters but tab and newline, and halves of surrogate pairs: no database and no UTF-8 holds them all."""


def decide(command: Send, ctx: Context) -> list[Event] | Refusal:
    """Exactly one body, every addressee here. `reply_to` stays as it is: what it answers may be long out of sight."""
    if (command.text is None) == (command.ciphertext is None):
        return Refusal("bad_message", "a message has either text or ciphertext")
    if (command.ciphertext is None) != (command.key_id is None):
        return Refusal("bad_message", "ciphertext and key_id go together")
    if command.files:
        return Refusal("not_supported", "this server does not take files yet")
    if any(part is not None and _UNFIT.search(part) for part in _strings(command)):
        return Refusal("bad_message", "a message holds no control characters but tab and newline")
    to = None if command.to is None else _addressees(command.to, ctx)
    if isinstance(to, Refusal):
        return to
    return [Sent(ctx.id, ctx.name, command.text, command.ciphertext, command.key_id, to, command.reply_to)]


def _strings(command: Send) -> tuple[str | None, ...]:
    return (command.text, command.ciphertext, command.key_id, command.reply_to)


def _addressees(to: list[str], ctx: Context) -> list[str] | Refusal:
    """Each once, without the author, who sees it anyway."""
    others = [p for p in dict.fromkeys(to) if p != ctx.by]
    if not others:
        return Refusal("bad_message", "a private message needs somebody else to go to")
    if any(ParticipantId(p) not in ctx.present for p in others):
        return Refusal("not_found", "somebody in `to` is not in this room")
    return others


def evolve(chat: ChatState, event: Sent, meta: Meta) -> ChatState:
    message = Message(
        event.message_id, meta.seq, timestamp(meta.at), meta.by, event.name, event.text, event.ciphertext,
        event.key_id, event.to, event.reply_to, event.files,
    )  # fmt: skip
    addressees = event.addressees()
    if addressees is None:
        return ChatState(_with(chat.shared, message), chat.private, chat.private_count)
    return _with_private(chat, tuple(sorted({meta.by, *addressees})), message)


def _with(conversation: Conversation, message: Message) -> Conversation:
    if len(conversation.messages) < limits.CHAT_PAGE_MESSAGES:
        return Conversation((*conversation.messages, message), conversation.dropped)
    oldest, *rest = conversation.messages
    return Conversation((*rest, message), oldest.seq)


def _with_private(chat: ChatState, members: Members, message: Message) -> ChatState:
    before = chat.private.get(members, Conversation())
    after = _with(before, message)
    count = chat.private_count + len(after.messages) - len(before.messages)
    private = chat.private.set(members, after)
    return _bounded(ChatState(chat.shared, private, count))


def _bounded(chat: ChatState) -> ChatState:
    """The longest conversations give way, so that whoever floods loses their own messages and nobody else's.

    A tenth goes at once: to look at every conversation for each message would be dear.
    """
    most = limits.CHAT_PRIVATE_MESSAGES
    if chat.private_count <= most:
        return chat
    private, count = chat.private.mutate(), chat.private_count
    longest_first = [(-len(c.messages), c.messages[0].seq, members) for members, c in chat.private.items()]
    heapify(longest_first)
    while count > most - most // 10:
        _, oldest_seq, members = longest_first[0]
        rest = private[members].messages[1:]
        count -= 1
        if rest:
            private[members] = Conversation(rest, oldest_seq)
            heapreplace(longest_first, (-len(rest), rest[0].seq, members))
        else:
            del private[members]
            heappop(longest_first)
    return ChatState(chat.shared, private.finish(), count)


def forget(chat: ChatState, participant: ParticipantId, present: Container[ParticipantId]) -> ChatState:
    """Drop the private conversations whose last member has left; `present` is who stays."""
    over = [m for m in chat.private if participant in m and not any(p in present for p in m)]
    if not over:
        return chat
    private, count = chat.private, chat.private_count
    for members in over:
        count -= len(private[members].messages)
        private = private.delete(members)
    return ChatState(chat.shared, private, count)


def forget_all(chat: ChatState) -> ChatState:
    """Everybody has left."""
    return ChatState(chat.shared)


def react(command: Typing) -> list[Tell]:
    return [Tell(TypingTold(command.on))]
