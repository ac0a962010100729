"""/meetings/{id}/links: guest links, for people without an account."""

from meetserver.http.paging import PageQuery
from meetserver.http.peer import base_url
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.ids import MeetingId
from meetserver.meetings.guest_store import GuestLink
from meetserver.meetings.messages import LinkPage, LinkShown, NewLink
from meetserver.wire import timestamp


async def list_links(call: Call[None, PageQuery]) -> LinkPage:
    found, following = await call.services.guest_links.page(
        call.caller, MeetingId(call.part("meeting_id")), call.query.limit, call.query.after
    )
    return LinkPage([_shown(call, one) for one in found], following)


async def create_link(call: Call[NewLink, None]) -> LinkShown:
    id_ = MeetingId(call.part("meeting_id"))
    return _shown(call, await call.services.guest_links.create(call.caller, id_, call.body, call.origin))


async def revoke_link(call: Call[None, None]) -> None:
    id_ = MeetingId(call.part("meeting_id"))
    await call.services.guest_links.revoke(call.caller, id_, call.part("link_id"), call.origin)


def _shown(call: Call[NewLink, None] | Call[None, PageQuery], link: GuestLink) -> LinkShown:
    base = base_url(call.request, call.services.config)
    return LinkShown(
        id=link.id,
        url=f"{base}/m/{call.part('meeting_id')}/{call.services.guest_links.secret_of(link)}",
        label=link.label,
        role=link.role,
        skips_lobby=link.skips_lobby,
        max_uses=link.max_uses,
        uses=link.uses,
        created_at=timestamp(link.created_at),
        expires_at=None if link.expires_at is None else timestamp(link.expires_at),
    )


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/links",
        handler=list_links,
        action="links.read",
        query=PageQuery,
        answer=LinkPage,
        tag="doors",
        summary="The guest links that were not taken back, with their addresses to copy.",
    ),
    Route(
        method="POST",
        path="/meetings/{meeting_id}/links",
        handler=create_link,
        action="links.write",
        body=NewLink,
        answer=LinkShown,
        status=201,
        tag="doors",
        summary="A guest link: it does for passcode and invitation, and for the lobby where it says so.",
    ),
    Route(
        method="DELETE",
        path="/meetings/{meeting_id}/links/{link_id}",
        handler=revoke_link,
        action="links.write",
        tag="doors",
        summary="Take a guest link back: it lets nobody in any more; who is inside stays.",
    ),
]
