"""Access tokens: JWTs signed with Ed25519 (RFC 8037, 9068). Algorithm, type, issuer and audience are pinned (RFC 8725).

A token names its session, and is only as good as that: the session is looked up at each use. Nothing in a token
depends on the server's address.
"""

import hashlib
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from meetserver.errors import Unauthenticated
from meetserver.ids import UserId
from meetserver.ports import Clock, Random

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
ISSUER = "meetserver"
AUDIENCE = "meetserver-api"


class AccessClaims(Struct, frozen=True):
    user: UserId
    session: str


class AccessTokens:
    def __init__(self, secret: bytes, clock: Clock, random: Random, life_s: int) -> None:
        """`secret`: 32 bytes, the seed of the signing key."""
        self._private = Ed25519PrivateKey.from_private_bytes(secret)
        self._public = self._private.public_key()
        self.key_id = hashlib.sha256(self._public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]
        self._clock = clock
        self._random = random
        self.life_s = life_s

    def issue(self, claims: AccessClaims) -> str:
        now = self._clock.now()
        payload = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.user,
            "sid": claims.session,
            "jti": self._random.id(),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=self.life_s)).timestamp()),
        }
        return jwt.encode(payload, self._private, ALGORITHM, headers={"typ": TYPE, "kid": self.key_id})

    def verify(self, token: str) -> AccessClaims:
        """Raises Unauthenticated. Whether the session still stands is not known here."""
        try:
            decoded = jwt.decode_complete(
                token,
                self._public,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # Times are checked below, by our own clock.
                options={
                    "require": ["iss", "aud", "sub", "sid", "jti", "iat", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError):
            raise Unauthenticated("the access token is not valid") from None
        header, payload = decoded["header"], decoded["payload"]
        if header.get("typ") != TYPE or header.get("kid") != self.key_id:
            raise Unauthenticated("the access token is not valid")
        return self._claims(payload)

    def _claims(self, payload: dict[str, Any]) -> AccessClaims:
        expires, session = payload["exp"], payload["sid"]
        if not isinstance(session, str) or not isinstance(expires, int):
            raise Unauthenticated("the access token is not valid")
        if expires <= self._clock.now().timestamp():
            raise Unauthenticated("the access token has expired")
        return AccessClaims(UserId(payload["sub"]), session)
