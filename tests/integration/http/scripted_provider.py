"""An OpenID Connect provider whose every word a test chooses: what it answers when all is well, and what it never
should."""

import hashlib
from base64 import urlsafe_b64encode
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from aiohttp import BasicAuth, web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from meetserver.ports import Clock

CLIENT = "meet"
SECRET = "a secret: with / and ü"


class ScriptedProvider:
    """`claims`, `metadata`, `answer` and `token` change what the next sign-in gets; None takes a field away."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = count()
        self.codes: dict[str, dict[str, str]] = {}
        self.is_lax = False
        """A code counts as often as one likes, whoever it was given to."""
        self.rotate()
        self.claims: dict[str, Any] = {}
        self.user_info: dict[str, Any] | None = None
        self.metadata: dict[str, Any] = {}
        self.answer: dict[str, Any] = {}
        self.has_moved = False
        self.keys_before = 1
        self.key_says: dict[str, Any] = {}
        self.asked: list[str] = []
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._metadata)
        app.router.add_get("/moved", self._metadata)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._token)
        app.router.add_get("/me", self._user_info)
        self.server = TestServer(app)

    @property
    def issuer(self) -> str:
        return str(self.server.make_url("/")).rstrip("/")

    def settings(self, **more: Any) -> dict[str, Any]:
        """What stands in MEET_OIDC_PROVIDERS."""
        known = {"name": "corp", "title": "Corp", "issuer": self.issuer, "client_id": CLIENT, "client_secret": SECRET}
        return {**known, **more}

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        self.sign_with(Ed25519PrivateKey.generate())
        self._published = self._key

    def keep_key(self) -> Ed25519PrivateKey:
        return self._key

    def sign_with(self, key: Ed25519PrivateKey) -> None:
        """Without publishing it."""
        self._key = key

    def let_in(self, authorization_url: str, **answer: str | None) -> str:
        """The path, at the server, that the browser is sent back to. `answer` changes its query."""
        asked = dict(parse_qsl(urlsplit(authorization_url).query))
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = f"code{next(self._numbers)}"
        self.codes[code] = asked
        query = {"code": code, "state": asked["state"], **answer}
        sent = urlencode({name: value for name, value in query.items() if value is not None})
        return f"{urlsplit(asked['redirect_uri']).path}?{sent}"

    async def _metadata(self, request: web.Request) -> web.Response:
        self.asked.append("metadata")
        if self.has_moved and request.path != "/moved":
            raise web.HTTPFound("/moved")
        known = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
        }
        return web.json_response({**known, **self.metadata})

    async def _keys(self, _request: web.Request) -> web.Response:
        self.asked.append("keys")
        known = jwt.get_algorithm_by_name("EdDSA")
        public = self._published.public_key()
        key = {**known.to_jwk(public, as_dict=True), "kid": _name(public), **self.key_says}
        return web.json_response({"keys": [*[{"kty": "unheard of"}] * self.keys_before, key]})

    async def _token(self, request: web.Request) -> web.Response:
        self.asked.append("token")
        form = dict(await request.post())
        assert BasicAuth.decode(request.headers["Authorization"]).login == CLIENT
        code = str(form["code"])
        asked = self.codes.get(code) if self.is_lax else self.codes.pop(code, None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = urlsafe_b64encode(digest).decode().rstrip("=")
        if asked is None or (asked["code_challenge"], asked["redirect_uri"]) != (challenge, form["redirect_uri"]):
            return web.json_response({"error": "invalid_grant"}, status=400)
        answer = {"access_token": "access", "token_type": "Bearer", "id_token": self._id_token(asked), **self.answer}
        return web.json_response(answer)

    def _id_token(self, asked: dict[str, str]) -> str:
        now = self._clock.now().timestamp()
        known = {
            "iss": self.issuer,
            "sub": "ann-1",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "email": "ann@example.com",
            "email_verified": True,
            "name": "Ann",
        }
        claims = {name: value for name, value in {**known, **self.claims}.items() if value is not None}
        return jwt.encode(claims, self._key, "EdDSA", headers={"kid": _name(self._key.public_key())})

    async def _user_info(self, request: web.Request) -> web.Response:
        self.asked.append("user info")
        assert request.headers["Authorization"] == "Bearer access"
        return web.json_response(self.user_info or {"sub": self.claims.get("sub", "ann-1")})


def _name(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:8]
