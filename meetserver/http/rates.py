"""How often somebody may call: each call of the API takes one of its class of rates, by user, else by address block.

Answers say what is left (draft-ietf-httpapi-ratelimit-headers-10); what is too much is 429 with Retry-After (RFC 6585).
"""

import math
from contextlib import suppress

from aiohttp import web

from meetserver import limits
from meetserver.accounts.sessions import Caller
from meetserver.errors import RateLimited, Refused
from meetserver.http.auth import authenticate
from meetserver.http.registry import SAFE_METHODS, AnyRoute
from meetserver.http.services import ORIGIN, SERVICES, USER_ID
from meetserver.limits import RATES, Rate
from meetserver.network.addresses import address_block
from meetserver.ports import Allowance, SecurityEventType

BY_ACTION = {
    "auth.sign_in": "sign_in",
    "account.confirm": "sign_in",
    "auth.sign_up": "sign_up",
    "auth.recover": "recover",
    "meetings.join": "join",
}
WITHOUT = frozenset({"service.read"})
"""What costs nothing, and is asked by machines that watch over the server."""
RECORDED = frozenset({"sign_in", "sign_up", "recover", "join"})
"""Too many of these are a security event."""
RECORDED_AGAIN = Rate("rate.recorded", 1, 60.0)
"""… that often for one key."""

ALLOWANCE: web.RequestKey[tuple[Rate, Allowance]] = web.RequestKey("allowance", tuple)


def rate_of(route: AnyRoute) -> Rate | None:
    """The class of rates that a call takes from; None for those that are not counted."""
    if route.action in WITHOUT:
        return None
    by_method = "read" if route.method in SAFE_METHODS else "write"
    return RATES[route.rate or BY_ACTION.get(route.action, by_method)]


async def authenticate_within_rate(request: web.Request, route: AnyRoute) -> Caller | None:
    """As `authenticate`, and the call is counted, whoever calls. Raises RateLimited besides."""
    rate = rate_of(route)
    if rate is None:
        return await authenticate(request, route)
    try:
        visitor = await authenticate(request, route)
    except Refused:
        await take(request, rate, None)
        raise
    await take(request, rate, visitor)
    return visitor


async def take(request: web.Request, rate: Rate, visitor: Caller | None) -> None:
    """One call of `visitor`, or of the address. Raises RateLimited."""
    services, origin = request.app[SERVICES], request[ORIGIN]
    if visitor is None:
        rate, key = rate_at(rate, origin.address), f"address {address_block(origin.address)}"
    else:
        key = f"user {visitor.user}"
    allowance = await services.limiter.hit(rate, key)
    request[ALLOWANCE] = (rate, allowance)
    if allowance.is_allowed:
        return
    if rate.name in RECORDED:
        actor = None if visitor is None else visitor.user
        await _record(request, "rate.limited", f"{rate.name} {key}", actor, rate=rate.name)
    raise RateLimited("too many requests; wait before the next one", retry_after_s=max(1, math.ceil(allowance.reset_s)))


async def record_refusal(request: web.Request, route: AnyRoute) -> None:
    """Somebody tried what their roles, their token or the page that they sent it from do not allow."""
    user = request.get(USER_ID)
    key = f"address {address_block(request[ORIGIN].address)}" if user is None else f"user {user}"
    await _record(request, "access.refused", f"{route.action} {key}", user, action=route.action)


async def _record(request: web.Request, type_: SecurityEventType, key: str, actor: str | None, **data: str) -> None:
    """Once in a while for one key. The answer is the same one when it cannot be written."""
    services = request.app[SERVICES]
    if (await services.limiter.hit(RECORDED_AGAIN, f"{type_} {key}")).is_allowed:
        with suppress(Refused):
            await services.security_log.record(type_, request[ORIGIN], actor=actor, **data)


def rate_at(rate: Rate, address: str) -> Rate:
    """What an address may do: this machine's own more, for behind it stand many."""
    return rate._replace(amount=rate.amount * limits.OWN_MACHINE_FACTOR) if _is_own(address) else rate


async def show_allowance(request: web.Request, response: web.StreamResponse) -> None:
    """Whatever the answer is. For the application's `on_response_prepare`."""
    found = request.get(ALLOWANCE)
    if found is not None:
        rate, left = found
        response.headers["RateLimit-Policy"] = f'"{rate.name}";q={left.limit};w={int(rate.per_s)}'
        response.headers["RateLimit"] = f'"{rate.name}";r={left.remaining};t={math.ceil(left.reset_s)}'


def _is_own(address: str) -> bool:
    return address.startswith("127.") or address == "::1"
