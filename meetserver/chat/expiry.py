"""What is left of a chat whose older messages are not kept any more. Whom one can write to stays: that is no past."""

from immutables import Map
from msgspec.structs import replace

from meetserver.chat.state import ChatState, Conversation


def expire(chat: ChatState, until: int) -> ChatState:
    """Without messages up to this seq, and without what was said about them."""
    left = {members: _after(conversation, until) for members, conversation in chat.private.items()}
    private = {members: conversation for members, conversation in left.items() if conversation.messages}
    return replace(
        chat,
        shared=_after(chat.shared, until),
        private=Map(private),
        private_count=sum(len(conversation.messages) for conversation in private.values()),
        pinned=tuple(message for message in chat.pinned if message.seq > until),
    )


def _after(conversation: Conversation, until: int) -> Conversation:
    """`dropped` tells that there are older ones: there are none when the newest of those has expired."""
    messages = tuple(message for message in conversation.messages if message.seq > until)
    return Conversation(messages, conversation.dropped if conversation.dropped > until else 0)
