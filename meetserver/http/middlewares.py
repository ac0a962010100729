"""Around every request, from the outside in: its id and its line in the log, headers that browsers heed, problems."""

import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog
from aiohttp import web

from meetserver.errors import Refusal, Refused
from meetserver.http.errors import problem, problem_of, problem_of_framework
from meetserver.http.peer import origin_of
from meetserver.http.services import ORIGIN, REQUEST_ID, SERVICES, USER_ID

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger("meetserver.http")
access_log = logging.getLogger("meetserver.access")

_request_id = re.compile(r"^[A-Za-z0-9._-]{1,64}$")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
    "Content-Security-Policy": "; ".join([
        "default-src 'self'",
        "connect-src 'self' ws: wss:",
        "media-src 'self' blob: mediastream:",
        "img-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]),
}  # fmt: skip


@web.middleware
async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id (the caller's own, where it is a sane one), and write one line when it has its answer."""
    named = request.headers.get("X-Request-Id", "")
    request_id = named if _request_id.fullmatch(named) else request.app[SERVICES].random.id()
    request[REQUEST_ID] = request_id
    request[ORIGIN] = origin_of(request, request_id)
    started = time.perf_counter()
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        response = await handler(request)
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
        _write_line(request, response, time.perf_counter() - started)
    return response


def _write_line(request: web.Request, response: web.StreamResponse, took_s: float) -> None:
    access_log.info(
        "action=request method=%s route=%s status=%d duration_ms=%.1f user=%s",
        request.method,
        route_template(request),
        response.status,
        took_s * 1000,
        request.get(USER_ID, "-"),
    )


def route_template(request: web.Request) -> str:
    """The path as it was registered. Paths themselves are never logged: they may hold tokens, or line breaks."""
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical


@web.middleware
async def harden(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Headers that keep a page from being framed, sniffed or made to run what is not ours."""
    response = await handler(request)
    if not response.prepared:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if request.app[SERVICES].config.url.startswith("https://"):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as a problem document; of an unexpected one only that it happened, and where to look it up."""
    request_id = request[REQUEST_ID]
    try:
        return await handler(request)
    except Refused as error:
        return problem_of(error, request_id)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return problem_of_framework(error, request_id)
    except Exception:
        log.exception("action=request_failed route=%s", route_template(request))
        return problem(500, Refusal("internal", "something went wrong on the server"), request_id)
