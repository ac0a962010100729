"""Headers that browsers heed: a page of ours runs only our own scripts, in no frame, over https where we have it."""

from urllib.parse import urlsplit

from aiohttp import web

from meetserver.config import Config
from meetserver.http.peer import Peer, socket_url

SELF_ONLY = (
    "camera", "microphone", "display-capture", "fullscreen", "autoplay", "picture-in-picture", "screen-wake-lock",
    "clipboard-read", "clipboard-write", "publickey-credentials-create", "publickey-credentials-get",
)  # fmt: skip
NOBODY = (
    "accelerometer", "encrypted-media", "geolocation", "gyroscope", "hid", "magnetometer", "midi", "payment", "serial",
    "usb", "xr-spatial-tracking",
)  # fmt: skip

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join([*(f"{name}=(self)" for name in SELF_ONLY), *(f"{name}=()" for name in NOBODY)]),
}
HSTS = "max-age=31536000; includeSubDomains"


def add_headers(response: web.StreamResponse, config: Config, path: str, peer: Peer | None) -> None:
    """As far as the answer does not say itself. `peer` is None where the request's own headers made no sense."""
    response.headers["Server"] = "meetserver"  # and not which library of which version
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", content_security_policy(_own_sockets(config, peer)))
    # Who wants an answer to be kept says so.
    response.headers.setdefault("Cache-Control", "no-store")
    if config.url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    if config.allowed_origins and path.startswith("/api/"):
        response.headers.add("Vary", "Origin")


def _own_sockets(config: Config, peer: Peer | None) -> str:
    if peer is not None and not config.public_url:
        return socket_url(f"{peer.scheme}://{peer.host}")
    public = urlsplit(config.url)
    return socket_url(f"{public.scheme}://{public.netloc}")


def content_security_policy(sockets: str) -> str:
    """`sockets`: the origin of our own, which not every browser takes to be 'self' (CSP 3, 6.7.2.8)."""
    return "; ".join([
        "default-src 'self'",
        f"connect-src 'self' {sockets}",
        "media-src 'self' blob: mediastream:",
        "img-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ])  # fmt: skip
