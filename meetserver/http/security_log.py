"""/admin/security-log: what happened that matters to security, for those who watch over the server."""

from typing import TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from meetserver.audit import store
from meetserver.audit.chain import Link
from meetserver.audit.messages import SecurityEvent, SecurityLogPage, SecurityLogQuery
from meetserver.errors import BadMessage
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.wire import timestamp

T = TypeVar("T")

YEARS = range(1970, 9000)
"""Beyond them a time cannot be brought to UTC."""


async def read_security_log(call: Call[None, SecurityLogQuery]) -> SecurityLogPage:
    query = call.query
    if query.since is not UNSET and query.since.year not in YEARS:
        raise BadMessage("query: `since` is not a time that this log can have")
    links = await store.newest(
        call.services.database,
        limit=query.limit + 1,
        type=_or_none(query.type),
        actor=_or_none(query.actor),
        subject=_or_none(query.subject),
        since=_or_none(query.since),
        before_seq=None if query.cursor is UNSET else int(query.cursor),
    )
    shown = links[: query.limit]
    return SecurityLogPage([_shown(link) for link in shown], str(shown[-1].seq) if len(links) > len(shown) else None)


def _or_none(value: T | UnsetType) -> T | None:
    return None if value is UNSET else value


def _shown(link: Link) -> SecurityEvent:
    return SecurityEvent(
        seq=link.seq,
        at=timestamp(link.at),
        type=link.type,
        actor=link.actor,
        subject=link.subject,
        address=link.address,
        user_agent=link.user_agent,
        request_id=link.request_id,
        data=msgspec.json.decode(link.data),
        hash=link.hash.hex(),
    )


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/admin/security-log",
        handler=read_security_log,
        action="security_log.read",
        query=SecurityLogQuery,
        answer=SecurityLogPage,
        tag="administration",
        summary="Security events, newest first. `python -m meetserver audit verify` checks that none was changed.",
    ),
]
