"""/meetings/{id}/door and /join: what is asked of whoever comes, and the ticket for whoever may come in."""

from collections.abc import Set
from typing import Final

import msgspec
from msgspec import Struct

from meetserver.access import SERVER_ROLES, AnyRole, ServerRole
from meetserver.accounts.session_store import as_admin
from meetserver.accounts.sessions import Caller
from meetserver.errors import BadMessage, Forbidden, RateLimited, Unauthenticated, refused
from meetserver.http.peer import base_url, socket_url
from meetserver.http.registry import AnyRoute, Call, Reply, Route
from meetserver.ids import MeetingId, ParticipantId, SessionId, UserId
from meetserver.limits import RATES
from meetserver.meetings.guest_store import GuestLink
from meetserver.meetings.messages import Admission, Door, JoinWish, Media
from meetserver.meetings.passcodes import is_passcode, passcode_of
from meetserver.meetings.persons import person_keys
from meetserver.meetings.service import roles_in
from meetserver.meetings.settings import ip_rules
from meetserver.meetings.store import Meeting
from meetserver.messages import Role
from meetserver.names import clean_name
from meetserver.network.addresses import address_block
from meetserver.network.rules import verdict
from meetserver.rooms import messages as rooms

JoinCall = Call[JoinWish, None]
NOT_FROM_THERE: Final = "people may not join this meeting from your address"


class Joiner(Struct, frozen=True):
    """Whoever asks to come in, and as what. `link`: the guest link that they came by."""

    meeting: Meeting
    visitor: Caller | None
    roles: frozenset[AnyRole]
    role: Role
    link: GuestLink | None = None

    @property
    def is_moderator(self) -> bool:
        """They pass whatever stands at the door for others."""
        return self.role in ("host", "cohost")

    @property
    def server_roles(self) -> tuple[ServerRole, ...]:
        return tuple(role for role in SERVER_ROLES if role in self.roles)

    @property
    def skips_lobby(self) -> bool:
        return self.link is not None and self.link.skips_lobby


async def read_door(call: Call[None, None]) -> Door:
    return await call.services.meetings.door(MeetingId(call.part("meeting_id")))


async def join_meeting(call: JoinCall) -> Reply[Admission]:
    services = call.services
    meeting = await services.meetings.find(MeetingId(call.part("meeting_id")), call.visitor)
    name = _name(call)
    joiner = await _joiner(call, meeting)
    if not joiner.is_moderator:
        _check_invitation(joiner)
        await _check_passcode(call, joiner)
    await _check_address(call, joiner)
    origin = call.origin
    is_new = call.visitor is None and not origin.visitor
    if is_new:
        origin = msgspec.structs.replace(origin, visitor=services.random.id())
    keys = person_keys(services.keys.derive("person"), meeting.room_id, _user(joiner), origin)
    await _check_room(call, joiner, name, keys)
    if joiner.link is not None:
        await services.guest_links.use(meeting.id, joiner.link)
    return Reply(_admission(call, joiner, name, keys), visitor=origin.visitor if is_new else None)


def _name(call: JoinCall) -> str:
    if call.body.name is not None:
        return clean_name(call.body.name)
    if call.visitor is None:
        raise BadMessage("a guest must say a name")
    return call.visitor.account.name


async def _joiner(call: JoinCall, meeting: Meeting) -> Joiner:
    """Raises Unauthenticated, and Forbidden for a link that is not valid."""
    visitor = call.visitor
    roles: Set[AnyRole] = {"guest"} if visitor is None else roles_in(visitor, meeting)
    if {"host", "admin"} & roles:
        return _as(meeting, visitor, roles, "host")
    if "cohost" in roles:
        return _as(meeting, visitor, roles, "cohost")
    if visitor is None and meeting.settings.get("only_signed_in"):
        raise Unauthenticated("only those who are signed in may join this meeting")
    link = None if call.body.link is None else await call.services.guest_links.find(meeting.id, call.body.link)
    offered: Role = "participant" if link is None else link.role
    return _as(meeting, visitor, roles, meeting.invited or offered, link)


def _as(
    meeting: Meeting, visitor: Caller | None, roles: Set[AnyRole], role: Role, link: GuestLink | None = None
) -> Joiner:
    return Joiner(meeting, visitor, frozenset(roles | {role}), role, link)


def _check_invitation(joiner: Joiner) -> None:
    is_invited = joiner.meeting.invited is not None or joiner.link is not None
    if joiner.meeting.settings.get("only_invited") and not is_invited:
        raise Forbidden("only those who are invited may join this meeting")


async def _check_passcode(call: JoinCall, joiner: Joiner) -> None:
    """Each try counts before it is looked at, so that many at once are no more than one after the other; the right
    one clears the count."""
    services, meeting = call.services, joiner.meeting
    wanted = passcode_of(services.keys, meeting.id, meeting.settings)
    if wanted is None or joiner.link is not None:
        return
    if call.body.passcode is None:
        raise Forbidden("this meeting asks for a passcode")
    rate, key = RATES["passcode"], f"{meeting.id} {address_block(call.origin.address)}"
    tries = await services.limiter.hit(rate, key)
    if not tries.is_allowed:
        raise RateLimited("too many tries of the passcode", retry_after_s=tries.reset_s)
    if not is_passcode(call.body.passcode, wanted):
        await services.security_log.record(
            "meeting.passcode_failed", call.origin, actor=_user(joiner), subject=meeting.id
        )
        raise Forbidden("the passcode is wrong")
    await services.limiter.clear(rate, key)


async def _check_address(call: JoinCall, joiner: Joiner) -> None:
    """The server's rules, then the meeting's."""
    services, address = call.services, call.origin.address
    refusal = services.ip_rules.refusal(address, joiner.roles)
    if refusal is None and verdict(ip_rules(joiner.meeting.settings), address, joiner.roles).is_admitted:
        return
    whose = "meeting" if refusal is None else "server"
    await services.security_log.record(
        "ip.refused", call.origin, actor=_user(joiner), subject=joiner.meeting.id, rules=whose
    )
    raise Forbidden(NOT_FROM_THERE) if refusal is None else refused(refusal)


async def _check_room(call: JoinCall, joiner: Joiner, name: str, keys: tuple[str, ...]) -> None:
    """What the room would say to the ticket, said now. It is asked again when the ticket is used."""
    services = call.services
    join = rooms.Join(
        participant=ParticipantId(services.random.id()),
        session=SessionId(services.random.id()),
        name=name,
        role=joiner.role,
        user=_user(joiner),
        keys=keys,
        passes_lobby=joiner.skips_lobby,
        roles=joiner.server_roles,
    )
    refusal = await services.rooms.would_admit(joiner.meeting.room_id, join, call.origin.address)
    if refusal is not None:
        raise refused(refusal)


def _admission(call: JoinCall, joiner: Joiner, name: str, keys: tuple[str, ...]) -> Admission:
    services, meeting = call.services, joiner.meeting
    ticket = services.tickets.issue(
        room=meeting.room_id,
        meeting=meeting.id,
        user=_user(joiner),
        name=name,
        role=joiner.role,
        auth_session=_stands_on(joiner),
        keys=keys,
        passes_lobby=joiner.skips_lobby,
        roles=joiner.server_roles,
    )
    base = socket_url(base_url(call.request, services.config))
    return Admission(
        ticket=ticket,
        ws_url=f"{base}/ws/v1/rooms/{meeting.room_id}",
        room_id=meeting.room_id,
        ice_servers=services.config.ice_servers,
        media=Media("mesh"),
    )


def _stands_on(joiner: Joiner) -> str | None:
    """With what the place in the room ends. A personal token outlives its owner's being an administrator; what it was
    in the room for that does not."""
    if joiner.visitor is None:
        return None
    session = joiner.visitor.session
    is_host_as_admin = joiner.role == "host" and "host" not in roles_in(joiner.visitor, joiner.meeting)
    return as_admin(session) if is_host_as_admin else session


def _user(joiner: Joiner) -> UserId | None:
    return None if joiner.visitor is None else joiner.visitor.user


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/door",
        handler=read_door,
        action="meetings.door",
        answer=Door,
        tag="doors",
        summary="What whoever has the meeting's link may know before joining.",
    ),
    Route(
        method="POST",
        path="/meetings/{meeting_id}/join",
        handler=join_meeting,
        action="meetings.join",
        body=JoinWish,
        answer=Admission,
        problems=[409, 410],
        tag="doors",
        summary="A ticket for the room, as the signed-in user or as a guest with a name.",
    ),
]
