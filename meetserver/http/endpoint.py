"""One aiohttp handler per route: check, authenticate, decode, act once, encode."""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec
from aiohttp import web

from meetserver.accounts.sessions import Caller
from meetserver.errors import Forbidden
from meetserver.http.auth import authorize, check_origin, room_token
from meetserver.http.cookies import set_page_session
from meetserver.http.decoding import check_path, decode_body, decode_query, idempotency_key
from meetserver.http.health import HEALTH_PATHS
from meetserver.http.idempotency import Answer, once
from meetserver.http.rates import authenticate_within_rate, record_refusal
from meetserver.http.registry import AnyCall, AnyRoute, Call, Reply
from meetserver.http.services import SERVICES
from meetserver.http.store import ClaimKey, principal_of
from meetserver.http.visitors import set_visitor

COMPRESS_ABOVE_BYTES = 4096
_TELLING = ("Upload-Length", "Upload-Metadata")

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def endpoint(route: AnyRoute) -> Handler:
    """The route as a plain handler. Raises Refused, which the middlewares turn into problems."""

    async def handle(request: web.Request) -> web.StreamResponse:
        check_path(request)
        if route.path not in HEALTH_PATHS:
            request.app[SERVICES].database.refuse_if_crowded()
        visitor = await _admitted(request, route)
        query = decode_query(request, route)
        body = await decode_body(request, route)
        call: Call[Any, Any] = Call(request.app[SERVICES], request, body, query, visitor)
        if route.streams:
            streamed = await route.handler(call)
            assert isinstance(streamed, web.StreamResponse)
            return streamed
        if isinstance(answer := await _answer(route, call), web.StreamResponse):
            return answer
        response = _response(request, answer)
        if answer.page_session is not None:
            await set_page_session(request, response, answer.page_session)
        if answer.visitor is not None:
            set_visitor(request, response, answer.visitor)
        return response

    return handle


async def _admitted(request: web.Request, route: AnyRoute) -> Caller | None:
    """Who calls. Raises Unauthenticated, RateLimited, ConfirmFirst, and Forbidden, which is put on record."""
    try:
        check_origin(request)
        visitor = await authenticate_within_rate(request, route)
        authorize(visitor, route.rule)
    except Forbidden:
        await record_refusal(request, route)
        raise
    return visitor


def _response(request: web.Request, answer: Answer) -> web.Response:
    """304 where the caller has it already; compressed where that is worth the time."""
    etag = answer.headers.get("ETag")
    if etag is not None and request.method == "GET" and etag in request.headers.get("If-None-Match", ""):
        kept = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
        return web.Response(status=304, headers=kept)
    response = web.Response(status=answer.status, headers=answer.headers, body=answer.body or None)
    if len(answer.body) > COMPRESS_ABOVE_BYTES:
        response.enable_compression()
    return response


async def _answer(route: AnyRoute, call: Call[Any, Any]) -> Answer | web.StreamResponse:
    if route.method == "GET":
        found = await route.handler(call)
        return found if isinstance(found, web.StreamResponse) else _encode(route, found)

    async def act() -> Answer:
        return _encode(route, await route.handler(call))

    key = idempotency_key(call.request) if route.takes_idempotency_key else None
    if key is None:
        return await act()
    claim = ClaimKey(_principal(call), f"{route.method} {call.request.path}", key)
    return await once(call.services, claim, _told(call), act)


def _principal(call: AnyCall) -> str:
    """Whom a key belongs to: an account, or a session of a room. Without either it is whoever knows the key, the path
    and the whole body."""
    if call.visitor is not None:
        return principal_of(call.visitor.user)
    token = room_token(call.request)
    return "anonymous" if token is None else f"session {hashlib.sha256(token.encode()).hexdigest()}"


def _told(call: AnyCall) -> bytes:
    """What a call says beside its path. Of a body that its handler reads as it comes, only how long it is."""
    request = call.request
    lengths = [str(request.content_length or ""), *map(request.headers.get, _TELLING)] if call.body is None else []
    more = [request.query_string, *lengths]
    told = msgspec.json.encode(call.body)
    return told + repr(more).encode() if any(more) else told


def _encode(route: AnyRoute, result: Any) -> Answer:
    reply = result if isinstance(result, Reply) else Reply(result)
    headers = {"Cache-Control": "no-store", **reply.headers}
    if route.answer is None:
        return Answer(route.empty_status, headers, b"", reply.page_session, reply.visitor)
    return Answer(
        route.status,
        {"Content-Type": "application/json", **headers},
        msgspec.json.encode(reply.body),
        reply.page_session,
        reply.visitor,
    )
