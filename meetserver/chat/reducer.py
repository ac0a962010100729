"""Chat: who may say what to whom, and what a message changes. What is said about messages stands in changes.py."""

import re
from datetime import datetime, timedelta
from heapq import heapify, heappop, heapreplace
from math import ceil
from typing import Final

from immutables import Map
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat.messages import Attachment, Edit, Message, Send, Sent, Typing, TypingTold, message_id
from meetserver.chat.people import Surroundings, in_all_tabs, is_known, reached, selves
from meetserver.chat.revision import message_of
from meetserver.chat.state import ChatState, Conversation, Members
from meetserver.errors import Refusal
from meetserver.ids import FileId, ParticipantId
from meetserver.messages import Context, Event, Meta, Tell
from meetserver.ports import Brought, BroughtFiles

_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
"""Control characters but tab and newline, and halves of surrogate pairs: no database and no UTF-8 holds them all."""

NO_PRIVATE: Final = Refusal("forbidden", "private messages are turned off in this meeting")


def decide(chat: ChatState, command: Send, ctx: Context, around: Surroundings) -> list[Event] | Refusal:
    """Exactly one body, everybody named known. `reply_to` stays as it is: what it answers may be long out of sight."""
    if command.files and command.text is None and command.ciphertext is None:
        command = replace(command, text="")
    if (refusal := unfit(command, command.reply_to)) is not None:
        return refusal
    to = None if command.to is None else _addressees(chat, command.to, ctx, around)
    if isinstance(to, Refusal):
        return to
    mentions = list(dict.fromkeys(command.mentions or ()))
    if not all(is_known(chat, ParticipantId(one), around.present) for one in mentions):
        return Refusal("not_found", "somebody in `mentions` is not in this room")
    if (refusal := _too_soon(chat, ctx, around)) is not None:
        return refusal
    files = _attached(command, ctx)
    if isinstance(files, Refusal):
        return files
    sent = Sent(
        message_id(around.seq, ctx.id), ctx.name, command.text, command.ciphertext, command.key_id, to,
        command.reply_to, files or None, mentions or None,
    )  # fmt: skip
    return [sent]


def unfit(command: Send | Edit, *others: str | None) -> Refusal | None:
    """Why this says nothing that can be kept."""
    if (command.text is None) == (command.ciphertext is None):
        return Refusal("bad_message", "a message has either text or ciphertext")
    if (command.ciphertext is None) != (command.key_id is None):
        return Refusal("bad_message", "ciphertext and key_id go together")
    parts = (command.text, command.ciphertext, command.key_id, *others)
    if any(part is not None and _UNFIT.search(part) for part in parts):
        return Refusal("bad_message", "a message holds no control characters but tab and newline")
    return None


def _addressees(chat: ChatState, to: list[str], ctx: Context, around: Surroundings) -> list[str] | Refusal:
    """Each once, without the author, who sees it anyway; whoever left and is back, as who they are now too."""
    if not around.private:
        return NO_PRIVATE
    own = selves(chat, ctx.by, ctx.user)
    others = [one for name in to if (one := ParticipantId(name)) not in own]
    if not others:
        return Refusal("bad_message", "a private message needs somebody else to go to")
    if not all(is_known(chat, one, around.present) for one in others):
        return Refusal("not_found", "somebody in `to` is not in this room")
    return [*reached(chat, others, around.present)]


def _attached(command: Send, ctx: Context) -> list[Attachment] | Refusal:
    """Its files, each once, as they were found (`ctx.found`): those that the sender has brought to this meeting."""
    there = {one.id: one for one in ctx.found.files} if isinstance(ctx.found, BroughtFiles) else {}
    files = []
    for id_ in dict.fromkeys(command.files or ()):
        one = there.get(FileId(id_))
        if one is None:
            return Refusal("not_found", "one of the files is not in this meeting")
        if not one.may_be_sent_by(ctx.by, ctx.user):
            return _why_not(one, ctx)
        files.append(Attachment(one.id, one.name, one.media_type, one.size_bytes, one.width, one.height))
    return files


def _why_not(one: Brought, ctx: Context) -> Refusal:
    if one.uploader not in (ctx.by, ctx.user):
        return Refusal("forbidden", "only who brought a file sends it")
    if one.is_held:
        message = "one of the files was not looked at for viruses yet"
        return Refusal("unavailable", message, temporary=True, retry_after_s=ceil(limits.SCAN_HELD_S))
    return Refusal("conflict", f"a file is in at most {limits.FILE_MESSAGES} messages")


def _too_soon(chat: ChatState, ctx: Context, around: Surroundings) -> Refusal | None:
    """In slow mode everybody but hosts and cohosts waits between two messages."""
    if not around.slow_s or ctx.role in ("host", "cohost"):
        return None
    own = selves(chat, ctx.by, ctx.user) | in_all_tabs(ctx.by, ctx.user, around.present)
    last = max((chat.spoke[who] for who in own if who in chat.spoke), default=None)
    if last is None:
        return None
    wait_s = around.slow_s - (ctx.at - last).total_seconds()
    if wait_s <= 0:
        return None
    message = f"slow mode: one message every {around.slow_s} s"
    return Refusal("rate_limited", message, temporary=True, retry_after_s=ceil(wait_s))


def evolve(chat: ChatState, event: Sent, meta: Meta, around: Surroundings) -> ChatState:
    message = message_of(event, meta)
    if around.slow_s:
        chat = replace(chat, spoke=_spoken(chat.spoke, meta, around.slow_s))
    addressees = event.addressees()
    if addressees is None:
        return replace(chat, shared=_with(chat.shared, message))
    return _with_private(chat, tuple(sorted({meta.by, *addressees})), message)


def _spoken(spoke: Map[ParticipantId, datetime], meta: Meta, slow_s: int) -> Map[ParticipantId, datetime]:
    """Those who have waited long enough are forgotten when there are many; were there too many still, the first."""
    spoke = spoke.set(meta.by, meta.at)
    if len(spoke) <= limits.CHAT_SLOW_PEOPLE:
        return spoke
    since, most = meta.at - timedelta(seconds=slow_s), limits.CHAT_SLOW_PEOPLE - limits.CHAT_SLOW_PEOPLE // 10
    return Map(sorted((item for item in spoke.items() if item[1] > since), key=lambda item: item[1])[-most:])


def _with(conversation: Conversation, message: Message) -> Conversation:
    if len(conversation.messages) < limits.CHAT_PAGE_MESSAGES:
        return Conversation((*conversation.messages, message), conversation.dropped)
    oldest, *rest = conversation.messages
    return Conversation((*rest, message), oldest.seq)


def _with_private(chat: ChatState, members: Members, message: Message) -> ChatState:
    before = chat.private.get(members, Conversation())
    after = _with(before, message)
    count = chat.private_count + len(after.messages) - len(before.messages)
    return _bounded(replace(chat, private=chat.private.set(members, after), private_count=count))


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
    return replace(chat, private=private.finish(), private_count=count)


def all_left(chat: ChatState) -> ChatState:
    """The meeting is over: nobody comes back."""
    return ChatState(chat.shared, pinned=chat.pinned)


def react(command: Typing) -> list[Tell]:
    return [Tell(TypingTold(command.on))]
