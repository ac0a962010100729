"""Access tokens against the attacks of RFC 8725."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from meetserver.accounts.tokens import AccessClaims, AccessTokens
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.errors import Unauthenticated
from meetserver.ids import MeetingId, RoomId, UserId
from meetserver.meetings.tickets import Tickets

SECRET = bytes(range(32))
CLAIMS = AccessClaims(UserId("ann"), "session-1")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tokens(clock: ManualClock) -> AccessTokens:
    return AccessTokens(SECRET, clock, SeededRandom(), 600)


def forged(tokens: AccessTokens, header: dict[str, Any], key: Any = None, **claims: Any) -> str:
    """A token signed with our own key, unless `key` is another, that differs in these places."""
    valid = jwt.decode_complete(tokens.issue(CLAIMS), options={"verify_signature": False})
    payload = {name: value for name, value in (valid["payload"] | claims).items() if value is not None}
    algorithm = header.pop("alg", "EdDSA")
    key = Ed25519PrivateKey.from_private_bytes(SECRET) if key is None else key
    return jwt.encode(payload, key, algorithm, headers={**valid["header"], **header, "alg": algorithm})


def test_a_token_says_who_and_which_session(tokens: AccessTokens) -> None:
    assert tokens.verify(tokens.issue(CLAIMS)) == CLAIMS


def test_two_processes_with_one_secret_agree(tokens: AccessTokens, clock: ManualClock) -> None:
    assert AccessTokens(SECRET, clock, SeededRandom(1), 600).verify(tokens.issue(CLAIMS)) == CLAIMS


def test_it_expires(tokens: AccessTokens, clock: ManualClock) -> None:
    token = tokens.issue(CLAIMS)
    clock.advance(599)
    tokens.verify(token)
    clock.advance(1)
    with pytest.raises(Unauthenticated):
        tokens.verify(token)


def test_forgeries_are_refused(tokens: AccessTokens) -> None:
    public = Ed25519PrivateKey.from_private_bytes(SECRET).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    stranger = Ed25519PrivateKey.generate()
    cases = {
        "none": _unsigned(tokens),
        "hmac with the public key": forged(tokens, {"alg": "HS256"}, public),
        "a key of one's own": forged(tokens, {}, stranger),
        "an embedded key": forged(tokens, {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}}, stranger),
        "a key to be fetched": forged(tokens, {"jku": "https://evil.example/jwks"}, stranger),
        "another key id": forged(tokens, {"kid": "../../dev/null"}),
        "another type": forged(tokens, {"typ": "JWT"}),
        "another audience": forged(tokens, {}, aud="another"),
        "no audience": forged(tokens, {}, aud=None),
        "another issuer": forged(tokens, {}, iss="another"),
        "no expiry": forged(tokens, {}, exp=None),
        "an expiry that is none": forged(tokens, {}, exp="never"),
        "no session": forged(tokens, {}, sid=None),
        "a session that is none": forged(tokens, {}, sid=["session-1"]),
        "a critical extension": forged(tokens, {"crit": ["b64"], "b64": False}),
        "nothing": "",
        "garbage": "a.b.c",
        "not ASCII": "é.é.é",
    }
    for case, token in cases.items():
        with pytest.raises(Unauthenticated):
            pytest.fail(f"{case}: {tokens.verify(token)}")


def test_a_ticket_is_no_access_token_nor_the_other_way_round(tokens: AccessTokens, clock: ManualClock) -> None:
    tickets = Tickets(SECRET, clock, SeededRandom())
    ticket = tickets.issue(
        room=RoomId("room"), meeting=MeetingId("meeting"), user=UserId("ann"), name="Ann", role="host"
    )
    assert tickets.verify(ticket).name == "Ann"
    with pytest.raises(Unauthenticated):
        tokens.verify(ticket)
    with pytest.raises(Unauthenticated):
        tickets.verify(tokens.issue(CLAIMS))


def _unsigned(tokens: AccessTokens) -> str:
    payload = tokens.issue(CLAIMS).split(".")[1]
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode()).decode().rstrip("=")
    return f"{header}.{payload}."
