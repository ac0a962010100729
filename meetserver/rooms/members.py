"""Coming, going and roles."""

from immutables import Map
from msgspec.structs import replace

from meetserver.chat import reducer as chat
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Context, Event
from meetserver.rooms.messages import Join, Joined, Leave, Left, Participant, RoleSet, SetRole
from meetserver.rooms.state import RoomState
from meetserver.wire import timestamp


def join(state: RoomState, command: Join, ctx: Context) -> list[Event] | Refusal:
    if command.participant in state.participants or command.session in state.sessions:
        return Refusal("conflict", "this participant is in the room already")
    if len(state.participants) >= state.rules.max_participants:
        return Refusal("room_full", "the room is full")
    participant = Participant(
        command.participant, command.session, command.name, command.role, timestamp(ctx.at), command.user
    )
    return [Joined(participant)]


def joined(state: RoomState, event: Joined) -> RoomState:
    who = event.participant
    return replace(
        state,
        participants=state.participants.set(who.id, who),
        sessions=state.sessions.set(who.session, who.id),
    )


def leave(state: RoomState, command: Leave) -> list[Event]:
    """Leaving twice is leaving once."""
    return [Left(command.participant, command.reason)] if command.participant in state.participants else []


def left(state: RoomState, event: Left) -> RoomState:
    who = state.participants.get(event.participant)
    if who is None:
        return state
    participants = state.participants.delete(who.id)
    return replace(
        state,
        participants=participants,
        sessions=state.sessions.delete(who.session) if who.session in state.sessions else state.sessions,
        chat=chat.forget(state.chat, who.id, participants),
    )


def all_left(state: RoomState) -> RoomState:
    """The end of the meeting: nobody is here any more, and no entry says so for each of them."""
    return replace(state, participants=Map(), sessions=Map(), chat=chat.forget_all(state.chat))


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
