"""WebAuthn's ceremonies: what holds, and each thing that must not."""

from typing import Any

import msgspec
import pytest
from fido2.utils import websafe_encode
from hypothesis import given
from hypothesis import strategies as st

from meetserver.accounts import webauthn
from meetserver.accounts.factor_messages import Assertion, Attestation
from meetserver.accounts.webauthn import Credential, Site, State
from meetserver.adapters.memory.random import SeededRandom
from meetserver.errors import BadMessage
from meetserver.ids import UserId
from tests.authenticator import Authenticator

SITE = Site("meet.example", "https://meet.example")
ANN = UserId("ann")
RANDOM = SeededRandom()

WRONG = [
    {"origin": "https://meet.example.evil.example"},
    {"origin": "https://meet.example:8443"},
    {"origin": "http://meet.example"},
    {"origin": "https://sub.meet.example"},
    {"host": "evil.example"},
    {"is_cross_origin": True},
]


def given_device(**changes: Any) -> Authenticator:
    return Authenticator(SITE.origin, SITE.host).but(**changes)


def begun(known: list[bytes] | None = None) -> tuple[State, State]:
    return webauthn.creation_options(SITE, ANN, "ann@example.com", "Ann", known or [], RANDOM.secret())


def asked(verification: webauthn.Verification = "preferred") -> tuple[State, State]:
    return webauthn.request_options(SITE, [], verification, RANDOM.secret())


def created(state: State, answer: dict[str, Any]) -> Credential:
    return webauthn.check_creation(SITE, state, msgspec.convert(answer, Attestation))


def given_credential(device: Authenticator) -> Credential:
    options, state = begun()
    return created(state, device.create(options))


def holds(state: State, credential: Credential, answer: dict[str, Any]) -> bool:
    found = webauthn.check_assertion(SITE, state, credential.public_key, msgspec.convert(answer, Assertion))
    return found is not None


def test_a_passkey_is_made_and_signs_in() -> None:
    device = given_device()
    credential = given_credential(device)
    assert credential.id == device.credential_id
    options, state = asked("required")
    assert holds(state, credential, device.get(options))


def test_options_ask_for_a_passkey_that_the_browser_can_list_and_not_for_one_twice() -> None:
    options, _ = begun([b"one"])
    chosen = options["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("preferred", "preferred")
    assert [one["id"] for one in options["excludeCredentials"]] == ["b25l"]
    assert options["rp"]["id"] == asked()[0]["rpId"] == "meet.example"
    assert asked()[0]["challenge"] != asked()[0]["challenge"]


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_a_passkey_made_elsewhere_is_not_taken(changes: dict[str, Any]) -> None:
    options, state = begun()
    with pytest.raises(BadMessage):
        created(state, given_device(**changes).create(options))


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_an_assertion_made_elsewhere_does_not_hold(changes: dict[str, Any]) -> None:
    device = given_device()
    credential = given_credential(device)
    options, state = asked()
    assert holds(state, credential, device.get(options))
    assert not holds(state, credential, device.but(**changes).get(options))


def test_a_passkey_is_made_with_an_algorithm_that_was_asked_for() -> None:
    options, state = begun()
    with pytest.raises(BadMessage):
        created(state, given_device(algorithm=-65535).create(options))


def test_the_credential_is_the_one_that_was_made() -> None:
    options, state = begun()
    answer = given_device().create(options)
    answer["id"] = answer["rawId"] = "b3RoZXI"
    with pytest.raises(BadMessage):
        created(state, answer)


def test_an_assertion_answers_its_own_challenge_only() -> None:
    device = given_device()
    credential = given_credential(device)
    assert not holds(asked()[1], credential, device.get(asked()[0]))


def test_another_key_does_not_sign_for_this_one() -> None:
    device = given_device()
    credential = given_credential(device)
    options, state = asked()
    assert not holds(state, credential, given_device(credential_id=device.credential_id).get(options))


def test_without_verification_of_its_owner_a_passkey_is_a_second_factor_only() -> None:
    device = given_device(verifies=False)
    credential = given_credential(device)
    for verification, is_enough in (("preferred", True), ("required", False)):
        options, state = asked(verification)  # type: ignore[arg-type]
        assert holds(state, credential, device.get(options)) is is_enough


def test_a_registration_is_no_assertion_nor_the_other_way_round() -> None:
    device = given_device()
    credential = given_credential(device)
    options, state = asked()
    answer = device.get(options)
    answer["response"]["clientDataJSON"] = device.create(options)["response"]["clientDataJSON"]
    assert not holds(state, credential, answer)


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["clientDataJSON", "attestationObject"]))
def test_whatever_a_browser_sends_is_refused_and_fails_nothing(garbage: bytes, where: str) -> None:
    options, state = begun()
    answer = given_device().create(options)
    answer["response"][where] = websafe_encode(garbage)
    with pytest.raises(BadMessage):
        created(state, answer)


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]))
def test_whatever_an_assertion_holds_fails_nothing(garbage: bytes, where: str) -> None:
    device = given_device()
    credential = given_credential(device)
    options, state = asked()
    answer = device.get(options)
    answer["response"][where] = websafe_encode(garbage)
    assert not holds(state, credential, answer)


@pytest.mark.parametrize("handle", [None, b"", b"ben", b"ann\0"])
def test_only_the_accounts_own_handle_names_it(handle: bytes | None) -> None:
    options, _ = asked()
    answer = given_device(user_handle=handle or None).get(options)
    assert not webauthn.is_of(ANN, msgspec.convert(answer, Assertion))
    answer = given_device().known_to(ANN).get(options)
    assert webauthn.is_of(ANN, msgspec.convert(answer, Assertion))
