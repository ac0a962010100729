"""One status per error code, and problem documents (RFC 9457). The only place that translates errors to HTTP."""

import math
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web
from msgspec import Struct

from meetserver.errors import Code, Refusal, Refused, VersionConflict

STATUS: dict[Code, int] = {
    "bad_message": 400,
    "unknown_type": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "confirm_first": 403,
    "waiting_room": 403,
    "room_locked": 403,
    "not_found": 404,
    "conflict": 409,
    "room_full": 409,
    "room_ended": 410,
    "history_expired": 410,
    "too_large": 413,
    "not_supported": 422,
    "search_off": 422,
    "bad_file": 422,
    "rate_limited": 429,
    "internal": 500,
    "busy": 503,
    "unavailable": 503,
    "timeout": 504,
    "storage_full": 507,
}

# What aiohttp itself refuses before a handler runs, and the code it has with us.
_FRAMEWORK: dict[int, Code] = {404: "not_found", 405: "not_supported", 413: "too_large", 415: "bad_message"}

CHECKSUM_WRONG = 460
"""Of tus 1.0.0; HTTP itself has no such status."""
PROBLEM_TYPE = "application/problem+json"


class Problem(Struct, frozen=True, omit_defaults=True):
    """An error as RFC 9457 has it. `code` is stable and for programs, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    request_id: str
    retry_after_s: float | None = None


class MediaTypeRefused(Refused):
    """A body that is no JSON (415)."""

    code: Code = "bad_message"


class BodyLate(Refused):
    """A body that did not come in time (408)."""

    code: Code = "timeout"
    temporary = True


class ChecksumWrong(Refused):
    """What came is not what was sent."""

    code: Code = "bad_message"
    temporary = True


class TusVersionRefused(Refused):
    """Another version of tus than 1.0.0 (412)."""

    code: Code = "not_supported"


def status_of(error: Refused) -> int:
    if isinstance(error, VersionConflict):
        return 412
    if isinstance(error, MediaTypeRefused):
        return 415
    if isinstance(error, BodyLate):
        return 408
    if isinstance(error, ChecksumWrong):
        return CHECKSUM_WRONG
    if isinstance(error, TusVersionRefused):
        return 412
    return STATUS[error.refusal.code]


def problem_of(error: Refused, request_id: str) -> web.Response:
    status = status_of(error)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status, error.refusal, request_id, headers)


def problem_of_framework(error: web.HTTPException, request_id: str) -> web.Response:
    """404 of an unknown path, 405 with its Allow, 413 of a body that was cut off."""
    code = _FRAMEWORK.get(error.status, "bad_message" if error.status < 500 else "internal")
    headers = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
    return problem(error.status, Refusal(code, _sentence(error.status)), request_id, headers)


def problem(status: int, refusal: Refusal, request_id: str, headers: Mapping[str, str] | None = None) -> web.Response:
    sent = dict(headers or {})
    if refusal.retry_after_s is not None:
        sent["Retry-After"] = str(math.ceil(refusal.retry_after_s))
    body = Problem(
        type=f"urn:meetserver:problem:{refusal.code}",
        title="Checksum Mismatch" if status == CHECKSUM_WRONG else HTTPStatus(status).phrase,
        status=status,
        detail=refusal.message,
        code=refusal.code,
        request_id=request_id,
        retry_after_s=refusal.retry_after_s,
    )
    return web.Response(status=status, body=msgspec.json.encode(body), headers={**sent, "Content-Type": PROBLEM_TYPE})


def _sentence(status: int) -> str:
    match status:
        case 404:
            return "there is nothing at this path"
        case 405:
            return "this path does not know this method"
        case 413:
            return "the body is too large"
        case _:
            return HTTPStatus(status).description or HTTPStatus(status).phrase
