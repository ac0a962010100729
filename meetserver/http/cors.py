"""Pages of configured other origins may call the API, with tokens and never with our cookie."""

from collections.abc import Iterable

import aiohttp_cors
from aiohttp import web


def allow_origins(app: web.Application, origins: list[str], routes: Iterable[web.AbstractRoute]) -> None:
    """Nothing is added where no origin is configured: then OPTIONS stays 405."""
    if not origins:
        return
    options = aiohttp_cors.ResourceOptions(  # type: ignore[no-untyped-call]
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "X-Request-Id"],
        expose_headers=["ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id"],
        max_age=600,
    )
    cors = aiohttp_cors.setup(app, defaults=dict.fromkeys(origins, options))
    for route in routes:
        cors.add(route)
