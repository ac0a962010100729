"""Access tokens and tickets against the attacks of RFC 8725."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from meetserver import limits
from meetserver.accounts.signing_keys import SigningKeys
from meetserver.accounts.tokens import AccessClaims, AccessTokens
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.database import Database
from meetserver.errors import Unauthenticated
from meetserver.ids import MeetingId, RoomId, UserId
from meetserver.meetings.tickets import Tickets

SECRET = bytes(range(32))
CLAIMS = AccessClaims(UserId("ann"), "session1")


@pytest.fixture
async def tokens(database: Database, clock: ManualClock) -> AccessTokens:
    keys = await SigningKeys.open(database, PlainSealer(), clock, token_life_s=600)
    return AccessTokens(keys, clock, SeededRandom(), 600)


@pytest.fixture
def tickets(clock: ManualClock) -> Tickets:
    return Tickets(SECRET, clock, SeededRandom())


def a_ticket(tickets: Tickets) -> str:
    return tickets.issue(room=RoomId("room"), meeting=MeetingId("meeting"), user=UserId("ann"), name="Ann", role="host")


def forged(valid: str, key: Any, header: dict[str, Any], **claims: Any) -> str:
    """`valid`, signed with `key`, but for these headers and claims; None takes one away."""
    decoded = jwt.decode_complete(valid, options={"verify_signature": False})
    payload = {name: value for name, value in (decoded["payload"] | claims).items() if value is not None}
    headers = {name: value for name, value in (decoded["header"] | header).items() if value is not None}
    segments = [encoded(json.dumps(headers)), encoded(json.dumps(payload))]
    algorithm = jwt.get_algorithm_by_name(headers["alg"])
    signature = algorithm.sign(".".join(segments).encode(), algorithm.prepare_key(key))
    return ".".join([*segments, encoded(signature)])


def encoded(data: str | bytes) -> str:
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unsigned(valid: str) -> str:
    header, payload, _ = valid.split(".")
    header = encoded(json.dumps(json.loads(base64.urlsafe_b64decode(header + "==")) | {"alg": "none"}))
    return f"{header}.{payload}."


async def test_a_token_says_who_and_which_session(tokens: AccessTokens) -> None:
    assert await tokens.verify(tokens.issue(CLAIMS)) == CLAIMS
    assert len({tokens.issue(CLAIMS), tokens.issue(CLAIMS)}) == 2, "no two are alike"


async def test_it_expires(tokens: AccessTokens, clock: ManualClock) -> None:
    token = tokens.issue(CLAIMS)
    clock.advance(599)
    await tokens.verify(token)
    clock.advance(1)
    with pytest.raises(Unauthenticated):
        await tokens.verify(token)


async def test_a_clock_that_is_a_little_ahead_is_believed(tokens: AccessTokens, clock: ManualClock) -> None:
    key = tokens.keys.current().private
    now = int(clock.now().timestamp())
    assert await tokens.verify(forged(tokens.issue(CLAIMS), key, {}, iat=now + int(limits.CLOCK_SKEW_S))) == CLAIMS
    with pytest.raises(Unauthenticated):
        await tokens.verify(forged(tokens.issue(CLAIMS), key, {}, iat=now + int(limits.CLOCK_SKEW_S) + 1))


async def test_forged_access_tokens_are_refused(tokens: AccessTokens, tickets: Tickets) -> None:
    key = tokens.keys.current()
    own, stranger = key.private, Ed25519PrivateKey.generate()
    public_raw = key.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    valid = tokens.issue(CLAIMS)
    head, payload, signature = valid.split(".")
    cases = {
        "unsigned": unsigned(valid),
        "no signature": f"{head}.{payload}.",
        "HMAC with the public key": forged(valid, public_raw, {"alg": "HS256"}),
        "HMAC with the public key's text": forged(valid, encoded(public_raw), {"alg": "HS256"}),
        "HMAC with nothing": forged(valid, b"\0", {"alg": "HS256"}),
        "a key of one's own": forged(valid, stranger, {}),
        "an embedded key": forged(valid, stranger, {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}}),
        "an embedded key beside a right signature": forged(valid, own, {"jwk": {"kty": "OKP"}}),
        "a key to be fetched": forged(valid, stranger, {"jku": "https://evil.example/jwks"}),
        "a key to be fetched beside a right signature": forged(valid, own, {"jku": "https://evil.example/jwks"}),
        "a certificate to be fetched": forged(valid, own, {"x5u": "https://evil.example/x"}),
        "a certificate": forged(valid, own, {"x5c": ["AAAA"]}),
        "a path for a key id": forged(valid, own, {"kid": "../../dev/null"}),
        "SQL for a key id": forged(valid, own, {"kid": "' UNION SELECT 'x"}),
        "a key id that is none": forged(valid, own, {"kid": ["a"]}),
        "no key id": forged(valid, own, {"kid": None}),
        "another type": forged(valid, own, {"typ": "JWT"}),
        "no type": forged(valid, own, {"typ": None}),
        "a critical extension": forged(valid, own, {"crit": ["b64"], "b64": False}),
        "an unknown critical extension": forged(valid, own, {"crit": ["x"], "x": 1}),
        "another audience": forged(valid, own, {}, aud="another"),
        "many audiences": forged(valid, own, {}, aud=["meetserver-api", "another"]),
        "no audience": forged(valid, own, {}, aud=None),
        "another issuer": forged(valid, own, {}, iss="another"),
        "no issuer": forged(valid, own, {}, iss=None),
        "issued in the far future": forged(valid, own, {}, iat=2**40),
        "issued at no time": forged(valid, own, {}, iat=None),
        "no expiry": forged(valid, own, {}, exp=None),
        "an expiry that is none": forged(valid, own, {}, exp="never"),
        "an expiry that is a truth": forged(valid, own, {}, exp=True),
        "an endless expiry": forged(valid, own, {}, exp=1e400),
        "long expired": forged(valid, own, {}, exp=1),
        "no session": forged(valid, own, {}, sid=None),
        "a session that is none": forged(valid, own, {}, sid=["session1"]),
        "no user": forged(valid, own, {}, sub=None),
        "no id": forged(valid, own, {}, jti=None),
        "a payload that is a list": ".".join([head, encoded("[]"), signature]),
        "a changed payload": ".".join([head, encoded("{}"), signature]),
        "spaces within": f"{head}.{payload[:9]} {payload[9:]}.{signature}",
        "padding": f"{head}.{payload}.{signature}==",
        "a line break behind it": f"{valid}\n",
        "four parts": f"{valid}.{signature}",
        "a ticket": a_ticket(tickets),
        "a refresh token": f"session1.{'A' * 43}",
        "nothing": "",
        "garbage": "a.b.c",
        "not ASCII": "é.é.é",
        "a surrogate": "\ud800",
        "very long": "A" * 100_000,
        "deep": ".".join([encoded("[" * 100), payload, signature]),
    }
    for case, token in cases.items():
        with pytest.raises(Unauthenticated):
            pytest.fail(f"{case}: {await tokens.verify(token)}")


async def test_forged_tickets_are_refused(tokens: AccessTokens, tickets: Tickets) -> None:
    valid = a_ticket(tickets)
    assert tickets.verify(valid).name == "Ann"
    head, payload, signature = valid.split(".")
    cases = {
        "unsigned": unsigned(valid),
        "no signature": f"{head}.{payload}.",
        "another secret": forged(valid, b"x" * 32, {}),
        "no secret": forged(valid, b"\0", {}),
        "another algorithm": forged(valid, SECRET, {"alg": "HS512"}),
        "a signature with a key of one's own": forged(valid, Ed25519PrivateKey.generate(), {"alg": "EdDSA"}),
        "an embedded key": forged(valid, b"x" * 32, {"jwk": {"kty": "oct", "k": encoded(b"x" * 32)}}),
        "another type": forged(valid, SECRET, {"typ": "at+jwt"}),
        "no type": forged(valid, SECRET, {"typ": None}),
        "a critical extension": forged(valid, SECRET, {"crit": ["x"], "x": 1}),
        "another issuer": forged(valid, SECRET, {}, iss="another"),
        "no expiry": forged(valid, SECRET, {}, exp=None),
        "long expired": forged(valid, SECRET, {}, exp=1),
        "an endless expiry": forged(valid, SECRET, {}, exp=2**80),
        "no id": forged(valid, SECRET, {}, jti=None),
        "a role that is none": forged(valid, SECRET, {}, role="admin"),
        "an access token": tokens.issue(CLAIMS),
        "a payload that is a list": ".".join([head, encoded("[]"), signature]),
        "spaces within": f"{head}.{payload[:9]} {payload[9:]}.{signature}",
        "nothing": "",
        "garbage": "a.b.c",
        "not ASCII": "é.é.é",
        "a surrogate": "\ud800",
    }
    for case, ticket in cases.items():
        with pytest.raises(Unauthenticated):
            pytest.fail(f"{case}: {tickets.verify(ticket)}")
