"""The chat page of a snapshot: small enough for one frame, private messages only for those they are for."""

from collections.abc import Iterable

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat import state as chat
from meetserver.chat.messages import Message
from meetserver.chat.revision import emptied
from meetserver.chat.state import ChatState
from meetserver.ids import ParticipantId, UserId

_encode = msgspec.json.Encoder().encode


class Absent(Struct, frozen=True):
    name: str
    user: UserId


class ChatPage(Struct, frozen=True):
    """`chat.messages.Message`s, rising by seq; `more`: there are older ones, at `GET …/messages`. `pinned` may be among
    them too. `people` are those of private messages who have left and can be written to: they may have come back as
    another participant with the same `user`, as the viewer has if it is theirs."""

    messages: list[Raw]
    more: bool
    pinned: list[Message]
    people: dict[ParticipantId, Absent]


def chat_page_of(state: ChatState, page: chat.Page) -> Raw:
    """The newest messages that fit CHAT_PAGE_BYTES."""
    messages: list[Raw] = []
    left_bytes = limits.CHAT_PAGE_BYTES
    for message in reversed(page.messages):
        encoded = _encode(message)
        left_bytes -= len(encoded) + 1
        if left_bytes < 0:
            break
        messages.append(Raw(encoded))
    has_all = len(messages) == len(page.messages)
    people = _absent(state, page.messages[-len(messages) :] if messages else ())
    return Raw(_encode(ChatPage(messages[::-1], page.more or not has_all, _pinned(state.pinned), people)))


def _absent(state: ChatState, messages: Iterable[Message]) -> dict[ParticipantId, Absent]:
    """The people of these private messages who have left."""
    named = {ParticipantId(who) for one in messages if one.to is not None for who in (one.by, *one.to)}
    return {who: Absent(state.gone[who].name, state.gone[who].user) for who in sorted(named) if who in state.gone}


def _pinned(pinned: tuple[Message, ...]) -> list[Message]:
    """Without reactions, and of those that do not fit CHAT_PINNED_BYTES that they are there."""
    shown: list[Message] = []
    left_bytes = limits.CHAT_PINNED_BYTES
    for message in reversed(pinned):
        bare = replace(message, reactions=())
        left_bytes -= len(_encode(bare))
        shown.append(bare if left_bytes >= 0 else replace(emptied(bare), text=None))
    return shown[::-1]
