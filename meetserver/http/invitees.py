"""/meetings/{id}/invitees: who is asked to come."""

from collections.abc import Sequence

from meetserver.accounts.addresses import address_key, clean_address
from meetserver.errors import BadMessage
from meetserver.http.paging import PageQuery
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.http.services import Services
from meetserver.ids import MeetingId
from meetserver.meetings.guest_store import Invitee
from meetserver.meetings.messages import InviteePage, InviteePatch, InviteeShown, NewInvitee
from meetserver.names import clean_name
from meetserver.wire import timestamp


def ready(services: Services, wishes: Sequence[NewInvitee]) -> list[Invitee]:
    """What to write down of these. Raises BadMessage, also where an address stands twice."""
    now = services.clock.now()
    made = []
    for wish in wishes:
        address = clean_address(wish.email)
        name = "" if wish.name is None else clean_name(wish.name)
        made.append(Invitee(services.random.id(), address, address_key(address), name, wish.role, now))
    if len({one.email_key for one in made}) < len(made):
        raise BadMessage("an address is invited twice")
    return made


async def list_invitees(call: Call[None, PageQuery]) -> InviteePage:
    found, following = await call.services.invitees.page(
        call.caller, MeetingId(call.part("meeting_id")), call.query.limit, call.query.after
    )
    return InviteePage([_shown(one) for one in found], following)


async def add_invitee(call: Call[NewInvitee, None]) -> InviteeShown:
    (wanted,) = ready(call.services, [call.body])
    return _shown(await call.services.invitees.add(call.caller, MeetingId(call.part("meeting_id")), wanted))


async def update_invitee(call: Call[InviteePatch, None]) -> InviteeShown:
    id_ = MeetingId(call.part("meeting_id"))
    return _shown(await call.services.invitees.update(call.caller, id_, call.part("invitee_id"), call.body))


async def remove_invitee(call: Call[None, None]) -> None:
    await call.services.invitees.remove(call.caller, MeetingId(call.part("meeting_id")), call.part("invitee_id"))


def _shown(one: Invitee) -> InviteeShown:
    return InviteeShown(
        id=one.id, email=one.email, name=one.name or None, role=one.role, created_at=timestamp(one.created_at)
    )


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/invitees",
        handler=list_invitees,
        action="invitees.read",
        query=PageQuery,
        answer=InviteePage,
        tag="doors",
        summary="Who is asked to come, in the order in which they were invited.",
    ),
    Route(
        method="POST",
        path="/meetings/{meeting_id}/invitees",
        handler=add_invitee,
        action="invitees.write",
        body=NewInvitee,
        answer=InviteeShown,
        status=201,
        tag="doors",
        summary="Invite somebody by their address; only a host invites hosts and cohosts.",
    ),
    Route(
        method="PATCH",
        path="/meetings/{meeting_id}/invitees/{invitee_id}",
        handler=update_invitee,
        action="invitees.write",
        body=InviteePatch,
        answer=InviteeShown,
        tag="doors",
        summary="Change an invitee's name or role; it counts from their next join on.",
    ),
    Route(
        method="DELETE",
        path="/meetings/{meeting_id}/invitees/{invitee_id}",
        handler=remove_invitee,
        action="invitees.write",
        tag="doors",
        summary="Take an invitation back; who is inside stays.",
    ),
]
