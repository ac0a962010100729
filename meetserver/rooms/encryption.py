"""Chat that the server cannot read: nothing in clear is taken there, only what exactly the right people can open."""

from meetserver.chat.messages import Edited, Send, Sent
from meetserver.e2ee import reducer as e2ee
from meetserver.errors import Refusal
from meetserver.messages import Context, Event
from meetserver.rooms.state import RoomState
from meetserver.rooms.talk import Wish

IN_CLEAR = Refusal("forbidden", "the chat of this meeting is end-to-end encrypted: send ciphertext")


def checked(state: RoomState, wish: Wish, decision: list[Event] | Refusal, ctx: Context) -> list[Event] | Refusal:
    """What the chat decided, or why that must not be said in an encrypted one."""
    if isinstance(decision, Refusal) or not state.rules.e2ee:
        return decision
    for event in decision:
        if isinstance(event, Sent | Edited) and (refusal := _refusal(state, wish, event, ctx)) is not None:
            return refusal
    return decision


def _refusal(state: RoomState, wish: Wish, event: Sent | Edited, ctx: Context) -> Refusal | None:
    """The chat has seen to it that there is either text or ciphertext, and a key_id with that."""
    if event.ciphertext is None or event.key_id is None:
        return IN_CLEAR
    if event.to is None:
        members = frozenset(state.e2ee.members)
        return e2ee.sealed(state.e2ee, event.key_id, members | {ctx.by}, members, ctx)
    named = frozenset(wish.to or ()) if isinstance(wish, Send) else frozenset[str]()
    return e2ee.sealed(state.e2ee, event.key_id, named | {ctx.by}, named | {ctx.by, *event.to}, ctx)
