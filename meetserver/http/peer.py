"""Where a request came from: the connection's own address, or what a proxy that is trusted says of it."""

from aiohttp import web

from meetserver.ports import Origin

USER_AGENT_CHARS = 200


def origin_of(request: web.Request, request_id: str) -> Origin:
    agent = "".join(c for c in request.headers.get("User-Agent", "") if c.isprintable())[:USER_AGENT_CHARS]
    return Origin(request.remote or "", agent, request_id)
