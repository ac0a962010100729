"""/meetings: the calendar entries, and the way from one into its room."""

from contextlib import suppress
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType

from meetserver import limits
from meetserver.errors import BadMessage, Refused, RoomEnded
from meetserver.http.decoding import expected_version, version_etag
from meetserver.http.registry import AnyRoute, Call, Reply, Route
from meetserver.http.services import Services
from meetserver.ids import MeetingId
from meetserver.meetings.messages import (
    Admission,
    Door,
    JoinWish,
    Media,
    MeetingPage,
    MeetingPatch,
    MeetingShown,
    NewMeeting,
)
from meetserver.meetings.service import roles_in
from meetserver.meetings.settings import shown as shown_settings
from meetserver.meetings.store import Meeting
from meetserver.names import clean_name
from meetserver.rooms import messages as rooms
from meetserver.wire import timestamp


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=limits.PAGE_ITEMS)] = 50
    cursor: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET


async def create_meeting(call: Call[NewMeeting, None]) -> Reply[MeetingShown]:
    caller = call.caller
    made = await call.services.meetings.create(caller.user, caller.account.name, call.body)
    headers = {"Location": f"{call.request.path}/{made.id}", **version_etag(made.version)}
    return Reply(_shown(call.request, call.services, made), headers)


async def list_meetings(call: Call[None, PageQuery]) -> MeetingPage:
    cursor = None if call.query.cursor is UNSET else call.query.cursor
    found, following = await call.services.meetings.list_own(call.caller.user, call.query.limit, cursor)
    return MeetingPage([_shown(call.request, call.services, one) for one in found], following)


async def read_meeting(call: Call[None, None]) -> Reply[MeetingShown]:
    found = await call.services.meetings.read(call.caller, MeetingId(call.part("meeting_id")))
    return Reply(_shown(call.request, call.services, found), version_etag(found.version))


async def update_meeting(call: Call[MeetingPatch, None]) -> Reply[MeetingShown]:
    changed = await call.services.meetings.update(
        call.caller, MeetingId(call.part("meeting_id")), call.body, expected_version(call.request)
    )
    await _configure(call.services, changed)
    return Reply(_shown(call.request, call.services, changed), version_etag(changed.version))


async def delete_meeting(call: Call[None, None]) -> None:
    meetings, id_ = call.services.meetings, MeetingId(call.part("meeting_id"))
    version = expected_version(call.request)
    found = await meetings.check_change(call.caller, id_, version)
    # Before the rows go: whoever is inside is told that it is over.
    with suppress(RoomEnded):
        await call.services.rooms.ask(found.room_id, rooms.End())
    await meetings.remove(call.caller, id_, version)


async def read_door(call: Call[None, None]) -> Door:
    found = await call.services.meetings.find(MeetingId(call.part("meeting_id")))
    return Door(found.title, found.owner_name, [])


async def join_meeting(call: Call[JoinWish, None]) -> Admission:
    services, visitor = call.services, call.visitor
    found = await services.meetings.find(MeetingId(call.part("meeting_id")))
    if call.body.name is not None:
        name = clean_name(call.body.name)
    elif visitor is not None:
        name = visitor.account.name
    else:
        raise BadMessage("a guest must say a name")
    ticket = services.tickets.issue(
        room=found.room_id,
        meeting=found.id,
        user=None if visitor is None else visitor.user,
        name=name,
        role="host" if visitor is not None and {"host", "admin"} & roles_in(visitor, found) else "participant",
    )
    base = _base_url(call.request, services)
    return Admission(
        ticket=ticket,
        ws_url=f"ws{base.removeprefix('http')}/ws/v1/rooms/{found.room_id}",
        room_id=found.room_id,
        ice_servers=services.config.ice_servers,
        media=Media("mesh"),
    )


async def _configure(services: Services, changed: Meeting) -> None:
    """Tell a room that is awake. One that sleeps, or cannot be told, reads the calendar entry when it is loaded."""
    with suppress(Refused):
        if await services.rooms.state(changed.room_id) is not None:
            settings = msgspec.convert(changed.settings, rooms.Settings)
            await services.rooms.ask(changed.room_id, rooms.Configure(changed.title, settings))


def _base_url(request: web.Request, services: Services) -> str:
    """The public URL, else where this request came to: a server at home is reached by many names."""
    return services.config.url if services.config.public_url else f"{request.scheme}://{request.host}"


def _shown(request: web.Request, services: Services, meeting: Meeting) -> MeetingShown:
    return MeetingShown(
        id=meeting.id,
        room_id=meeting.room_id,
        owner_id=meeting.owner_id,
        join_url=f"{_base_url(request, services)}/m/{meeting.id}",
        title=meeting.title,
        description=meeting.description,
        starts_at=None if meeting.starts_at is None else timestamp(meeting.starts_at),
        duration_min=meeting.duration_min,
        timezone=meeting.timezone,
        settings=shown_settings(meeting.settings),
        version=meeting.version,
        created_at=timestamp(meeting.created_at),
        updated_at=timestamp(meeting.updated_at),
    )


routes: list[AnyRoute] = [
    Route(
        method="POST",
        path="/meetings",
        handler=create_meeting,
        action="meetings.create",
        body=NewMeeting,
        answer=MeetingShown,
        status=201,
        problems=[422],
        tag="meetings",
        summary="Make a meeting and its room.",
    ),
    Route(
        method="GET",
        path="/meetings",
        handler=list_meetings,
        action="meetings.list",
        query=PageQuery,
        answer=MeetingPage,
        tag="meetings",
        summary="The caller's own meetings, newest first.",
    ),
    Route(
        method="GET",
        path="/meetings/{meeting_id}",
        handler=read_meeting,
        action="meetings.read",
        answer=MeetingShown,
        tag="meetings",
        summary="One meeting, for its owner and administrators.",
    ),
    Route(
        method="PATCH",
        path="/meetings/{meeting_id}",
        handler=update_meeting,
        action="meetings.update",
        body=MeetingPatch,
        answer=MeetingShown,
        if_match=True,
        problems=[422],
        tag="meetings",
        summary="Change a meeting: a merge patch, where null clears.",
    ),
    Route(
        method="DELETE",
        path="/meetings/{meeting_id}",
        handler=delete_meeting,
        action="meetings.delete",
        if_match=True,
        tag="meetings",
        summary="End the meeting for everybody and delete it with all that happened there.",
    ),
    Route(
        method="GET",
        path="/meetings/{meeting_id}/door",
        handler=read_door,
        action="meetings.door",
        answer=Door,
        tag="meetings",
        summary="What whoever has the link may know before joining.",
    ),
    Route(
        method="POST",
        path="/meetings/{meeting_id}/join",
        handler=join_meeting,
        action="meetings.join",
        body=JoinWish,
        answer=Admission,
        tag="meetings",
        summary="A ticket for the room, as the signed-in user or as a guest with a name.",
    ),
]
