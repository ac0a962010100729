"""Coming, going and roles."""

from typing import Final

from immutables import Map
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat import reducer as chat
from meetserver.e2ee import reducer as e2ee
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId, SessionId
from meetserver.messages import Context, Event, Meta
from meetserver.rooms import talk
from meetserver.rooms.messages import (
    DrawLet,
    Join,
    Joined,
    Leave,
    Left,
    LetDraw,
    Mute,
    Muted,
    Participant,
    RoleSet,
    SetRole,
    Waiting,
)
from meetserver.rooms.persons import Keys, address_keys, is_barred
from meetserver.rooms.state import RoomState, find, of_session
from meetserver.whiteboard import steps as whiteboard
from meetserver.wire import timestamp

MODERATORS: Final = frozenset({"host", "cohost"})
"""Whom neither lock nor lobby keeps out."""


def join(state: RoomState, command: Join, ctx: Context) -> list[Event] | Refusal:
    if find(state, command.participant) is not None or of_session(state, command.session) is not None:
        return Refusal("conflict", "this participant is in the room already")
    if is_barred(state.bars, command.keys, has_account=command.user is not None):
        return Refusal("forbidden", "you were sent out of this meeting")
    moderates = command.role in MODERATORS
    if state.rules.locked and not moderates:
        return Refusal("room_locked", "the meeting is locked")
    participant = Participant(
        command.participant, command.session, command.name, command.role, timestamp(ctx.at), command.user
    )
    if state.rules.lobby and not moderates and not command.passes_lobby:
        return _wait(state, participant, command.keys, ctx)
    if places(state) == 0:
        return Refusal("room_full", "the room is full")
    return [Joined(participant)]


def _wait(state: RoomState, participant: Participant, keys: Keys, ctx: Context) -> list[Event] | Refusal:
    if len(state.waiting) >= limits.LOBBY_PEOPLE:
        return Refusal("room_full", "too many people wait to be let in")
    most = limits.LOBBY_FROM_ONE_ADDRESS
    if len(state.waiting) >= most and _neighbours(state, keys, ctx) >= most:
        return Refusal("room_full", "too many people wait to be let in from your address")
    return [Waiting(participant)]


def _neighbours(state: RoomState, keys: Keys, ctx: Context) -> int:
    """How many wait from the same address."""
    address = set(address_keys(keys))
    return sum(not address.isdisjoint(ctx.keys_of(who.session)) for who in state.waiting)


def places(state: RoomState) -> int:
    """How many more may come in."""
    return max(0, state.rules.max_participants - len(state.participants))


def joined(state: RoomState, event: Joined, meta: Meta) -> RoomState:
    who = event.participant
    return replace(
        state,
        participants=state.participants.set(who.id, who),
        sessions=state.sessions.set(who.session, who.id),
        arrivals=state.arrivals.set(who.id, meta.seq),
        whiteboard=whiteboard.joined(state.whiteboard, who.id, who.user),
        e2ee=e2ee.joined(state.e2ee),
    )


def leave(state: RoomState, command: Leave) -> list[Event]:
    """Leaving twice is leaving once."""
    return [] if find(state, command.participant) is None else [Left(command.participant, command.reason)]


def left(state: RoomState, event: Left) -> RoomState:
    who = find(state, event.participant)
    if who is None:
        return state
    if event.reason == "removed":
        state = dismissed(state, who.session)
    if who.id not in state.participants:
        return unqueued(state, who.id)
    stays = event.reason != "removed"
    state = replace(
        state,
        participants=state.participants.delete(who.id),
        sessions=state.sessions.delete(who.session) if who.session in state.sessions else state.sessions,
        arrivals=state.arrivals.delete(who.id) if who.id in state.arrivals else state.arrivals,
        whiteboard=whiteboard.left(state.whiteboard, who.id, who.user if stays else None),
        e2ee=e2ee.left(state.e2ee, who.id),
    )
    return talk.left(state, who, stays=stays)


def unqueued(state: RoomState, participant: ParticipantId) -> RoomState:
    """Out of the lobby's queue. Whoever stands first is found at once: all of a long queue may be let in together."""
    queue = state.waiting
    at = next((at for at, who in enumerate(queue) if who.id == participant), len(queue))
    return replace(state, waiting=queue[:at] + queue[at + 1 :])


def dismissed(state: RoomState, session: SessionId) -> RoomState:
    """Whoever comes back to this session will be told that they were turned away."""
    return replace(state, dismissed=(*state.dismissed, session)[-limits.DISMISSED_SESSIONS :])


def all_left(state: RoomState) -> RoomState:
    """The end of the meeting: nobody is here any more, and no entry says so for each of them."""
    return replace(
        state,
        participants=Map(),
        sessions=Map(),
        arrivals=Map(),
        waiting=(),
        chat=chat.all_left(state.chat),
        whiteboard=whiteboard.forget_all(state.whiteboard),
        e2ee=e2ee.all_left(state.e2ee),
    )


def set_role(state: RoomState, command: SetRole) -> list[Event] | Refusal:
    who = state.participants.get(ParticipantId(command.participant))
    if who is None:
        return Refusal("not_found", "no such participant in this room")
    if who.role == command.role:
        return []
    if who.role == "host" and _hosts(state) == 1:
        return Refusal("conflict", "the last host stays host: make somebody else host first")
    return [RoleSet(who.id, command.role)]


def _hosts(state: RoomState) -> int:
    return sum(who.role == "host" for who in state.participants.values())


def role_set(state: RoomState, event: RoleSet) -> RoomState:
    who = state.participants.get(event.participant)
    if who is None:
        return state
    return replace(state, participants=state.participants.set(who.id, replace(who, role=event.role)))


def let_draw(state: RoomState, command: LetDraw) -> list[Event] | Refusal:
    who = state.participants.get(ParticipantId(command.participant))
    if who is None:
        return Refusal("not_found", "no such participant in this room")
    return [] if who.may_draw == command.on else [DrawLet(who.id, command.on)]


def draw_let(state: RoomState, event: DrawLet) -> RoomState:
    who = state.participants.get(event.participant)
    if who is None:
        return state
    return replace(state, participants=state.participants.set(who.id, replace(who, may_draw=event.on)))


def mute(state: RoomState, command: Mute) -> list[Event] | Refusal:
    """Whether it is heeded shows in that participant's `presence.changed`."""
    who = state.participants.get(ParticipantId(command.participant))
    if who is None:
        return Refusal("not_found", "no such participant in this room")
    return [Muted(who.id, command.kind)]
