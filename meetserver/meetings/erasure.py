"""What an account has among the meetings: those that it owns, and invitations to others."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import TypeAlias

from meetserver import limits
from meetserver.database import Database
from meetserver.errors import Refused
from meetserver.ids import RoomId, UserId
from meetserver.meetings import store
from meetserver.meetings.store import Meeting
from meetserver.wire import timestamp

EndRoom: TypeAlias = Callable[[RoomId], Awaitable[object]]
"""Tells whoever is inside that it is over. Raises Refused, also when it is over already."""


class MeetingEraser:
    """ports.Eraser."""

    name = "meetings"

    def __init__(self, database: Database, end_room: EndRoom) -> None:
        self._database = database
        self._end_room = end_room

    async def erase(self, user: UserId) -> Mapping[str, int]:
        meetings = 0
        async for meeting in self._owned(user):
            try:
                await self._end_room(meeting.room_id)
            except Refused as error:
                if error.temporary:
                    raise
            await self._database.run(partial(store.remove, id_=meeting.id))
            meetings += 1
        invitations = await self._database.run(lambda connection: store.remove_invitations(connection, user))
        return {"meetings": meetings, "invitations": invitations}

    async def export(self, user: UserId) -> Mapping[str, object]:
        return {
            "owned": [_told(meeting) async for meeting in self._owned(user)],
            "invitations": await store.invitations_of(self._database, user),
        }

    async def _owned(self, user: UserId) -> AsyncIterator[Meeting]:
        """Newest first; who removes what is told goes on."""
        before = None
        while page := await store.page_of_owner(self._database, user, limits.PAGE_ITEMS, before):
            for meeting in page:
                yield meeting
            before = page[-1].created_at, page[-1].id


def _told(meeting: Meeting) -> dict[str, object]:
    return {
        "id": meeting.id,
        "title": meeting.title,
        "description": meeting.description,
        "starts_at": None if meeting.starts_at is None else timestamp(meeting.starts_at),
        "duration_min": meeting.duration_min,
        "timezone": meeting.timezone,
        "created_at": timestamp(meeting.created_at),
    }
