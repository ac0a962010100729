"""Talking to one OpenID Connect provider: where its endpoints are, which keys it signs with, a code for tokens.

Its addresses come from its own metadata, which is read from the configured issuer only and must name that issuer.
"""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

import jwt
import msgspec
from msgspec import Struct

from meetserver import limits
from meetserver.accounts.oidc_settings import Provider, is_fit
from meetserver.accounts.oidc_tokens import ALGORITHMS, NOT_VALID, Identity, check_id_token, identity_of, key_id
from meetserver.errors import Unauthenticated, Unavailable
from meetserver.ports import Clock

T = TypeVar("T")


class Answered(Struct, frozen=True):
    status: int
    body: object
    """Of any JSON type; None where it is no JSON."""


class Web(Protocol):
    """Calls to other servers: bounded in time and size, no redirect followed. Raises Unavailable."""

    async def get(self, url: str, headers: Mapping[str, str] = {}) -> Answered: ...

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str] = {}) -> Answered: ...


class Metadata(Struct, frozen=True):
    """OpenID Connect Discovery 1.0, 3, as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _KeySet(Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Tokens(Struct, frozen=True):
    id_token: str
    access_token: str = ""


class ProviderClient:
    def __init__(self, provider: Provider, web: Web, clock: Clock) -> None:
        self.provider = provider
        self._web = web
        self._clock = clock
        self._lock = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._metadata_until = clock.now()
        self._failed_until = clock.now()
        self._keys: list[tuple[str | None, jwt.PyJWK]] = []
        self._keys_again_at = clock.now()

    async def authorization_url(self, *, redirect_uri: str, state: str, nonce: str, challenge: str) -> str:
        """Where the browser goes. `challenge`: of PKCE, S256 (RFC 7636). Raises Unavailable."""
        metadata = await self.metadata()
        fields = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = metadata.authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(fields)}"

    async def identify(self, code: str, *, redirect_uri: str, verifier: str, nonce: str) -> Identity:
        """Who signed in there, for the code that the browser came back with. Raises Unauthenticated, Unavailable."""
        metadata = await self.metadata()
        tokens = await self._exchange(metadata, code, redirect_uri, verifier)
        keys = await self._keys_for(metadata, key_id(tokens.id_token))
        now = self._clock.now()
        claims = check_id_token(tokens.id_token, keys, self.provider, nonce, tokens.access_token, now)
        if self._lacks(claims) and metadata.userinfo_endpoint is not None and tokens.access_token:
            claims = await self._user_info(metadata.userinfo_endpoint, tokens.access_token, claims) | claims
        return identity_of(claims, self.provider)

    def check_issuer(self, metadata: Metadata, issuer: str | None) -> None:
        """`iss` beside the code: that it was this provider which answered (RFC 9207). Raises Unauthenticated."""
        is_missing = issuer is None and metadata.authorization_response_iss_parameter_supported
        if is_missing or issuer not in (None, self.provider.issuer):
            raise Unauthenticated(NOT_VALID)

    async def metadata(self) -> Metadata:
        """Kept for a while; after a failure not asked for again at once. Raises Unavailable."""
        async with self._lock:
            now = self._clock.now()
            if self._metadata is not None and now < self._metadata_until:
                return self._metadata
            if now < self._failed_until:
                raise self._away()
            self._failed_until = now + timedelta(seconds=limits.OIDC_AGAIN_S)
            url = f"{self.provider.issuer.rstrip('/')}/.well-known/openid-configuration"
            self._metadata = self._checked(await self._get(url, Metadata))
            self._keys = []  # what the provider has withdrawn is not trusted for longer than this either
            self._failed_until = now
            self._metadata_until = now + timedelta(seconds=limits.OIDC_METADATA_LIFE_S)
            return self._metadata

    def _checked(self, metadata: Metadata) -> Metadata:
        endpoints = [metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri]
        if metadata.userinfo_endpoint is not None:
            endpoints.append(metadata.userinfo_endpoint)
        is_plain = self.provider.issuer.startswith("http:")
        are_fit = all(is_fit(url) and (is_plain or url.startswith("https:")) for url in endpoints)
        if metadata.issuer != self.provider.issuer or not are_fit:
            raise self._away()
        return metadata

    async def _exchange(self, metadata: Metadata, code: str, redirect_uri: str, verifier: str) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self.provider.client_id,
            "code_verifier": verifier,
        }
        headers = {}
        if self.provider.client_secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            headers["Authorization"] = _basic(self.provider.client_id, self.provider.client_secret)
        elif self.provider.client_secret:
            form["client_secret"] = self.provider.client_secret
        answer = await self._web.post(metadata.token_endpoint, form, headers)
        if answer.status >= 500:
            raise self._away()
        if answer.status != 200:
            raise Unauthenticated("the provider does not know this sign-in, or it is over")
        return self._read(answer, _Tokens)

    async def _keys_for(self, metadata: Metadata, kid: str | None) -> list[jwt.PyJWK]:
        """Those that may have signed. A key that is not known is looked for, not more often than now and then."""
        found = self._named(kid)
        now = self._clock.now()
        if not found and now >= self._keys_again_at:
            self._keys_again_at = now + timedelta(seconds=limits.OIDC_AGAIN_S)
            self._keys = _signing_keys(await self._get(metadata.jwks_uri, _KeySet))
            found = self._named(kid)
        return found

    def _named(self, kid: str | None) -> list[jwt.PyJWK]:
        return [key for name, key in self._keys if kid is None or name == kid]

    def _lacks(self, claims: Mapping[str, Any]) -> bool:
        groups_matter = bool(self.provider.group_roles)
        return "email" not in claims or (groups_matter and self.provider.group_claim not in claims)

    async def _user_info(self, url: str, access_token: str, claims: Mapping[str, Any]) -> dict[str, Any]:
        """OpenID Connect Core 1.0, 5.3.2: only of the very same subject."""
        answer = await self._web.get(url, {"Authorization": f"Bearer {access_token}"})
        more = self._read(answer, dict[str, Any])
        if more.get("sub") != claims["sub"]:
            raise Unauthenticated(NOT_VALID)
        return more

    async def _get(self, url: str, kind: type[T]) -> T:
        return self._read(await self._web.get(url), kind)

    def _read(self, answer: Answered, kind: type[T]) -> T:
        if answer.status != 200:
            raise self._away()
        try:
            return msgspec.convert(answer.body, kind)
        except msgspec.ValidationError:
            raise self._away() from None

    def _away(self) -> Unavailable:
        return Unavailable(f"{self.provider.shown} cannot be asked right now", retry_after_s=limits.OIDC_AGAIN_S)


def _signing_keys(key_set: _KeySet) -> list[tuple[str | None, jwt.PyJWK]]:
    """Without those that are for something else, or that we do not understand (RFC 7517, 5)."""
    keys: list[tuple[str | None, jwt.PyJWK]] = []
    for raw in key_set.keys[: limits.OIDC_KEYS]:
        try:
            key = jwt.PyJWK(raw)
        except (jwt.InvalidTokenError, jwt.PyJWTError, ValueError, TypeError, KeyError):
            continue
        if _is_for_signatures(raw) and key.algorithm_name in ALGORITHMS:
            keys.append((raw.get("kid"), key))
    return keys


def _is_for_signatures(raw: Mapping[str, Any]) -> bool:
    """As far as it says what it is for (RFC 7517, 4.2 and 4.3)."""
    operations = raw.get("key_ops", ["verify"])
    return raw.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749, 2.3.1: both are form-encoded first."""
    return "Basic " + b64encode(f"{quote(client_id, safe='')}:{quote(secret, safe='')}".encode()).decode()
