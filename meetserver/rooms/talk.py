"""Chat in its room: what of the room it depends on."""

from typing import TypeAlias

from msgspec.structs import replace

from meetserver.chat import changes, people
from meetserver.chat import reducer as chat
from meetserver.chat.messages import Delete, Edit, Pin, React, Send, Sent
from meetserver.chat.people import Surroundings
from meetserver.chat.revision import Change
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Context, Event, Meta
from meetserver.rooms.messages import Participant
from meetserver.rooms.state import RoomState

Wish: TypeAlias = Send | Edit | Delete | React | Pin


def decide(state: RoomState, wish: Wish, ctx: Context) -> list[Event] | Refusal:
    around = _around(state)
    if isinstance(wish, Send):
        return chat.decide(state.chat, wish, ctx, around)
    return changes.decide(state.chat, wish, ctx, around)


def evolve(state: RoomState, fact: Sent | Change, meta: Meta) -> RoomState:
    if isinstance(fact, Sent):
        return replace(state, chat=chat.evolve(state.chat, fact, meta, _around(state)))
    return replace(state, chat=changes.evolve(state.chat, fact, meta))


def left(state: RoomState, who: Participant, *, stays: bool) -> RoomState:
    """After `who`, who is not among the participants any more; `stays`: they can be written to."""
    return replace(state, chat=people.left(state.chat, who, state.seq + 1, state.participants, stays=stays))


def selves(state: RoomState, viewer: ParticipantId) -> frozenset[ParticipantId]:
    """Who this participant is, and was before."""
    who = state.participants.get(viewer)
    return people.selves(state.chat, viewer, None if who is None else who.user)


def _around(state: RoomState) -> Surroundings:
    rules = state.rules
    return Surroundings(state.participants, state.seq + 1, rules.chat_private, rules.chat_slow_s)
