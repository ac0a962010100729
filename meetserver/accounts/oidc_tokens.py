"""ID tokens: what one must be for its words to count (OpenID Connect Core 1.0, 3.1.3.7; RFC 8725)."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import jwt
import msgspec
from msgspec import Meta, Struct

from meetserver import limits
from meetserver.accounts.oidc_settings import Provider
from meetserver.errors import Unauthenticated

ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
NOT_VALID: Final = "what the provider says of this sign-in is not valid"


class _Claims(Struct, frozen=True):
    iss: str
    sub: Annotated[str, Meta(min_length=1, max_length=255)]
    aud: str | list[str]
    exp: float
    iat: float
    nonce: str
    azp: str | None = None
    at_hash: str | None = None


class Identity(Struct, frozen=True):
    """Who somebody is at a provider. `groups` None: it did not say."""

    issuer: str
    subject: str
    email: str | None
    is_verified: bool
    name: str
    groups: frozenset[str] | None


def check_id_token(
    token: str, keys: Sequence[jwt.PyJWK], provider: Provider, nonce: str, access_token: str, now: datetime
) -> dict[str, Any]:
    """The claims of a token that one of `keys` signed, for us, for this very sign-in. Raises Unauthenticated."""
    for key in keys:
        try:
            decoded = jwt.decode_complete(token, key, ALGORITHMS, options=_BY_OUR_OWN_CLOCK)
            claims = msgspec.convert(decoded["payload"], _Claims)
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError):
            continue
        if _is_for_us(claims, provider, nonce, now) and _fits(claims.at_hash, access_token, decoded["header"]["alg"]):
            return dict(decoded["payload"])
    raise Unauthenticated(NOT_VALID)


# Issuer, audience and times are checked below: by our own clock, and as strictly as the specification has it.
_BY_OUR_OWN_CLOCK: Final[Any] = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
}


def key_id(token: str) -> str | None:
    """The `kid` that a token names, None where it names none. Raises Unauthenticated for what is no token."""
    try:
        named = jwt.get_unverified_header(token).get("kid")
    except (jwt.InvalidTokenError, ValueError):
        raise Unauthenticated(NOT_VALID) from None
    return named if isinstance(named, str) else None


def identity_of(claims: Mapping[str, Any], provider: Provider) -> Identity:
    """What it says about the person, as far as it can be used; only the JSON value true verifies an address."""
    email, name, groups = claims.get("email"), claims.get("name"), claims.get(provider.group_claim)
    return Identity(
        issuer=provider.issuer,
        subject=claims["sub"],
        email=email if isinstance(email, str) else None,
        is_verified=claims.get("email_verified") is True,
        name=name if isinstance(name, str) else "",
        groups=frozenset(g for g in groups if isinstance(g, str)) if isinstance(groups, list) else None,
    )


def _is_for_us(claims: _Claims, provider: Provider, nonce: str, now: datetime) -> bool:
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    skew = limits.OIDC_CLOCK_SKEW_S
    return (
        claims.iss == provider.issuer
        and provider.client_id in audience
        # Made for several: then it says to whom it was given.
        and (claims.azp == provider.client_id or (claims.azp is None and len(audience) == 1))
        and claims.exp > now.timestamp() - skew
        and claims.iat < now.timestamp() + skew
        and hmac.compare_digest(claims.nonce.encode(errors="replace"), nonce.encode())
    )


def _fits(at_hash: str | None, access_token: str, algorithm: str) -> bool:
    """OpenID Connect Core 1.0, 3.1.3.6: the left half of the access token's hash, by the signature's hash function."""
    if at_hash is None:
        return True
    digest = (hashlib.sha512 if algorithm == "EdDSA" else hashlib.sha256)(access_token.encode()).digest()
    return at_hash == urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
