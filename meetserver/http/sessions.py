"""/auth/sessions, /users/me/tokens and the public keys: by what one is signed in, and how that is ended."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from meetserver import limits
from meetserver.access import Scope
from meetserver.accounts.messages import Name, Request
from meetserver.accounts.session_store import SessionRow
from meetserver.accounts.signing_keys import Jwk
from meetserver.http.registry import AnyRoute, Call, Reply, Route
from meetserver.wire import timestamp

Scopes = Annotated[list[Scope], Meta(min_length=1, max_length=20)]
Aware = Annotated[datetime, Meta(tz=True)]


class SessionShown(Struct, frozen=True):
    """A device that is signed in. `kind` is `cookie` for a page, `token` for a program."""

    id: str
    kind: str
    user_agent: str
    address: Annotated[str, Meta(description="From where it was signed in")]
    methods: Annotated[list[str], Meta(description="How the owner has shown who they are")]
    created_at: str
    last_used_at: str
    expires_at: str
    current: Annotated[bool, Meta(description="Whether this request came by it")]


class SessionList(Struct, frozen=True):
    """The hundred that were used last; there is no next page."""

    items: list[SessionShown]
    next: None = None


class Ended(Struct, frozen=True):
    count: int


class NewToken(Request, frozen=True):
    """`expires_at` left out: in a year, which is as late as it may be."""

    name: Name
    scopes: Scopes
    expires_at: Aware | None = None


class TokenPatch(Request, frozen=True):
    name: Name | UnsetType = UNSET
    scopes: Scopes | UnsetType = UNSET


class TokenShown(Struct, frozen=True):
    id: str
    name: str
    scopes: list[Scope]
    created_at: str
    last_used_at: Annotated[str, Meta(description="To the hour; the time of its making until it was used")]
    expires_at: str


class TokenMade(TokenShown, frozen=True, kw_only=True):
    token: Annotated[str, Meta(description="Shown this once; goes into `Authorization: Bearer`")]


class TokenList(Struct, frozen=True):
    """All of them; there is no next page."""

    items: list[TokenShown]
    next: None = None


class Jwks(Struct, frozen=True):
    """Public keys of access tokens (RFC 7517)."""

    keys: list[Jwk]


async def list_sessions(call: Call[None, None]) -> SessionList:
    rows = await call.services.accounts.sessions.list_of(call.caller.user)
    return SessionList([_session(row, call.caller.session) for row in rows])


async def end_session(call: Call[None, None]) -> Reply[None]:
    session = call.part("session_id")
    await call.services.accounts.sessions.revoke_own(session, call.origin, call.caller.user)
    return Reply(None, page_session="" if call.caller.is_page and session == call.caller.session else None)


async def end_other_sessions(call: Call[None, None]) -> Ended:
    caller = call.caller
    sessions = call.services.accounts.sessions
    return Ended(await sessions.revoke_all(caller.user, call.origin, by=caller.user, keep=caller.session))


async def list_tokens(call: Call[None, None]) -> TokenList:
    rows = await call.services.accounts.personal.list_of(call.caller.user)
    return TokenList([_token(row) for row in rows])


async def create_token(call: Call[NewToken, None]) -> TokenMade:
    wish = call.body
    made = await call.services.accounts.personal.create(
        call.caller.user, wish.name, wish.scopes, wish.expires_at, call.origin
    )
    return TokenMade(**_shown(made.row), token=made.token)


async def update_token(call: Call[TokenPatch, None]) -> TokenShown:
    name = None if call.body.name is UNSET else call.body.name
    scopes = None if call.body.scopes is UNSET else call.body.scopes
    token = call.part("token_id")
    return _token(await call.services.accounts.personal.change(call.caller.user, token, name, scopes, call.origin))


async def revoke_token(call: Call[None, None]) -> None:
    await call.services.accounts.personal.revoke(call.caller.user, call.part("token_id"), call.origin)


async def read_jwks(call: Call[None, None]) -> Reply[Jwks]:
    keys = call.services.accounts.sessions.signing_keys.public()
    # Half as long as a new key is known before it signs.
    return Reply(Jwks(keys), {"Cache-Control": f"public, max-age={limits.KEY_SPREAD_S / 2:.0f}"})


def _session(row: SessionRow, current: str) -> SessionShown:
    return SessionShown(
        id=row.id,
        kind=row.kind,
        user_agent=row.user_agent,
        address=row.address,
        methods=row.methods or [],
        created_at=timestamp(row.created_at),
        last_used_at=timestamp(row.last_used_at),
        expires_at=timestamp(row.expires_at),
        current=row.id == current,
    )


def _token(row: SessionRow) -> TokenShown:
    return TokenShown(**_shown(row))


def _shown(row: SessionRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes or [],
        "created_at": timestamp(row.created_at),
        "last_used_at": timestamp(row.last_used_at),
        "expires_at": timestamp(row.expires_at),
    }


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/auth/sessions",
        handler=list_sessions,
        action="account.sessions",
        answer=SessionList,
        tag="accounts",
        summary="The caller's devices, the one used last first.",
    ),
    Route(
        method="DELETE",
        path="/auth/sessions",
        handler=end_other_sessions,
        action="account.sessions",
        answer=Ended,
        tag="accounts",
        summary="Sign out everywhere but here. Personal access tokens stay.",
    ),
    Route(
        method="DELETE",
        path="/auth/sessions/{session_id}",
        handler=end_session,
        action="account.sessions",
        tag="accounts",
        summary="Sign one device out: its tokens and its sockets end.",
    ),
    Route(
        method="GET",
        path="/users/me/tokens",
        handler=list_tokens,
        action="account.sessions",
        answer=TokenList,
        tag="accounts",
        summary="The caller's personal access tokens, without the tokens themselves.",
    ),
    Route(
        method="POST",
        path="/users/me/tokens",
        handler=create_token,
        action="account.secure",
        body=NewToken,
        answer=TokenMade,
        status=201,
        tag="accounts",
        summary="A personal access token for a program, with the scopes it needs. It is shown this once.",
    ),
    Route(
        method="PATCH",
        path="/users/me/tokens/{token_id}",
        handler=update_token,
        action="account.secure",
        body=TokenPatch,
        answer=TokenShown,
        tag="accounts",
        summary="Another name, other scopes, from the next use on.",
    ),
    Route(
        method="DELETE",
        path="/users/me/tokens/{token_id}",
        handler=revoke_token,
        action="account.sessions",
        tag="accounts",
        summary="End a personal access token at once.",
    ),
    Route(
        method="GET",
        path="/.well-known/jwks.json",
        handler=read_jwks,
        action="service.read",
        answer=Jwks,
        at_root=True,
        tag="accounts",
        summary="The public keys that access tokens are signed with.",
    ),
]
