"""The queue at the door: who is let in, and who is sent away."""

from collections.abc import Iterable
from itertools import islice

from msgspec.structs import replace

from meetserver.errors import Refusal
from meetserver.ids import ParticipantId
from meetserver.messages import Context, Event
from meetserver.rooms import members
from meetserver.rooms.messages import Admit, Admitted, Denied, Deny, Joined, Participant, Waiting
from meetserver.rooms.state import RoomState, waits
from meetserver.wire import timestamp

NOBODY = Refusal("not_found", "nobody waits under this id")


def waiting(state: RoomState, event: Waiting) -> RoomState:
    return replace(state, waiting=(*state.waiting, event.participant))


def admit(state: RoomState, command: Admit, ctx: Context) -> list[Event] | Refusal:
    """Somebody who is in already is no error: two hosts may want the same at once."""
    if (command.participant is None) != command.all:
        return Refusal("bad_message", "name a participant, or say all")
    if command.participant is None:
        wanted: Iterable[Participant] = state.waiting
    else:
        id_ = ParticipantId(command.participant)
        if id_ in state.participants:
            return []
        who = waits(state, id_)
        if who is None:
            return NOBODY
        wanted = [who]
    if state.waiting and members.places(state) == 0:
        return Refusal("room_full", "the room is full")
    return let_in(wanted, members.places(state), ctx)


def let_in(wanted: Iterable[Participant], places: int, ctx: Context) -> list[Event]:
    """The first of them, as many as there are places for."""
    events: list[Event] = []
    for who in islice(wanted, places):
        events += [Admitted(who.id), Joined(replace(who, joined_at=timestamp(ctx.at)))]
    return events


def deny(state: RoomState, command: Deny) -> list[Event] | Refusal:
    who = waits(state, ParticipantId(command.participant))
    return NOBODY if who is None else [Denied(who.id)]


def denied(state: RoomState, event: Denied) -> RoomState:
    who = waits(state, event.participant)
    return state if who is None else members.unqueued(members.dismissed(state, who.session), who.id)
