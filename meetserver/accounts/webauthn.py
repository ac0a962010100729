"""The ceremonies of WebAuthn (Level 3, 7.1 and 7.2) by the fido2 library: what to ask a browser, and whether its
answer holds. Attestation is not asked for: which make an authenticator is, is its owner's affair.
"""

from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from msgspec import Struct

from meetserver import limits
from meetserver.accounts.factor_messages import Assertion, Attestation
from meetserver.errors import BadMessage
from meetserver.ids import UserId

T = TypeVar("T")

State: TypeAlias = dict[str, Any]
"""What a ceremony's end needs of its beginning."""
Verification: TypeAlias = Literal["required", "preferred"]
"""Of the person by the authenticator (finger, face, PIN), beside holding it."""
RP_NAME = "meetserver"


class Site(Struct, frozen=True):
    """Where a ceremony takes place: the relying party's id, a host name, and the one origin its pages have."""

    host: str
    origin: str


class Credential(Struct, frozen=True):
    """A passkey as it was registered. `public_key` is a COSE key."""

    id: bytes
    public_key: bytes
    sign_count: int
    is_synced: bool


def creation_options(
    site: Site, user: UserId, email: str, name: str, known: Sequence[bytes], entropy: str
) -> tuple[State, State]:
    """Options for the browser and the state to keep. `known`: credentials that the account has. `entropy`: a fresh
    ports.Random.secret()."""
    options, state = _server(site).register_begin(
        PublicKeyCredentialUserEntity(id=user.encode(), name=email, display_name=name),
        credentials=_descriptors(known),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
        challenge=_challenge(entropy),
    )
    return dict(options)["publicKey"], state


def check_creation(site: Site, state: State, answer: Attestation) -> Credential:
    """Raises BadMessage."""

    def check() -> Credential:
        registration = RegistrationResponse.from_dict(msgspec.to_builtins(answer))
        made = _server(site).register_complete(state, registration)
        credential = made.credential_data
        if credential is None or credential.credential_id != registration.raw_id:
            raise ValueError("no credential, or another one")
        if credential.public_key.get(3) not in CoseKey.supported_algorithms():
            raise ValueError("an algorithm that was not asked for")
        _refuse_foreign(registration.response.client_data.cross_origin)
        key = cbor.encode(dict(credential.public_key))
        return Credential(credential.credential_id, key, made.counter, made.is_backed_up())

    credential = _held(check)
    if credential is None:
        raise BadMessage("the passkey's answer does not hold")
    return credential


def request_options(
    site: Site, known: Sequence[bytes], verification: Verification, entropy: str
) -> tuple[State, State]:
    """As creation_options. `known` empty: any passkey that the person chooses."""
    options, state = _server(site).authenticate_begin(
        _descriptors(known),
        user_verification=UserVerificationRequirement(verification),
        challenge=_challenge(entropy),
    )
    return dict(options)["publicKey"], state


def check_assertion(site: Site, state: State, public_key: bytes, answer: Assertion) -> AuthenticatorData | None:
    """What the authenticator signed; None: it does not hold. That the passkey is this key's is the caller's to know."""

    def check() -> AuthenticatorData:
        response = AuthenticationResponse.from_dict(msgspec.to_builtins(answer))
        key: Any = cbor.decode(public_key)
        credential = AttestedCredentialData.create(Aaguid.NONE, response.raw_id, CoseKey.parse(key))
        _server(site).authenticate_complete(state, [credential], response)
        _refuse_foreign(response.response.client_data.cross_origin)
        signed: AuthenticatorData = response.response.authenticator_data
        return signed

    return _held(check)


def credential_id(answer: Assertion) -> bytes:
    return _bytes(answer.raw_id)


def is_of(user: UserId, answer: Assertion) -> bool:
    """Whether the authenticator says that this passkey is this account's (7.2, step 6)."""
    handle = answer.response.user_handle
    return handle is not None and _bytes(handle) == user.encode()


def _server(site: Site) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(name=RP_NAME, id=site.host), verify_origin=lambda origin: origin == site.origin
    )
    server.timeout = int(limits.CHALLENGE_LIFE_S * 1000)  # type: ignore[assignment]
    return server


def _held(check: Callable[[], T]) -> T | None:
    # The answer is whatever somebody sent, parsed as JSON, base64, CBOR, COSE and DER: each fails in ways of its own.
    try:
        return check()
    except Exception:
        return None


def _refuse_foreign(is_cross_origin: bool) -> None:
    """A page that frames ours must not have ceremonies done in it (7.2, step 13)."""
    if is_cross_origin:
        raise ValueError("a page in a foreign frame")


def _descriptors(known: Sequence[bytes]) -> list[PublicKeyCredentialDescriptor] | None:
    kind = PublicKeyCredentialType.PUBLIC_KEY
    return [PublicKeyCredentialDescriptor(type=kind, id=one) for one in known] or None


def _challenge(entropy: str) -> bytes:
    return _bytes(entropy)


def _bytes(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
