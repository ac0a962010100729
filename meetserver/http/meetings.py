"""/meetings: the calendar entries."""

from contextlib import suppress

from aiohttp import web
from msgspec import UNSET
from msgspec.structs import asdict

from meetserver.errors import Conflict, Refused, RoomEnded
from meetserver.http.decoding import expected_version, version_etag
from meetserver.http.invitees import ready
from meetserver.http.paging import PageQuery
from meetserver.http.peer import base_url
from meetserver.http.registry import AnyRoute, Call, Reply, Route
from meetserver.http.services import Services
from meetserver.ids import MeetingId
from meetserver.meetings.messages import MeetingListed, MeetingPage, MeetingPatch, MeetingShown, NewMeeting
from meetserver.meetings.passcodes import passcode_of
from meetserver.meetings.settings import shown as shown_settings
from meetserver.meetings.store import Meeting
from meetserver.rooms import messages as rooms
from meetserver.rooms.settings import configure_from
from meetserver.wire import timestamp


async def create_meeting(call: Call[NewMeeting, None]) -> Reply[MeetingShown]:
    caller = call.caller
    invitees = ready(call.services, call.body.invitees)
    made = await call.services.meetings.create(caller.user, caller.account.name, call.body, invitees)
    headers = {"Location": f"{call.request.path}/{made.id}", **version_etag(made.version)}
    return Reply(_shown(call.request, call.services, made), headers)


async def list_meetings(call: Call[None, PageQuery]) -> MeetingPage:
    query = call.query
    found, following = await call.services.meetings.list_own(call.caller.user, query.limit, query.after)
    people = await call.services.occupancy.of([one.room_id for one in found])
    items = [
        MeetingListed(**asdict(_shown(call.request, call.services, one)), people=people[one.room_id]) for one in found
    ]
    return MeetingPage(items, following)


async def read_meeting(call: Call[None, None]) -> Reply[MeetingShown]:
    found = await call.services.meetings.read(call.caller, MeetingId(call.part("meeting_id")))
    return Reply(_shown(call.request, call.services, found), version_etag(found.version))


async def update_meeting(call: Call[MeetingPatch, None]) -> Reply[MeetingShown]:
    id_ = MeetingId(call.part("meeting_id"))
    await _check_encryption(call, id_)
    changed = await call.services.meetings.update(call.caller, id_, call.body, expected_version(call.request))
    await _configure(call.services, changed)
    call.services.index_soon(changed.room_id)  # whether its chat is searched may have changed
    return Reply(_shown(call.request, call.services, changed), version_etag(changed.version))


async def delete_meeting(call: Call[None, None]) -> None:
    meetings, id_ = call.services.meetings, MeetingId(call.part("meeting_id"))
    version = expected_version(call.request)
    found = await meetings.check_change(call.caller, id_, version)
    # Before the rows go: whoever is inside is told that it is over.
    with suppress(RoomEnded):
        await call.services.rooms.ask(found.room_id, rooms.End())
    await meetings.remove(call.caller, id_, version)


async def _check_encryption(call: Call[MeetingPatch, None], id_: MeetingId) -> None:
    """Whether the chat is encrypted is settled once somebody has been there (rooms/settings.py sees to it, too)."""
    wish = call.body.settings
    wanted = None if wish is None or wish is UNSET else wish.e2ee
    if wish is UNSET or wanted is UNSET:
        return
    found = await call.services.meetings.find_for(call.caller, id_, "meetings.update")
    if found.settings.get("e2ee", False) == bool(wanted):
        return
    came = call.services.history.entries_of_type(
        found.room_id, rooms.Joined.type, before_seq=None, after_seq=None, limit=1
    )
    if found.log_base or await came:
        raise Conflict("whether the chat is encrypted is settled once somebody has been in the meeting")


async def _configure(services: Services, changed: Meeting) -> None:
    """Tell a room that is awake. One that sleeps, or cannot be told, reads the calendar entry when it is loaded.

    Of two changes at once the earlier may be told last: whoever has told looks whether that still is what is stored.
    """
    with suppress(Refused):
        while await services.rooms.is_awake(changed.room_id):
            await services.rooms.ask(changed.room_id, configure_from(changed.title, changed.settings))
            told, changed = changed, await services.meetings.find(changed.id)
            if changed.version == told.version:
                return


def _shown(request: web.Request, services: Services, meeting: Meeting) -> MeetingShown:
    return MeetingShown(
        id=meeting.id,
        room_id=meeting.room_id,
        owner_id=meeting.owner_id,
        join_url=f"{base_url(request, services.config)}/m/{meeting.id}",
        title=meeting.title,
        description=meeting.description,
        starts_at=None if meeting.starts_at is None else timestamp(meeting.starts_at),
        duration_min=meeting.duration_min,
        timezone=meeting.timezone,
        settings=shown_settings(meeting.settings, passcode_of(services.keys, meeting.id, meeting.settings)),
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
        summary="One meeting, for its hosts, cohosts and administrators.",
    ),
    Route(
        method="PATCH",
        path="/meetings/{meeting_id}",
        handler=update_meeting,
        action="meetings.update",
        body=MeetingPatch,
        answer=MeetingShown,
        if_match=True,
        problems=[409, 422],
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
]
