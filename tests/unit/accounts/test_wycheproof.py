"""The Wycheproof vectors for JSON Web Signatures: against the library as we pin it, and against our own tokens.

The vectors are not part of this repository: they are looked for beside it.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from msgspec import Struct

from meetserver.accounts.signing_keys import SigningKeys
from meetserver.accounts.tokens import AccessTokens
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.database import Database
from meetserver.errors import Unauthenticated
from meetserver.meetings.tickets import Tickets

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "wycheproof"
FILES = ("json_web_signature_test.json", "json_web_crypto_test.json")
OURS = {"HS256", "RS256", "ES256", "EdDSA"}
"""Of tickets, of access tokens, and of providers' ID tokens."""

PADDING = {"invalidBase64Padding", "invalidBase64PaddingInPayload"}
"""Another last character of the signature's base64, the same signature: it has the same `jti`, and names the same
session, by which it is revoked."""
WEAK_KEY = {"rejectsKeyWithRocaVulnerability"}
"""Of which only the key is at fault: ours are made here, and a provider's are the provider's."""

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no Wycheproof vectors in ../shared/data/wycheproof")


class Vector(Struct, frozen=True):
    name: str
    comment: str
    jws: str
    key: dict[str, Any]
    is_valid: bool


def vectors() -> Iterator[Vector]:
    """Those of one key; sets of keys are chosen from by `kid`, which is the caller's affair."""
    for file in FILES:
        for group in json.loads((FOLDER / file).read_text())["testGroups"]:
            key = group.get("public") or group["private"]
            for test in group["tests"]:
                if "jws" in test and "keys" not in key:
                    jws = test["jws"] if isinstance(test["jws"], str) else json.dumps(test["jws"])
                    is_valid = test["result"] == "valid"
                    yield Vector(f"{file}:{test['tcId']}", test["comment"], jws, key, is_valid)


def is_accepted(vector: Vector) -> bool:
    """As ours are verified: by the algorithm that the key is for, whatever the token says."""
    algorithm = vector.key.get("alg", "RS256" if vector.key["kty"] == "RSA" else "ES256")
    is_to_verify = vector.key.get("use", "sig") == "sig" and "verify" in vector.key.get("key_ops", ["verify"])
    if algorithm not in OURS or not is_to_verify:
        return False
    try:
        jwt.api_jws.decode(vector.jws, jwt.PyJWK(vector.key, algorithm), [algorithm])
    except (jwt.PyJWTError, ValueError):
        return False
    return True


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_no_invalid_signature_is_accepted_but_padding_variants() -> None:
    accepted = [vector for vector in vectors() if is_accepted(vector)]
    wrongly = {vector.comment for vector in accepted if not vector.is_valid} - WEAK_KEY
    assert wrongly <= PADDING
    assert sum(vector.is_valid for vector in accepted) >= 10, "they are looked at"


async def test_none_is_one_of_our_tokens(database: Database, clock: ManualClock) -> None:
    keys = await SigningKeys.open(database, PlainSealer(), clock, token_life_s=600)
    tokens = AccessTokens(keys, clock, SeededRandom(), 600)
    tried = 0
    for vector in vectors():
        with pytest.raises(Unauthenticated):
            pytest.fail(f"{vector.name}: {await tokens.verify(vector.jws)}")
        if vector.key["kty"] == "oct":
            secret = base64.urlsafe_b64decode(vector.key["k"] + "==")
            with pytest.raises(Unauthenticated):
                pytest.fail(f"{vector.name}: {Tickets(secret, clock, SeededRandom()).verify(vector.jws)}")
        tried += 1
    assert tried > 400
