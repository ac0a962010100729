"""The cookie that tells a browser from others: a guest who was sent out stays out under another name too, and whoever
has signed in with it before is not kept waiting for what others try elsewhere (accounts/guard.py).

It is set when a guest joins and when a page signs in, stays when that signs out, and says nothing but a number of
ours, signed: a made-up one is as good as none.
"""

import hashlib
import hmac

from aiohttp import web

from meetserver import limits
from meetserver.config import Config
from meetserver.http.services import SERVICES, Keys

_NAME = "meet-visitor"
_SIGNATURE_BYTES = 16


def visitor_of(request: web.Request) -> str:
    """The id in the request's cookie; "" where there is none that we signed."""
    services = request.app[SERVICES]
    cookie = request.cookies.get(_cookie_name(services.config))
    if cookie is None:
        return ""
    id_, _, signature = cookie.partition(".")
    if not signature.isascii() or not hmac.compare_digest(signature, _signature(services.keys, id_)):
        return ""
    return id_


def set_visitor(request: web.Request, response: web.Response, visitor: str) -> None:
    services = request.app[SERVICES]
    response.set_cookie(
        _cookie_name(services.config),
        f"{visitor}.{_signature(services.keys, visitor)}",
        max_age=limits.VISITOR_LIFE_S,
        path="/",
        secure=_is_secure(services.config),
        httponly=True,
        samesite="Lax",
    )


def _cookie_name(config: Config) -> str:
    """As the page's: a __Host- cookie can be set by no other host or path (RFC 6265bis)."""
    return f"__Host-{_NAME}" if _is_secure(config) else _NAME


def _is_secure(config: Config) -> bool:
    return config.url.startswith("https://")


def _signature(keys: Keys, visitor: str) -> str:
    digest = hmac.digest(keys.derive("visitor-cookie"), visitor.encode(errors="replace"), hashlib.sha256)
    return digest[:_SIGNATURE_BYTES].hex()
