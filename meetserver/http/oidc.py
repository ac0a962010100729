"""/auth/oidc and /users/me/identities: signing in by OpenID Connect providers.

A browser comes to `start` and `callback` by following links, so both answer with where to go on to. What went wrong
stands in the address of the front page: `/?sign_in=<error code>`; what is still to be shown, a second factor, at
`/#factor=<FactorChallenge as base64url JSON>&next=<path>`.
"""

import re
from base64 import urlsafe_b64encode
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from meetserver import limits
from meetserver.accounts.factor_messages import FactorChallenge
from meetserver.accounts.messages import Request
from meetserver.accounts.oidc import Answer, Arrived
from meetserver.config import Config
from meetserver.errors import BadMessage, NotFound, Refused
from meetserver.http.factors import factor_challenge
from meetserver.http.origins import is_foreign
from meetserver.http.peer import base_url
from meetserver.http.registry import API, AnyCall, AnyRoute, Call, Reply, Route
from meetserver.http.signing_in import sign_in
from meetserver.wire import timestamp

# A path of this site and nothing else: `//host` and `/\host` are other sites to a browser.
NEXT_PATTERN: Final = r"^/(?![/\\])[\x21-\x5b\x5d-\x7e]*$"
Next = Annotated[str, Meta(max_length=limits.OIDC_NEXT_CHARS, pattern=NEXT_PATTERN)]
STATE_CHARS: Final = 64
_VISIBLE: Final = r"^[\x20-\x7e]*$"
_next = re.compile(NEXT_PATTERN)


class StartQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`next`: a path of this site to go on to."""

    next: Next = "/"


class CallbackQuery(Struct, frozen=True):
    """OpenID Connect Core 1.0, 3.1.2.5 and 3.1.2.6; `iss`: RFC 9207. Providers add fields of their own."""

    state: Annotated[str, Meta(max_length=STATE_CHARS, pattern=_VISIBLE)] = ""
    code: Annotated[str, Meta(max_length=limits.OIDC_CODE_CHARS, pattern=_VISIBLE)] = ""
    iss: Annotated[str, Meta(max_length=limits.OIDC_ISSUER_CHARS, pattern=_VISIBLE)] = ""


class ProviderShown(Struct, frozen=True):
    name: str
    title: str
    start: Annotated[str, Meta(description="Where to send the browser, with `?next=`")]


class ProvidersShown(Struct, frozen=True):
    items: list[ProviderShown]


class Link(Request, frozen=True):
    provider: Annotated[str, Meta(max_length=32)]
    next: Next = "/"


class LinkBegun(Struct, frozen=True):
    """Send the browser to `url`; it comes back to `next`, with the identity linked."""

    url: str


class IdentityShown(Struct, frozen=True):
    id: str
    provider: str
    title: str
    created_at: str
    last_used_at: str


class IdentitiesShown(Struct, frozen=True):
    items: list[IdentityShown]


async def list_providers(call: Call[None, None]) -> ProvidersShown:
    providers = call.services.sso.providers
    return ProvidersShown([ProviderShown(p.name, p.shown, f"{API}/auth/oidc/{p.name}/start") for p in providers])


async def start_sign_in(call: Call[None, StartQuery]) -> Reply[None]:
    """From a page of ours only: nobody is signed in by a link that somebody else put somewhere."""
    if is_foreign(call.request, call.services.config):
        return Reply(None, {"Location": "/"})
    name = call.part("name")
    begun = await call.services.sso.begin(name, redirect_uri=_callback_url(call, name), next_=_checked(call.query.next))
    return _go_to(begun.url, _cookie(call.services.config, begun.browser_secret))


async def finish_sign_in(call: Call[None, CallbackQuery]) -> Reply[None]:
    config, query = call.services.config, call.query
    answer = Answer(query.state, query.code or None, query.iss or None)
    secret = call.request.cookies.get(cookie_name(config), "")
    forget = _cookie(config, "")
    try:
        arrived = await _arrived(call, answer, secret)
        if arrived.account is None:
            return _go_to(arrived.next, forget)
        challenge = await factor_challenge(call, arrived.account, "oidc") if arrived.asks_factor else None
        if challenge is not None:
            return _go_to(_factor_page(challenge, arrived.next), forget)
        signed_in = await sign_in(call, arrived.account, ["oidc"], cookie=True)
    except NotFound:
        raise
    except Refused as error:
        return _go_to(f"/?{urlencode({'sign_in': error.code})}", forget)
    headers = {"Location": arrived.next, "Set-Cookie": forget}
    return Reply(None, headers, signed_in.page_session, signed_in.visitor)


async def _arrived(call: AnyCall, answer: Answer, secret: str) -> Arrived:
    try:
        return await call.services.sso.finish(call.part("name"), answer, secret, call.origin)
    except NotFound:
        raise
    except Refused as error:
        await call.services.security_log.record(
            "login.failed", call.origin, actor=None, provider=call.part("name"), reason=error.code
        )
        raise


async def link_identity(call: Call[Link, None]) -> Reply[LinkBegun]:
    name = call.body.provider
    begun = await call.services.sso.begin(
        name, redirect_uri=_callback_url(call, name), next_=_checked(call.body.next), link_to=call.caller
    )
    cookie = _cookie(call.services.config, begun.browser_secret)
    return Reply(LinkBegun(begun.url), {"Set-Cookie": cookie})


async def list_identities(call: Call[None, None]) -> IdentitiesShown:
    titles = {provider.name: provider.shown for provider in call.services.sso.providers}
    rows = await call.services.sso.identities.of_user(call.caller.user)
    return IdentitiesShown(
        [
            IdentityShown(
                row.id,
                row.provider,
                titles.get(row.provider, row.provider),
                timestamp(row.created_at),
                timestamp(row.last_used_at),
            )
            for row in rows
        ]
    )


async def unlink_identity(call: Call[None, None]) -> None:
    await call.services.sso.identities.unlink(call.caller.user, call.part("identity_id"), call.origin)


def cookie_name(config: Config) -> str:
    return "__Host-meet-oidc" if config.url.startswith("https://") else "meet-oidc"


def _cookie(config: Config, secret: str) -> str:
    """Set-Cookie for a sign-in under way; "" takes it away. Lax: the browser comes back from another site."""
    cookie: web.Response = web.Response()
    cookie.set_cookie(
        cookie_name(config),
        secret,
        max_age=int(limits.OIDC_LIFE_S) if secret else 0,
        path="/",
        secure=config.url.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
    return cookie.cookies[cookie_name(config)].OutputString()


def _callback_url(call: AnyCall, name: str) -> str:
    return f"{base_url(call.request, call.services.config)}{API}/auth/oidc/{name}/callback"


def _factor_page(challenge: FactorChallenge, next_: str) -> str:
    """The front page asks for the second factor. Behind the #, which no server and no log gets to see."""
    encoded = urlsafe_b64encode(msgspec.json.encode(challenge)).decode().rstrip("=")
    return f"/#{urlencode({'factor': encoded, 'next': next_})}"


def _checked(path: str) -> str:
    """The pattern once more, to its very end: what types check would let a line end through there."""
    if not _next.fullmatch(path):
        raise BadMessage("next must be a path of this site")
    return path


def _go_to(where: str, cookie: str) -> Reply[None]:
    return Reply(None, {"Location": where, "Set-Cookie": cookie})


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/auth/oidc",
        handler=list_providers,
        action="auth.sign_in",
        answer=ProvidersShown,
        tag="accounts",
        summary="The OpenID Connect providers that one can sign in by.",
    ),
    Route(
        method="GET",
        path="/auth/oidc/{name}/start",
        handler=start_sign_in,
        action="auth.sign_in",
        query=StartQuery,
        status=303,
        problems=[503],
        tag="accounts",
        summary="Send a browser to the provider. It comes back signed in, to the path `next`.",
    ),
    Route(
        method="GET",
        path="/auth/oidc/{name}/callback",
        handler=finish_sign_in,
        action="auth.sign_in",
        query=CallbackQuery,
        status=303,
        tag="accounts",
        summary="Where the provider sends the browser back to.",
    ),
    Route(
        method="GET",
        path="/users/me/identities",
        handler=list_identities,
        action="account.read",
        answer=IdentitiesShown,
        tag="accounts",
        summary="The accounts at providers that sign in to the caller's account.",
    ),
    Route(
        method="POST",
        path="/users/me/identities",
        handler=link_identity,
        action="account.secure",
        body=Link,
        answer=LinkBegun,
        problems=[404, 503],
        tag="accounts",
        summary="Link an account at a provider to the caller's: send the browser to the answer's `url`.",
    ),
    Route(
        method="DELETE",
        path="/users/me/identities/{identity_id}",
        handler=unlink_identity,
        action="account.secure",
        problems=[409],
        tag="accounts",
        summary="Have it sign in no more. The last way to sign in stays.",
    ),
]
