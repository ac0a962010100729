"""Who may read a room's past: its owner, administrators, whoever is or was in it, and a guest while in it."""

from msgspec import Struct

from meetserver.access import AnyRole, may
from meetserver.errors import NotFound, Unauthenticated
from meetserver.http import store
from meetserver.http.auth import room_token
from meetserver.http.registry import B, Call, Q
from meetserver.ids import MeetingId, ParticipantId
from meetserver.meetings.service import roles_in
from meetserver.meetings.store import Meeting
from meetserver.ports import Entry


class Reader(Struct, frozen=True):
    """Somebody who may read this meeting's room, and the participants that they are or were there."""

    meeting: Meeting
    participants: frozenset[ParticipantId]

    def may_see(self, entry: Entry) -> bool:
        """What has addressees is for them and its author, whoever owns the meeting."""
        return entry.to is None or not self.participants.isdisjoint({entry.by, *entry.to})


async def reader_of(call: Call[B, Q]) -> Reader:
    """Raises NotFound where the caller may not know of the meeting, Unauthenticated for a token that is none."""
    services, token = call.services, room_token(call.request)
    found = await services.meetings.find(MeetingId(call.part("meeting_id")))
    if token is not None:
        participant = await store.participant_of_token(services.database, found.room_id, token)
        if participant is None:
            raise Unauthenticated("the token is not that of an open session of this room")
        return Reader(found, frozenset({participant}))
    own = await store.participants_of_user(services.database, found.room_id, call.caller.user)
    there: frozenset[AnyRole] = frozenset({"participant"}) if own else frozenset()
    if not may(roles_in(call.caller, found) | there, "history.read"):
        raise NotFound("there is no such meeting")
    return Reader(found, own)
