"""The page's cookie session: an encrypted cookie that holds the id of a session row, and nothing else.

aiohttp-session's storage is used by itself: only the few answers that sign a page in or out set a cookie.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import Any

from aiohttp import web
from aiohttp_session.cookie_storage import EncryptedCookieStorage

from meetserver.config import Config
from meetserver.http.services import SERVICES, Keys

CSRF_HEADER = "X-CSRF-Token"
_SESSION = "auth_session"


class PageCookies(EncryptedCookieStorage):
    """`__Host-meet` over https, which no other host or path can set (RFC 6265bis), else `meet`."""

    def __init__(self, config: Config, keys: Keys) -> None:
        self._is_secure = config.url.startswith("https://")
        super().__init__(
            keys.derive("page-cookie"),
            cookie_name=cookie_name(config),
            max_age=config.refresh_token_life_s,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="Lax",
        )

    def load_cookie(self, request: web.Request) -> str | None:
        """None where it cannot be ours: bytes that are no text would break what opens it."""
        cookie: str | None = super().load_cookie(request)
        return cookie if cookie is None or cookie.isascii() else None

    def save_cookie(self, response: web.StreamResponse, cookie_data: str, **options: Any) -> None:
        if cookie_data:
            super().save_cookie(response, cookie_data, **options)
        else:  # a browser ignores the deletion of a __Host- cookie that is not marked as the cookie was
            response.del_cookie(self.cookie_name, path="/", secure=self._is_secure, httponly=True, samesite="Lax")


PAGE_COOKIES: web.AppKey[PageCookies] = web.AppKey("page_cookies", PageCookies)


def cookie_name(config: Config) -> str:
    return "__Host-meet" if config.url.startswith("https://") else "meet"


async def page_session(request: web.Request) -> str | None:
    """Id of the session that the request's cookie names."""
    named = (await request.app[PAGE_COOKIES].load_session(request)).get(_SESSION)
    return named if isinstance(named, str) else None


async def set_page_session(request: web.Request, response: web.Response, session: str) -> None:
    """Name this session in the response's cookie; "" takes the cookie away."""
    cookies = request.app[PAGE_COOKIES]
    fresh = await cookies.new_session()
    if session:
        fresh[_SESSION] = session
    else:
        response.headers["Clear-Site-Data"] = '"storage"'  # which the page may have had no time to do itself
    await cookies.save_session(request, response, fresh)


def csrf_token(request: web.Request, session: str) -> str:
    """Goes with one session: whoever can read it in a page is that page."""
    key = request.app[SERVICES].keys.derive("csrf")
    return urlsafe_b64encode(hmac.digest(key, session.encode(), hashlib.sha256)).decode().rstrip("=")


def has_csrf_token(request: web.Request, session: str) -> bool:
    sent = request.headers.get(CSRF_HEADER, "")
    return sent.isascii() and hmac.compare_digest(sent, csrf_token(request, session))
