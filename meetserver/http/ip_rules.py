"""/admin/ip-rules: from where people may come in."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from meetserver import limits
from meetserver.access import AnyRole, ServerRole
from meetserver.errors import BadMessage
from meetserver.http.decoding import expected_version, version_etag
from meetserver.http.registry import ID_PATTERN, AnyRoute, Call, Reply, Route
from meetserver.ids import MeetingId
from meetserver.meetings.settings import ip_rules
from meetserver.messages import Role
from meetserver.network.addresses import read_address
from meetserver.network.rules import IpRule, verdict
from meetserver.network.service import Listed


class IpRulesShown(Struct, frozen=True):
    """The whole list. Of the rules that match, the one of the smallest network decides; the order is for people."""

    rules: tuple[IpRule, ...]


class NewIpRules(Struct, frozen=True, forbid_unknown_fields=True):
    rules: Annotated[tuple[IpRule, ...], Meta(max_length=limits.IP_RULES)]


class PreviewWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Would somebody get in? Into the server, or with `meeting` into that too, as `meeting_role` there."""

    address: Annotated[str, Meta(min_length=1, max_length=64)]
    role: ServerRole = "guest"
    meeting: Annotated[str, Meta(pattern=ID_PATTERN)] | None = None
    meeting_role: Role = "participant"


class PreviewShown(Struct, frozen=True):
    """`by`: whose rules decided; `rule`: which of them, null where none matches (a list that allows refuses then)."""

    is_admitted: bool
    by: Literal["server", "meeting"]
    rule: IpRule | None


async def read_ip_rules(call: Call[None, None]) -> Reply[IpRulesShown]:
    await call.services.ip_rules.refresh()
    return _shown(call.services.ip_rules.current)


async def replace_ip_rules(call: Call[NewIpRules, None]) -> Reply[IpRulesShown]:
    version = expected_version(call.request)
    return _shown(await call.services.ip_rules.replace(call.caller, call.origin, call.body.rules, version))


async def preview_ip_rules(call: Call[PreviewWish, None]) -> PreviewShown:
    services, wish = call.services, call.body
    if read_address(wish.address) is None:
        raise BadMessage("address is not an IP address")
    roles: set[AnyRole] = {wish.role} if wish.role == "guest" else {wish.role, "member"}
    if wish.meeting is None:
        found = services.ip_rules.verdict(wish.address, roles)
        return PreviewShown(found.is_admitted, "server", found.rule)
    meeting = await services.meetings.find(MeetingId(wish.meeting))
    roles.add(wish.meeting_role)
    first = services.ip_rules.verdict(wish.address, roles)
    if not first.is_admitted:
        return PreviewShown(False, "server", first.rule)
    second = verdict(ip_rules(meeting.settings), wish.address, roles)
    decisive: Literal["server", "meeting"] = "meeting" if second.rule or not second.is_admitted else "server"
    return PreviewShown(second.is_admitted, decisive, second.rule if decisive == "meeting" else first.rule)


def _shown(listed: Listed) -> Reply[IpRulesShown]:
    return Reply(IpRulesShown(listed.rules), version_etag(listed.version))


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/admin/ip-rules",
        handler=read_ip_rules,
        action="ip_rules.read",
        answer=IpRulesShown,
        tag="admin",
        summary="The server's rules about addresses.",
    ),
    Route(
        method="PUT",
        path="/admin/ip-rules",
        handler=replace_ip_rules,
        action="ip_rules.write",
        body=NewIpRules,
        answer=IpRulesShown,
        if_match=True,
        problems=[409],
        tag="admin",
        summary="Replace the whole list; one that would shut out whoever sets it is refused.",
    ),
    Route(
        method="POST",
        path="/admin/ip-rules/preview",
        handler=preview_ip_rules,
        action="ip_rules.read",
        body=PreviewWish,
        answer=PreviewShown,
        problems=[404],
        tag="admin",
        summary="Would somebody from this address get in, and by which rule?",
    ),
]
