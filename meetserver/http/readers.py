"""Who may read a room's past, and its files: its moderators, administrators, whoever is or was in it, and a guest
while in it. Who was sent out reads no more.
"""

from typing import Any

from msgspec import Struct

from meetserver import limits
from meetserver.access import AnyRole, may
from meetserver.errors import NotFound, Unauthenticated
from meetserver.http import store
from meetserver.http.auth import room_token
from meetserver.http.registry import B, Call, Q
from meetserver.ids import MeetingId, ParticipantId, RoomId, UserId
from meetserver.meetings.service import roles_in
from meetserver.meetings.store import Meeting
from meetserver.ports import Entry, RoomHistory
from meetserver.rooms.catalog import decode_event
from meetserver.rooms.messages import Barred, Unbanned

NO_ROOM = RoomId("")


class Reader(Struct, frozen=True):
    """Somebody who may read this meeting's room, and the participants that they are or were there; `formerly` are those
    that they were where `participants` says who they are. `user`: their account; a guest has none."""

    meeting: Meeting
    participants: frozenset[ParticipantId]
    formerly: frozenset[ParticipantId] = frozenset()
    user: UserId | None = None

    @property
    def person(self) -> str:
        """The account, or the participant without one."""
        return self.user or next(iter(self.participants))

    def may_see(self, entry: Entry) -> bool:
        """What has addressees is for them and its author, whoever owns the meeting; what has expired is for nobody,
        though it may be there still."""
        if entry.seq <= self.meeting.log_base:
            return False
        return entry.to is None or not (self.participants | self.formerly).isdisjoint({entry.by, *entry.to})


async def reader_of(call: Call[B, Q], action: str = "history.read") -> Reader:
    """Of the meeting in the call's path. Raises NotFound where the caller may not know of the meeting, Unauthenticated
    for a token that is none.

    Where there is no such meeting all is looked up just the same, so that it is answered the same and takes as long.
    """
    return await reader_in(call, MeetingId(call.part("meeting_id")), action)


async def reader_in(call: Call[B, Q], meeting: MeetingId, action: str) -> Reader:
    """As `reader_of`, of this meeting."""
    services, token = call.services, room_token(call.request)
    found = await _meeting(call, meeting)
    room = NO_ROOM if found is None else found.room_id
    if token is not None:
        holder = await store.participant_of_token(services.database, room, token)
        if found is None or holder is None:
            raise Unauthenticated("the token is not that of an open session of this room")
        participant, user = holder
        formerly = frozenset[ParticipantId]()
        if user is not None:
            formerly, _ = await store.participants_of_user(services.database, room, user)
        return Reader(found, frozenset({participant}), formerly, user)
    own, outside = await store.participants_of_user(services.database, room, call.caller.user)
    if found is None:
        raise NotFound("there is no such meeting")
    roles = roles_in(call.caller, found)
    there: frozenset[AnyRole] = frozenset({"participant"}) if own else frozenset()
    if not may(roles | there, action):
        raise NotFound("there is no such meeting")
    if not may(roles, "bans.read") and await _was_sent_out(services.history, found.room_id, own | outside):
        raise NotFound("there is no such meeting")
    return Reader(found, own, user=call.caller.user)


async def _meeting(call: Call[B, Q], meeting: MeetingId) -> Meeting | None:
    try:
        return await call.services.meetings.find(meeting, call.visitor)
    except NotFound:
        return None


async def _was_sent_out(history: RoomHistory, room: RoomId, own: frozenset[ParticipantId]) -> bool:
    """Whether one of these was removed or banned, be it from the lobby, and that was not lifted: what goes on inside is
    not for them."""

    async def events_of(type_: str) -> list[Any]:
        entries = await history.entries_of_type(room, type_, before_seq=None, after_seq=None, limit=limits.ROOM_BARS)
        return [decode_event(entry.type, entry.v, entry.data) for entry in entries]

    if not own:
        return False
    against = {event.bar.id for event in await events_of(Barred.type) if event.bar.participant in own}
    return bool(against) and not against <= {event.ban for event in await events_of(Unbanned.type)}
