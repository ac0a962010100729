"""The HTTP side of the protocol, as much of it as a client needs to get into a room."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import msgspec
from msgspec import Struct

from meetserver.client.errors import ApiError, ConnectionLost, FactorNeeded, ProtocolViolation

T = TypeVar("T")


class Tokens(Struct, frozen=True):
    """`expires_in` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: float


class LoginAnswer(Struct, frozen=True):
    """Tokens; or, where there are `methods`, a challenge for a second factor."""

    expires_in: float
    access_token: str = ""
    refresh_token: str = ""
    token: str = ""
    methods: tuple[str, ...] = ()


class Registered(Struct, frozen=True):
    """`verification` is `required` when a mailed link must be opened before the first login."""

    email: str
    name: str
    verification: str = ""


class Meeting(Struct, frozen=True):
    """A meeting; `join_url` is for people."""

    id: str
    room_id: str
    join_url: str
    title: str = ""


class JoinOffer(Struct, frozen=True):
    """What gets a client into a room: a ticket for one use within 30 s, and where to use it."""

    ticket: str
    ws_url: str
    room_id: str = ""
    ice_servers: tuple[dict[str, Any], ...] = ()


class Problem(Struct, frozen=True):
    """RFC 9457, as the server writes it."""

    code: str = "internal"
    title: str = ""
    detail: str = ""
    retry_after_s: float | None = None


class Api:
    """Calls to one server, as one user once logged in. An async context manager.

    Every call raises ApiError for an answer that is not 2xx, and ConnectionLost when there is none.
    """

    def __init__(self, base_url: str, *, http: aiohttp.ClientSession | None = None) -> None:
        """`http` is a session to share, which is then not closed here."""
        self._base_url = base_url.rstrip("/")
        self._http = http
        self._owns_http = http is None
        self.tokens: Tokens | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._owns_http and self._http is not None:
            await self._http.close()
            self._http = None

    async def register(self, email: str, password: str, name: str) -> Registered:
        return await self._post("/auth/register", Registered, {"email": email, "password": password, "name": name})

    async def login(self, email: str, password: str) -> Tokens:
        """The tokens are also kept for the calls that follow. Raises FactorNeeded."""
        answer = await self._post("/auth/login", LoginAnswer, {"email": email, "password": password})
        if answer.methods:
            raise FactorNeeded(answer.token, answer.methods)
        self.tokens = Tokens(answer.access_token, answer.refresh_token, answer.expires_in)
        return self.tokens

    async def answer_factor(self, token: str, *, totp: str = "", recovery_code: str = "") -> Tokens:
        """The second step: `token` is the FactorNeeded's, `totp` a code of an authenticator app."""
        body = {"token": token, "totp": totp, "recovery_code": recovery_code}
        self.tokens = await self._post(
            "/auth/login/factor", Tokens, {key: value for key, value in body.items() if value}
        )
        return self.tokens

    async def refresh(self) -> Tokens:
        """New tokens for the kept ones; call it before `expires_in` is over."""
        if self.tokens is None:
            raise ApiError(401, "unauthenticated", "not logged in")
        body = {"refresh_token": self.tokens.refresh_token}
        self.tokens = await self._post("/auth/refresh", Tokens, body)
        return self.tokens

    async def create_meeting(self, title: str, **fields: Any) -> Meeting:
        """`fields` as in the protocol: starts_at, duration_min, settings, …"""
        return await self._post("/meetings", Meeting, {"title": title, **fields})

    async def join(self, meeting_id: str, *, name: str | None = None, passcode: str | None = None) -> JoinOffer:
        """Ask to join, as the logged-in user, or as a guest called `name`."""
        body = {key: value for key, value in (("name", name), ("passcode", passcode)) if value is not None}
        return await self._post(f"/meetings/{meeting_id}/join", JoinOffer, body)

    async def call(self, method: str, path: str, into: type[T], body: Mapping[str, Any] | None = None) -> T:
        """Any other call of the API; `path` is that below /api/v1. What it answers, read as an `into`; None where that
        is empty."""
        if self._http is None:
            self._http = aiohttp.ClientSession()
        headers = {"Authorization": f"Bearer {self.tokens.access_token}"} if self.tokens else {}
        url = f"{self._base_url}/api/v1{path}"
        try:
            async with self._http.request(method, url, json=body, headers=headers, allow_redirects=False) as response:
                content = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionLost(str(error) or type(error).__name__) from error
        if response.status >= 300:
            raise _api_error(response.status, content)
        try:
            return msgspec.json.decode(content or b"null", type=into)
        except msgspec.DecodeError as error:
            raise ProtocolViolation(f"{path} answered what cannot be read: {error}") from error

    async def _post(self, path: str, into: type[T], body: Mapping[str, Any]) -> T:
        return await self.call("POST", path, into, body)


def _api_error(status: int, content: bytes) -> ApiError:
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except msgspec.DecodeError:
        problem = Problem(title=content[:200].decode(errors="replace"))
    return ApiError(status, problem.code, problem.detail or problem.title, problem.retry_after_s)
