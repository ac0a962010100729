"""Around every request, from the outside in: its id and its line in the log, problems, and where it came from; and
headers that browsers heed, on whatever is answered.
"""

import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog
from aiohttp import web

from meetserver.cache.cached import OUTCOMES, Outcome
from meetserver.errors import BadMessage, Refusal, Refused
from meetserver.http.errors import problem, problem_of, problem_of_framework
from meetserver.http.gate import guard_of
from meetserver.http.headers import add_headers
from meetserver.http.health import HEALTH_PATHS
from meetserver.http.peer import PEER, origin_of, peer_of
from meetserver.http.services import ORIGIN, REQUEST_ID, SERVICES, USER_ID

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger("meetserver.http")
access_log = logging.getLogger("meetserver.access")

_request_id = re.compile(r"^[A-Za-z0-9._-]{1,64}$")

CLIENT_GONE = Refusal("bad_message", "the connection has ended")
OVER_HTTPS_ONLY = Refusal("forbidden", "this server is to be called over https")


@web.middleware
async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id (the caller's own, where it is a sane one), and write one line when it has its answer."""
    named = request.headers.get("X-Request-Id", "")
    request_id = named if _request_id.fullmatch(named) else request.app[SERVICES].random.id()
    request[REQUEST_ID] = request_id
    guard = guard_of(request)
    if guard is not None:
        guard.request_began()
    started = time.perf_counter()
    try:
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = await handler(request)
            _write_line(request, response, time.perf_counter() - started)
    finally:
        if guard is not None:
            guard.request_ended()
    return response


def _write_line(request: web.Request, response: web.StreamResponse, took_s: float) -> None:
    route = route_template(request)
    # Whoever watches over the process asks every few seconds.
    level = logging.DEBUG if route in HEALTH_PATHS and response.status == 200 else logging.INFO
    access_log.log(
        level,
        "action=request method=%s route=%s status=%d duration_ms=%.1f user=%s",
        request.method,
        route,
        response.status,
        took_s * 1000,
        request.get(USER_ID, "-"),
    )


def route_template(request: web.Request) -> str:
    """The path as it was registered. Paths themselves are never logged: they may hold tokens, or line breaks."""
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Before the head of an answer goes out: its id, and headers that keep a page from being framed, sniffed or made to
    run what is not ours."""
    if response.status == 101:
        return
    if REQUEST_ID in request:
        response.headers["X-Request-Id"] = request[REQUEST_ID]
    add_headers(response, request.app[SERVICES].config, request.path, request.get(PEER))


@web.middleware
async def tell_cached(request: web.Request, handler: Handler) -> web.StreamResponse:
    """`X-Cache` says what became of the reads that the cache was asked for (docs/caching.md). For debugging."""
    outcomes: dict[str, Outcome] = {}
    token = OUTCOMES.set(outcomes)
    try:
        response = await handler(request)
    finally:
        OUTCOMES.reset(token)
    if outcomes and not response.prepared:
        response.headers["X-Cache"] = ", ".join(f"{kind}={outcome}" for kind, outcome in outcomes.items())
    return response


@web.middleware
async def explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as a problem document; of an unexpected one only that it happened, and where to look it up."""
    request_id = request[REQUEST_ID]
    try:
        return await handler(request)
    except Refused as error:
        answer = problem_of(error, request_id)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = problem_of_framework(error, request_id)
    except web.RequestPayloadError:
        request.content.feed_eof()  # or aiohttp would read on, fail, and hang up before the answer is sent
        answer = problem_of(BadMessage("the body is not in the Content-Encoding that it says"), request_id)
        answer.force_close()
    except Exception:
        if request.transport is None or request.transport.is_closing():
            return problem(400, CLIENT_GONE, request_id)  # nobody reads it, and nothing is wrong here
        log.exception("action=request_failed route=%s", route_template(request))
        answer = problem(500, Refusal("internal", "something went wrong on the server"), request_id)
    if request.writer.output_size and request.transport is not None:
        request.transport.abort()  # half of another answer is out, and this one would be taken for its rest
    return answer


@web.middleware
async def locate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Note where the request came from, and lead people who came by http to https. Programs are told instead of led:
    what they sent in the clear should not go unnoticed."""
    config = request.app[SERVICES].config
    if request.transport is None:
        raise BadMessage("the connection has ended")  # nobody reads this; but who asked is no longer known
    request[PEER] = peer = peer_of(request, config)
    request[ORIGIN] = origin_of(request, request[REQUEST_ID], peer)
    if peer.is_scheme_told and peer.scheme == "http" and config.url.startswith("https://"):
        is_page = request.method in {"GET", "HEAD"} and not request.path.startswith(("/api/", "/ws/"))
        if is_page and request.path_qs.startswith("/"):
            return web.Response(status=308, headers={"Location": f"{config.url}{request.path_qs}"})
        return problem(403, OVER_HTTPS_ONLY, request[REQUEST_ID])
    return await handler(request)
