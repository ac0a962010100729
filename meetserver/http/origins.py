"""Which pages may call: those that this server served, and those of configured origins."""

from urllib.parse import urlsplit

from aiohttp import web

from meetserver.config import Config
from meetserver.http.peer import peer_of


def is_own_origin(origin: str, request: web.Request, config: Config) -> bool:
    """Whether a page of `origin` (the header's value) is the server's own or a configured one.

    A browser's Origin and Host cannot be chosen by a foreign page, so being alike proves the same origin also where
    no public URL is set, or the page is open at another of the server's addresses. A proxy may have ended TLS.
    """
    if origin in config.allowed_origins:
        return True
    asked = urlsplit(origin)
    if config.public_url:
        public = urlsplit(config.public_url)
        if (asked.scheme, asked.netloc) == (public.scheme, public.netloc):
            return True
    peer = peer_of(request, config)
    return asked.netloc == peer.host and asked.scheme in {peer.scheme, "https"}


def is_foreign(request: web.Request, config: Config) -> bool:
    """Whether a browser says that a page of somebody else's sent this."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return not is_own_origin(origin, request, config)
    return request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}
