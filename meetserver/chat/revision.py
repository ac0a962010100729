"""What a message is after something was said about it. The room, HTTP and whoever looks into the log use this alone, so
that they cannot differ.
"""

from collections.abc import Container
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

from msgspec.structs import replace

from meetserver.chat.messages import Deleted, Edited, Message, Pinned, Reacted, Reaction, Sent, Unpinned
from meetserver.ids import ParticipantId
from meetserver.messages import Meta
from meetserver.wire import timestamp

Change: TypeAlias = Edited | Deleted | Reacted | Pinned | Unpinned

CHANGES: Final = (Edited, Deleted, Reacted, Pinned, Unpinned)

T = TypeVar("T", Sent, Message)


def message_of(sent: Sent, meta: Meta) -> Message:
    return Message(
        sent.message_id, meta.seq, timestamp(meta.at), meta.by, sent.name, sent.text, sent.ciphertext,
        sent.key_id, sent.to, sent.reply_to, sent.files, sent.mentions,
    )  # fmt: skip


def revised(message: Message, change: Change, meta: Meta) -> Message:
    """The message after this."""
    message = replace(message, changes=message.changes + 1)
    match change:
        case Edited() if message.deleted_at is None:
            return replace(
                message, text=change.text, ciphertext=change.ciphertext, key_id=change.key_id,
                edited_at=timestamp(meta.at),
            )  # fmt: skip
        case Deleted():
            return empty_now(message, meta.at)
        case Reacted() if message.deleted_at is None:
            return replace(message, reactions=_with(message.reactions, change))
        case _:
            return message


def empty_now(message: Message, at: datetime) -> Message:
    """The message once it was deleted."""
    return replace(emptied(message), reactions=(), edited_at=None, deleted_at=timestamp(at))


def emptied(message: T) -> T:
    """Nothing of what it said."""
    return replace(message, text="", ciphertext=None, key_id=None, files=None, mentions=None)


def _with(reactions: tuple[Reaction, ...], change: Reacted) -> tuple[Reaction, ...]:
    """In the order of the emoji, so that nothing tells of one that was taken back."""
    by_emoji = {reaction.emoji: reaction.by for reaction in reactions}
    others = tuple(who for who in by_emoji.pop(change.emoji, ()) if who != change.participant)
    after = (*others, change.participant) if change.on else others
    if after:
        by_emoji[change.emoji] = after
    return tuple(Reaction(emoji, by_emoji[emoji]) for emoji in sorted(by_emoji))


def without(message: Message, gone: Container[ParticipantId]) -> Message:
    """Without the reactions of these."""
    if not any(who in gone for reaction in message.reactions for who in reaction.by):
        return message
    left = [Reaction(one.emoji, tuple(who for who in one.by if who not in gone)) for one in message.reactions]
    return replace(message, reactions=tuple(one for one in left if one.by))
