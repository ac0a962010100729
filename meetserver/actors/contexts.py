"""Who wishes, as their room knows them: the context of a command, and the session that a join opens."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from meetserver.actors.envelopes import FromSession, OpenByTicket
from meetserver.actors.hello import token_hash
from meetserver.errors import NotFound, Refusal, Unauthenticated
from meetserver.ids import ParticipantId, SessionId
from meetserver.messages import Context, no_keys
from meetserver.ports import OpenSession
from meetserver.rooms.messages import Participant
from meetserver.rooms.state import RoomState, find


def session_of(work: OpenByTicket, *, is_waiting: bool) -> OpenSession:
    join = work.join
    return OpenSession(
        join.session,
        join.participant,
        token_hash(work.token),
        work.ticket,
        join.user,
        work.auth_session,
        join.keys,
        is_waiting,
        join.roles,
    )


def context_of(
    state: RoomState,
    work: FromSession,
    now: datetime,
    new_id: str,
    keys_of: Callable[[SessionId], tuple[str, ...]] = no_keys,
    found: Struct | None = None,
) -> Context | Refusal:
    """Who wishes, as the room knows them by now."""
    participant = find(state, work.participant)
    if participant is None or participant.session != work.session:
        return Unauthenticated("this session is over").refusal
    return _of(state, participant, now, new_id, keys_of, found)


def context_as(
    state: RoomState,
    by: ParticipantId,
    now: datetime,
    new_id: str,
    keys_of: Callable[[SessionId], tuple[str, ...]] = no_keys,
) -> Context | Refusal:
    """Of what a service does in the name of somebody who is in the room."""
    participant = state.participants.get(by)
    if participant is None:
        return NotFound("you are not in this room").refusal
    return _of(state, participant, now, new_id, keys_of, None)


def _of(
    state: RoomState,
    participant: Participant,
    now: datetime,
    new_id: str,
    keys_of: Callable[[SessionId], tuple[str, ...]],
    found: Struct | None,
) -> Context:
    return Context(
        room=state.room,
        by=participant.id,
        session=participant.session,
        role=participant.role,
        name=participant.name,
        at=now,
        id=new_id,
        present=state.participants,
        user=participant.user,
        keys_of=keys_of,
        found=found,
    )
