"""/meetings/{id}/unread, /users/me/unread: how many messages of chats somebody has not read.

The second is beside the list of meetings rather than in it, as that one is answered from copies.
"""

from msgspec import Struct

from meetserver.http.paging import PageQuery
from meetserver.http.readers import reader_of
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.http.unread_store import unread_of_guest, unread_of_user
from meetserver.ids import MeetingId


class UnreadShown(Struct, frozen=True):
    """`unread`: messages after the seq `seen` that are for the reader, by others, and not deleted; of the newest
    limits.UNREAD_MESSAGES, so that as many mean that or more. Both are null for who has never been there."""

    unread: int | None
    seen: int | None


class UnreadIn(Struct, frozen=True):
    """As UnreadShown, of this meeting."""

    meeting: MeetingId
    unread: int
    seen: int


class UnreadPage(Struct, frozen=True):
    """Without the meetings that the caller has never been in."""

    items: list[UnreadIn]
    next: str | None


async def list_unread(call: Call[None, PageQuery]) -> UnreadPage:
    user, query = call.caller.user, call.query
    meetings, following = await call.services.meetings.list_own(user, query.limit, query.after)
    rooms = await unread_of_user(call.services.database, [one.room_id for one in meetings], user)
    counted = [(one.id, rooms[one.room_id]) for one in meetings if one.room_id in rooms]
    return UnreadPage([UnreadIn(id_, found.count, found.seen) for id_, found in counted], following)


async def read_unread(call: Call[None, None]) -> UnreadShown:
    reader, database = await reader_of(call), call.services.database
    room = reader.meeting.room_id
    if reader.user is None:
        (participant,) = reader.participants
        found = await unread_of_guest(database, room, participant)
    else:
        rooms = await unread_of_user(database, [room], reader.user)
        if room not in rooms:
            return UnreadShown(None, None)
        found = rooms[room]
    return UnreadShown(found.count, found.seen)


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/unread",
        handler=read_unread,
        action="history.read",
        takes_room_token=True,
        answer=UnreadShown,
        tag="history",
        summary="How many messages of the chat are unread.",
    ),
    Route(
        method="GET",
        path="/users/me/unread",
        handler=list_unread,
        action="meetings.list",
        query=PageQuery,
        answer=UnreadPage,
        tag="history",
        summary="How many are in each of the caller's own meetings, by the same pages as these.",
    ),
]
