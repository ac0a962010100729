"""What the API's calls are: said once, decoded from, encoded to and documented from the same msgspec types."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from aiohttp import web

from meetserver import access
from meetserver.accounts.sessions import Caller
from meetserver.errors import Unauthenticated
from meetserver.http.services import ORIGIN, Services
from meetserver.ids import SHARD_PATTERN
from meetserver.ports import Origin

B = TypeVar("B")
Q = TypeVar("Q")
R = TypeVar("R")

Method: TypeAlias = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
API = "/api/v1"
ID_PATTERN = r"^[A-Za-z0-9]{1,64}$"
_ANY_PART = re.compile(ID_PATTERN)
_PARTS = {"shard_id": re.compile(SHARD_PATTERN)}
"""Parts of paths that are no ids of ours."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Call(Generic[B, Q]):
    """One decoded request. `body` and `query` are None where the route has none."""

    services: Services
    request: web.Request
    body: B
    query: Q
    visitor: Caller | None

    @property
    def caller(self) -> Caller:
        if self.visitor is None:
            raise Unauthenticated("sign in first")
        return self.visitor

    @property
    def origin(self) -> Origin:
        """Where the request came from, for limits and for the security log."""
        return self.request[ORIGIN]

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]


def part_pattern(name: str) -> re.Pattern[str]:
    """What a part of a path may be."""
    return _PARTS.get(name, _ANY_PART)


AnyCall: TypeAlias = Call[Any, Any]


@dataclass(frozen=True, slots=True)
class Reply(Generic[R]):
    """An answer with more than a body. `page_session`: set the page's cookie to this session; "" takes it away.
    `visitor`: set the cookie that the browser is known again by to this id."""

    body: R
    headers: Mapping[str, str] = field(default_factory=dict)
    page_session: str | None = None
    visitor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[B, Q, R]):
    """One operation. `action` is the row of the access table that says who may. `answer` None is a 204, or
    a redirect. `problems` are statuses beside those that follow from the rest. `takes_room_token`: a session of the
    room may call as well, by `Authorization: Session <resume token>`."""

    method: Method
    path: str
    action: str
    handler: Callable[[Call[B, Q]], Awaitable[R | Reply[R] | web.StreamResponse]]
    summary: str
    tag: str
    answer: Any = None
    status: int = 200
    body: Any = None
    query: Any = None
    problems: Sequence[int] = ()
    if_match: bool = False
    at_root: bool = False
    takes_room_token: bool = False
    takes_form: bool = False
    """The body is a form with the file `file`, which the handler reads as it comes."""
    streams: bool = False
    """The handler answers by itself, with bytes that are no JSON."""
    rate: str | None = None
    """A class of limits.RATES other than the one that follows from action and method (http/rates.py)."""

    @property
    def rule(self) -> access.Rule:
        return access.ACTIONS[self.action]

    @property
    def takes_guests(self) -> bool:
        return "guest" in self.rule.roles

    @property
    def full_path(self) -> str:
        return self.path if self.at_root else API + self.path

    @property
    def matched_path(self) -> str:
        """As the router has it: `/files/uploads` is no file."""
        return self.full_path.replace("{file_id}", "{file_id:(?!uploads$)[^/]+}")

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def empty_status(self) -> int:
        """Of an answer without a body: 204, or where it redirects to."""
        return 204 if self.status == 200 else self.status

    @property
    def path_parts(self) -> list[str]:
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]

    @property
    def takes_idempotency_key(self) -> bool:
        return self.method == "POST"

    @property
    def problem_statuses(self) -> list[int]:
        """Every status above 399 that this operation can answer, faults of the server aside."""
        statuses = set(self.problems)
        if self.body is not None:
            statuses |= {400, 413, 415}
        if self.query is not None:
            statuses.add(400)
        if not self.rule.is_open:
            statuses |= {401, 403}
        if self.method not in SAFE_METHODS:
            statuses.add(403)
        statuses.add(429)
        if self.path_parts:
            statuses.add(404)
        if self.takes_idempotency_key:
            statuses |= {400, 409}
        if self.if_match:
            statuses |= {400, 412}
        return sorted(statuses)


AnyRoute: TypeAlias = Route[Any, Any, Any]
