"""Is it alive, should it get requests."""

from msgspec import Struct

from meetserver.errors import Unavailable
from meetserver.http.registry import AnyRoute, Call, Route

HEALTH_PATHS = frozenset({"/healthz", "/readyz"})


class Health(Struct, frozen=True):
    status: str = "ok"


async def healthz(call: Call[None, None]) -> Health:
    """While the loop runs."""
    return Health()


async def readyz(call: Call[None, None]) -> Health:
    reasons = call.services.ready()
    if reasons:
        raise Unavailable("; ".join(reasons), retry_after_s=1)
    return Health()


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/healthz",
        handler=healthz,
        action="service.read",
        answer=Health,
        at_root=True,
        tag="health",
        summary="200 while the process runs.",
    ),
    Route(
        method="GET",
        path="/readyz",
        handler=readyz,
        action="service.read",
        answer=Health,
        at_root=True,
        problems=[503],
        tag="health",
        summary="200 while the server should get requests.",
    ),
]
