"""What an ID token must be. Each case is a good one with one thing wrong."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from meetserver import limits
from meetserver.accounts.oidc_settings import Provider
from meetserver.accounts.oidc_tokens import check_id_token, identity_of, key_id
from meetserver.errors import Unauthenticated

NOW = datetime(2030, 1, 7, 12, 0, tzinfo=UTC)
PROVIDER = Provider(name="corp", issuer="https://id.example", client_id="meet")
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example",
    "sub": "ann-1",
    "aud": "meet",
    "exp": NOW.timestamp() + 300,
    "iat": NOW.timestamp(),
    "nonce": "the nonce",
}


@cache
def private_key(algorithm: str) -> Any:
    if algorithm == "RS256":
        return generate_rsa_key(65537, 2048)
    return generate_private_key(SECP256R1()) if algorithm == "ES256" else Ed25519PrivateKey.generate()


def public_key(algorithm: str = "RS256") -> jwt.PyJWK:
    known = jwt.get_algorithm_by_name(algorithm)
    return jwt.PyJWK({**known.to_jwk(private_key(algorithm).public_key(), as_dict=True), "alg": algorithm})


def given_token(algorithm: str = "RS256", **claims: Any) -> str:
    payload = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return jwt.encode(payload, private_key(algorithm), algorithm)


def check(token: str, *, access_token: str = "", algorithm: str = "RS256") -> dict[str, Any]:
    return check_id_token(token, [public_key(algorithm)], PROVIDER, "the nonce", access_token, NOW)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_good_token_says_who_it_is(algorithm: str) -> None:
    assert check(given_token(algorithm), algorithm=algorithm)["sub"] == "ann-1"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": "https://id.example/"},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": []},
        {"aud": ["meet", "another client"]},
        {"aud": ["meet", "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"nonce": "another nonce"},
        {"nonce": None},
        {"nonce": ""},
        {"exp": NOW.timestamp() - limits.OIDC_CLOCK_SKEW_S},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": NOW.timestamp() + limits.OIDC_CLOCK_SKEW_S},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 256},
        {"at_hash": "of another access token"},
    ],
    ids=str,
)
def test_one_thing_wrong_is_enough(claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        check(given_token(**claims), access_token="the access token")


def test_the_clocks_may_differ_a_little() -> None:
    late = timedelta(seconds=limits.OIDC_CLOCK_SKEW_S - 1)
    check(given_token(exp=(NOW - late).timestamp()))
    check(given_token(iat=(NOW + late).timestamp()))


def test_several_audiences_need_the_party_it_was_given_to() -> None:
    check(given_token(aud=["meet", "another client"], azp="meet"))


@pytest.mark.parametrize(("algorithm", "digest"), [("RS256", hashlib.sha256), ("EdDSA", hashlib.sha512)])
def test_the_access_token_beside_it_is_the_one_it_was_made_with(algorithm: str, digest: Any) -> None:
    half = digest(b"the access token").digest()
    at_hash = urlsafe_b64encode(half[: len(half) // 2]).decode().rstrip("=")
    check(given_token(algorithm, at_hash=at_hash), access_token="the access token", algorithm=algorithm)


def test_another_key_does_not_count() -> None:
    with pytest.raises(Unauthenticated):
        check(given_token("ES256"), algorithm="RS256")


def test_no_signature_does_not_count() -> None:
    with pytest.raises(Unauthenticated):
        check(jwt.encode(CLAIMS, "", "none"))


def test_the_public_key_is_no_shared_secret() -> None:
    """RFC 8725, 2.1: HS256 with what everybody knows."""
    public = private_key("EdDSA").public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    with pytest.raises(Unauthenticated):
        check(jwt.encode(CLAIMS, public, "HS256"), algorithm="EdDSA")


def test_a_shared_key_in_the_key_set_does_not_count() -> None:
    secret = b"thirty-two bytes that all may know"
    shared = jwt.PyJWK({"kty": "oct", "k": urlsafe_b64encode(secret).decode().rstrip("="), "alg": "HS256"})
    with pytest.raises(Unauthenticated):
        check_id_token(jwt.encode(CLAIMS, secret, "HS256"), [shared], PROVIDER, "the nonce", "", NOW)


@pytest.mark.parametrize("token", ["", ".", "a.b.c", "\ud800", "x" * 10_000])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(Unauthenticated):
        key_id(token)


def test_only_the_value_true_verifies_an_address() -> None:
    for said in (True, "true", 1, None):
        identity = identity_of({"sub": "ann-1", "email": "ann@example.com", "email_verified": said}, PROVIDER)
        assert identity.is_verified is (said is True)


def test_claims_of_another_type_are_as_good_as_none() -> None:
    identity = identity_of({"sub": "ann-1", "email": ["ann@example.com"], "name": 7, "groups": "admins"}, PROVIDER)
    assert (identity.email, identity.name, identity.groups) == (None, "", None)
