"""Keys that access tokens are signed with: made, spread, retired."""

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm
from sqlalchemy import select

from meetserver import limits
from meetserver.accounts.models import signing_key
from meetserver.accounts.signing_keys import SigningKeys, thumbprint
from meetserver.accounts.tokens import AccessClaims, AccessTokens
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.sealer import PlainSealer
from meetserver.database import Database
from meetserver.errors import SealBroken, Unauthenticated
from meetserver.ids import UserId

LIFE_S = 600
CLAIMS = AccessClaims(UserId("ann"), "session1")


class Process:
    """One of the processes that share a database."""

    def __init__(self, keys: SigningKeys, clock: ManualClock) -> None:
        self.keys = keys
        self.tokens = AccessTokens(keys, clock, SeededRandom(), LIFE_S)


async def given_process(database: Database, clock: ManualClock) -> Process:
    return Process(await SigningKeys.open(database, PlainSealer(), clock, token_life_s=LIFE_S), clock)


async def test_the_first_key_signs_at_once_and_for_all_processes(database: Database, clock: ManualClock) -> None:
    one, other = await given_process(database, clock), await given_process(database, clock)
    assert await other.tokens.verify(one.tokens.issue(CLAIMS)) == CLAIMS
    assert len(one.keys.public()) == 1


async def test_a_new_key_is_known_before_it_signs_and_the_old_one_counts_until_its_tokens_are_over(
    database: Database, clock: ManualClock
) -> None:
    one, other = await given_process(database, clock), await given_process(database, clock)
    old = one.keys.current().id
    new = await one.keys.rotate()
    await other.keys.refresh()
    assert {key.kid for key in other.keys.public()} == {old, new}
    assert one.keys.current().id == other.keys.current().id == old

    clock.advance(limits.KEY_SPREAD_S - 1)
    last_of_old = one.tokens.issue(CLAIMS)
    assert one.keys.current().id == old
    clock.advance(1)
    assert one.keys.current().id == other.keys.current().id == new
    assert await other.tokens.verify(last_of_old) == CLAIMS
    assert await other.tokens.verify(one.tokens.issue(CLAIMS)) == CLAIMS

    clock.advance(LIFE_S + limits.KEY_SPREAD_S)
    assert {key.kid for key in other.keys.public()} == {new}


async def test_what_a_revoked_key_signed_is_worth_nothing(database: Database, clock: ManualClock) -> None:
    one = await given_process(database, clock)
    leaked = one.tokens.issue(CLAIMS)
    await one.keys.rotate()
    await one.keys.rotate(revoke=True)
    with pytest.raises(Unauthenticated):
        await one.tokens.verify(leaked)
    assert [key.kid for key in one.keys.public()] == [one.keys.current().id]
    assert await one.tokens.verify(one.tokens.issue(CLAIMS)) == CLAIMS


async def test_a_process_that_has_not_heard_of_a_key_looks_for_it(database: Database, clock: ManualClock) -> None:
    one, other = await given_process(database, clock), await given_process(database, clock)
    await one.keys.rotate(revoke=True)
    token = one.tokens.issue(CLAIMS)
    with pytest.raises(Unauthenticated):
        await other.tokens.verify(token)  # it looked just now
    clock.advance(limits.KEY_MISS_S)
    assert await other.tokens.verify(token) == CLAIMS


async def test_rotation_is_due_after_ninety_days(database: Database, clock: ManualClock) -> None:
    one = await given_process(database, clock)
    clock.advance(limits.KEY_AGE_S - 1)
    await one.keys.rotate_if_due()
    assert len(one.keys.public()) == 1
    clock.advance(1)
    await one.keys.rotate_if_due()
    await one.keys.rotate_if_due()
    assert len(one.keys.public()) == 2


async def test_private_keys_are_sealed_under_their_row(database: Database, clock: ManualClock) -> None:
    keys = (await given_process(database, clock)).keys
    [row] = await database.fetch(select(signing_key))
    plain = PlainSealer().unseal(row.private, f"signing_key {row.id}")
    assert plain == keys.current().private.private_bytes_raw()
    with pytest.raises(SealBroken):
        PlainSealer().unseal(row.private, "signing_key of another row")


async def test_the_set_says_what_verifies(database: Database, clock: ManualClock) -> None:
    one = await given_process(database, clock)
    [jwk] = msgspec.to_builtins(one.keys.public())
    assert (jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert OKPAlgorithm.from_jwk(jwk) == one.keys.current().public


def test_a_key_is_named_by_its_thumbprint() -> None:
    """The example of RFC 8037, A.3."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    public = OKPAlgorithm.from_jwk(jwk)
    assert isinstance(public, Ed25519PublicKey)
    assert thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
