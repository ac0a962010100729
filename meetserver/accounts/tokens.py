"""Access tokens: JWTs signed with Ed25519 (RFC 8037, 9068). Algorithm, type, issuer and audience are pinned (RFC 8725).

A token names its session, and is only as good as that: sessions.py looks it up at each use. Nothing in a token
depends on the server's address, and nothing is ended by a token's text: its session is, by its id.
"""

import re
from datetime import timedelta
from typing import Final

import jwt
import msgspec
from msgspec import Struct

from meetserver import limits
from meetserver.accounts.signing_keys import SigningKeys
from meetserver.errors import Unauthenticated
from meetserver.ids import UserId
from meetserver.ports import Clock, Random

ALGORITHM: Final = "EdDSA"
TYPE: Final = "at+jwt"
ISSUER: Final = "meetserver"
AUDIENCE: Final = "meetserver-api"
HEADERS: Final = {"alg", "typ", "kid"}
"""All that a token of ours has. Others could name keys (jwk, jku, x5c, x5u) or wish to be understood (crit)."""

_compact = re.compile(r"[A-Za-z0-9_-]{1,500}\.[A-Za-z0-9_-]{1,2000}\.[A-Za-z0-9_-]{86}")
"""The decoder would pass over whatever is not of the alphabet."""


class AccessClaims(Struct, frozen=True):
    user: UserId
    session: str


class _Payload(Struct):
    iss: str
    aud: str
    sub: str
    sid: str
    jti: str
    iat: int
    exp: int


class AccessTokens:
    def __init__(self, keys: SigningKeys, clock: Clock, random: Random, life_s: int) -> None:
        self.keys = keys
        self._clock = clock
        self._random = random
        self.life_s = life_s

    def issue(self, claims: AccessClaims) -> str:
        now, key = self._clock.now(), self.keys.current()
        payload = _Payload(
            iss=ISSUER,
            aud=AUDIENCE,
            sub=claims.user,
            sid=claims.session,
            jti=self._random.id(),
            iat=int(now.timestamp()),
            exp=int((now + timedelta(seconds=self.life_s)).timestamp()),
        )
        headers = {"typ": TYPE, "kid": key.id}
        return jwt.encode(msgspec.to_builtins(payload), key.private, ALGORITHM, headers=headers)

    async def verify(self, token: str) -> AccessClaims:
        """Raises Unauthenticated. Whether the session still stands is not known here."""
        try:
            payload = msgspec.convert(await self._verified(token), _Payload)
        except (jwt.InvalidTokenError, msgspec.ValidationError, ValueError, RecursionError):
            raise Unauthenticated("the access token is not valid") from None
        now = self._clock.now().timestamp()
        if payload.iat > now + limits.CLOCK_SKEW_S:
            raise Unauthenticated("the access token is not valid")
        if payload.exp <= now:
            raise Unauthenticated("the access token has expired")
        return AccessClaims(UserId(payload.sub), payload.sid)

    async def _verified(self, token: str) -> object:
        """The payload under a signature of ours. Raises InvalidTokenError, ValueError."""
        if not _compact.fullmatch(token):
            raise ValueError("not in compact form")
        header = jwt.get_unverified_header(token)
        if header.keys() != HEADERS or header["typ"] != TYPE or not isinstance(header["kid"], str):
            raise ValueError("not the header of an access token")
        key = await self.keys.find(header["kid"])
        if key is None:
            raise ValueError("an unknown key")
        # Times are checked by our own clock.
        options: jwt.types.Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        return jwt.decode(token, key, [ALGORITHM], options=options, audience=AUDIENCE, issuer=ISSUER)
