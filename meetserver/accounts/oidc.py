"""Signing in by OpenID Connect providers: Authorization Code with PKCE, state, nonce (RFC 9700, 2.1).

Who is sent to a provider takes a state along and leaves a secret behind in a cookie. Only both together, once, and
within limits.OIDC_LIFE_S make the answer count: nobody can be signed in with somebody else's code.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
from msgspec import Struct

from meetserver import limits
from meetserver.accounts.challenges import Challenges
from meetserver.accounts.identities import Identities
from meetserver.accounts.links import Post
from meetserver.accounts.oidc_provider import ProviderClient, Web
from meetserver.accounts.oidc_settings import Provider, read_providers
from meetserver.accounts.oidc_tokens import NOT_VALID
from meetserver.accounts.sessions import Caller
from meetserver.accounts.store import Account
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import Forbidden, NotFound, Unauthenticated
from meetserver.ids import UserId
from meetserver.ports import Clock, Origin, Random, Sealer, SecurityLog

OVER: Final = "this sign-in was not begun here, is done, or took too long: begin again"


class _Asked(Struct, frozen=True):
    """What is known of a sign-in that is under way; sealed at rest."""

    provider: str
    nonce: str
    verifier: str
    browser_hash: str
    redirect_uri: str
    next: str
    link_session: str


class Begun(Struct, frozen=True):
    """Where to send the browser, and what to leave in its cookie."""

    url: str
    browser_secret: str


class Answer(Struct, frozen=True):
    """What a browser brings back from a provider."""

    state: str
    code: str | None
    issuer: str | None


class Arrived(Struct, frozen=True):
    """Who has come back, and what they wanted to see. `account` None: it was to be linked, and is."""

    account: Account | None
    next: str
    asks_factor: bool
    """The provider's word alone is not enough for an account with a second factor."""


def open_sso(
    config: Config,
    web: Web,
    database: Database,
    sealer: Sealer,
    post: Post,
    clock: Clock,
    random: Random,
    security_log: SecurityLog,
) -> "SingleSignOn":
    """With the configured providers. Raises ConfigError."""
    is_open = config.registration == "open"
    identities = Identities(database, post, clock, random, security_log, registration_is_open=is_open)
    challenges = Challenges(database, sealer, clock, random)
    clients = [ProviderClient(provider, web, clock) for provider in read_providers(config.oidc_providers)]
    return SingleSignOn(clients, identities, challenges, database, random)


class SingleSignOn:
    def __init__(
        self,
        clients: Sequence[ProviderClient],
        identities: Identities,
        challenges: Challenges,
        database: Database,
        random: Random,
    ) -> None:
        self._clients = {client.provider.name: client for client in clients}
        self.identities = identities
        self._database = database
        self._challenges = challenges
        self._random = random

    @property
    def providers(self) -> list[Provider]:
        return [client.provider for client in self._clients.values()]

    async def begin(self, name: str, *, redirect_uri: str, next_: str, link_to: Caller | None = None) -> Begun:
        """`redirect_uri`: where the provider sends the browser back to; `next_`: a path of ours to go on to;
        `link_to`: not to sign in, but to link the identity to the caller's account, as long as their session stands.
        Raises NotFound, Unavailable."""
        client = self._client(name)
        browser_secret = self._random.secret()
        asked = _Asked(
            provider=name,
            nonce=self._random.secret(),
            verifier=self._random.secret(),
            browser_hash=_hash(browser_secret),
            redirect_uri=redirect_uri,
            next=next_,
            link_session="" if link_to is None else link_to.session,
        )
        await client.metadata()  # nothing is written down for a provider that is away
        user = None if link_to is None else link_to.user
        state = await self._challenges.issue("oidc", user, msgspec.to_builtins(asked), limits.OIDC_LIFE_S)
        url = await client.authorization_url(
            redirect_uri=redirect_uri, state=state, nonce=asked.nonce, challenge=_challenge(asked.verifier)
        )
        return Begun(url, browser_secret)

    async def finish(self, name: str, answer: Answer, browser_secret: str, origin: Origin) -> Arrived:
        """Raises NotFound for an unknown provider, Unauthenticated, Forbidden, Conflict, Unavailable."""
        client = self._client(name)
        asked, link_to = await self._take(answer.state)
        if asked.provider != name or not hmac.compare_digest(asked.browser_hash, _hash(browser_secret)):
            raise Unauthenticated(NOT_VALID)
        client.check_issuer(await client.metadata(), answer.issuer)
        if answer.code is None:
            raise Forbidden("the provider let nobody in")
        identity = await client.identify(
            answer.code, redirect_uri=asked.redirect_uri, verifier=asked.verifier, nonce=asked.nonce
        )
        if link_to is not None:
            await self.identities.link(link_to, asked.link_session, client.provider, identity, origin)
            return Arrived(None, asked.next, False)
        account = await self.identities.account_for(client.provider, identity, origin)
        return Arrived(account, asked.next, not client.provider.trusted)

    async def _take(self, state: str) -> tuple[_Asked, UserId | None]:
        """What was asked; at most one caller gets it, whatever comes of it."""
        challenge = await self._challenges.attempt(state, "oidc")
        if challenge is None or not await self._database.run(partial(self._challenges.use, challenge=challenge)):
            raise Unauthenticated(OVER)
        return msgspec.convert(challenge.state, _Asked), challenge.user

    def _client(self, name: str) -> ProviderClient:
        client = self._clients.get(name)
        if client is None:
            raise NotFound("there is no such provider")
        return client


def _challenge(verifier: str) -> str:
    """RFC 7636, 4.2: S256."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
