"""Requests to typed values. Whatever is wrong with one is a Refused that says what."""

import asyncio
import re
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from meetserver import limits
from meetserver.errors import BadMessage, NotFound, TooLarge
from meetserver.http.errors import BodyLate, MediaTypeRefused
from meetserver.http.registry import AnyRoute, part_pattern

_etag = re.compile(r'^"([0-9]{1,9})"$')
_key = re.compile(r"^[\x21-\x7e]+$")


def check_path(request: web.Request) -> None:
    """What cannot be an id names nothing: 404, as for an id that nothing has."""
    for name, part in request.match_info.items():
        if not part_pattern(name).fullmatch(part):
            raise NotFound("there is nothing at this path")


def decode_query(request: web.Request, route: AnyRoute) -> Any:
    """Raises BadMessage for keys that are repeated, unknown or of the wrong type.

    Query types leave out with UNSET: were None a choice, `?q=null` would be it.
    """
    if route.query is None:
        return None
    if len(set(request.query)) != len(request.query):
        raise BadMessage("a query key stands twice")
    try:
        query = msgspec.convert(dict(request.query), route.query, strict=False)
    except msgspec.ValidationError as error:
        raise BadMessage(f"query: {error}") from None
    for name, text in request.query.items():
        # Not strict, a number is a time too, in seconds since 1970.
        if isinstance(getattr(query, name, None), datetime) and "-" not in text[1:]:
            raise BadMessage(f"query: `{name}` must be a time as in RFC 3339")
    return query


async def decode_body(request: web.Request, route: AnyRoute) -> Any:
    """Raises MediaTypeRefused, TooLarge, BodyLate or BadMessage."""
    if route.body is None:
        return None
    if request.content_type != "application/json":
        raise MediaTypeRefused("the body must be application/json")
    if request.content_length is not None and request.content_length > limits.BODY_BYTES:
        raise TooLarge(f"a body may have {limits.BODY_BYTES} bytes")
    try:
        async with asyncio.timeout(limits.BODY_S):
            raw = await request.read()
    except TimeoutError:
        raise BodyLate(f"the body has {limits.BODY_S:g} s to come") from None
    try:
        return msgspec.json.decode(raw, type=route.body)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadMessage(f"the body cannot be read: {error}"[:300]) from None


def expected_version(request: web.Request) -> int | None:
    """The version in If-Match; None when it is absent or `*`. Raises BadMessage where it cannot be one of ours."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    found = _etag.fullmatch(header.strip().removeprefix("W/"))
    if found is None:
        raise BadMessage('If-Match must be an ETag that this server gave, as in "3"')
    return int(found[1])


def version_etag(version: int) -> dict[str, str]:
    return {"ETag": f'"{version}"'}


def idempotency_key(request: web.Request) -> str | None:
    """Raises BadMessage where it is empty, too long, or not visible ASCII."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if len(key) > limits.IDEMPOTENCY_KEY_CHARS or not _key.fullmatch(key):
        raise BadMessage(f"Idempotency-Key must be 1 to {limits.IDEMPOTENCY_KEY_CHARS} visible ASCII characters")
    return key
