"""/meetings/{id}/bans: who was sent out of the room, and letting them in again."""

from typing import Literal

from msgspec import Struct

from meetserver.errors import NotFound
from meetserver.http.past import state_at
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.ids import MeetingId
from meetserver.meetings.store import Meeting
from meetserver.rooms import messages as rooms
from meetserver.rooms.messages import Bar


class BanShown(Struct, frozen=True):
    """`kind`: a removal bars the account and browser, a ban guests from the address too. `by`: a participant."""

    id: str
    name: str
    kind: Literal["removed", "banned"]
    by: str
    at: str


class BanList(Struct, frozen=True):
    items: list[BanShown]


async def list_bans(call: Call[None, None]) -> BanList:
    meeting = await call.services.meetings.find_for(call.caller, MeetingId(call.part("meeting_id")), "bans.read")
    return BanList([BanShown(bar.id, bar.name, bar.kind, bar.by, bar.at) for bar in await _bars(call, meeting)])


async def lift_ban(call: Call[None, None]) -> None:
    meeting = await call.services.meetings.find_for(call.caller, MeetingId(call.part("meeting_id")), "bans.write")
    ban = call.part("ban_id")
    # Not to wake a room for what is not there.
    if all(bar.id != ban for bar in await _bars(call, meeting)):
        raise NotFound("there is no such ban")
    await call.services.rooms.ask(meeting.room_id, rooms.Unban(ban))
    # Who lifts it in the room is written down by the room (actors/door_log.py), which does not know who asks here.
    await call.services.security_log.record(
        "participant.unbanned", call.origin, actor=call.caller.user, room=meeting.room_id, ban=ban
    )


async def _bars(call: Call[None, None], meeting: Meeting) -> tuple[Bar, ...]:
    return (await state_at(call.services.history, meeting, None)).bars


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/bans",
        handler=list_bans,
        action="bans.read",
        answer=BanList,
        tag="doors",
        summary="Who was removed or banned and may not come in again.",
    ),
    Route(
        method="DELETE",
        path="/meetings/{meeting_id}/bans/{ban_id}",
        handler=lift_ban,
        action="bans.write",
        tag="doors",
        summary="Let somebody in again who was removed or banned.",
    ),
]
