"""Every GET of the API as somebody who may do all of it would ask, with each combination of its filters."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import combinations
from typing import Any, Final

from msgspec.structs import fields

from meetserver.adapters.memory.clock import START
from meetserver.http.registry import AnyRoute
from meetserver.http.routes import ROUTES

PAGING: Final = {"limit", "cursor"}

SAMPLES: Final[Mapping[str, str]] = {
    "actor": "nobody",
    "after": "1",
    "at": START.isoformat(),
    "before": "1000000",
    "page": "1",
    "part": "whiteboard",
    "first": "0",
    "format": "text",
    "px": "256",
    "q": "ann",
    "role": "admin",
    "shard": "one",
    "since": (START - timedelta(hours=1)).isoformat(),
    "subject": "nobody",
    "type": "password.changed",
    "types": "participant.joined,room.changed",
    "version": "v",
}
"""What lists may be asked for, by the names of their filters."""

NOT_LISTS: Final = {"start_sign_in", "finish_sign_in"}
"""Their queries are no filters."""


def reads() -> list[AnyRoute]:
    return [route for route in ROUTES if route.method == "GET"]


def lists() -> list[AnyRoute]:
    """Those that answer with items."""
    return [route for route in reads() if "items" in getattr(route.answer, "__struct_fields__", ())]


def path_of(route: AnyRoute, parts: Mapping[str, str]) -> str:
    """As tests' clients have it. A list of what is not there would show nothing: its parts must be known."""
    known = {name: "none" for name in route.path_parts if route not in lists()} | dict(parts)
    missing = set(route.path_parts) - set(known)
    assert not missing, f"GET {route.path} needs {missing}: given_items makes what it lists"
    path = route.path.format(**known)
    return f"/{path}" if route.at_root else path


def queries_of(route: AnyRoute) -> Iterator[dict[str, str]]:
    """Each combination of its filters."""
    if route.query is None or route.name in NOT_LISTS:
        yield {}
        return
    names = [field.encode_name for field in fields(route.query) if field.encode_name not in PAGING]
    missing = set(names) - set(SAMPLES)
    assert not missing, f"GET {route.path} has filters without a sample: {missing}"
    for count in range(len(names) + 1):
        for chosen in combinations(names, count):
            yield {name: SAMPLES[name] for name in chosen}


def has_pages(route: AnyRoute) -> bool:
    names: Any = () if route.query is None else route.query.__struct_fields__
    return "cursor" in names
