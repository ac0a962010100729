"""Second factors and passkeys on the wire. What stands under `options` and `passkey` is WebAuthn's own JSON
(Level 3, 5.1.8 to 5.1.10): what browsers parse with parseRequestOptionsFromJSON and make with toJSON.
"""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct, field

from meetserver import limits
from meetserver.accounts.messages import Name, Password, Request, Secret

Factor: TypeAlias = Literal["totp", "recovery_code", "passkey"]

Base64 = Annotated[
    str, Meta(min_length=1, max_length=limits.WEBAUTHN_FIELD_CHARS, pattern="^[A-Za-z0-9_-]+$", description="base64url")
]
Options = Annotated[dict[str, Any], Meta(description="WebAuthn's options as JSON")]
TotpCode = Annotated[str, Meta(pattern="^[0-9]{6}$")]
ExpiresIn = Annotated[int, Meta(description="Seconds")]


class AssertionResponse(Struct, frozen=True):
    client_data: Base64 = field(name="clientDataJSON")
    authenticator_data: Base64 = field(name="authenticatorData")
    signature: Base64
    user_handle: Base64 | None = field(name="userHandle", default=None)


class Assertion(Struct, frozen=True):
    """What navigator.credentials.get() gave, by toJSON()."""

    id: Base64
    raw_id: Base64 = field(name="rawId")
    response: AssertionResponse
    type: Literal["public-key"]


class AttestationResponse(Struct, frozen=True):
    client_data: Base64 = field(name="clientDataJSON")
    attestation_object: Base64 = field(name="attestationObject")


class Attestation(Struct, frozen=True):
    """What navigator.credentials.create() gave, by toJSON()."""

    id: Base64
    raw_id: Base64 = field(name="rawId")
    response: AttestationResponse
    type: Literal["public-key"]


class FactorChallenge(Struct, frozen=True):
    """The password was right; now one of `methods`, by POST /auth/login/factor with this token."""

    token: str
    methods: list[Factor]
    expires_in: ExpiresIn
    passkey: Options | None = None


class PasskeyChallenge(Struct, frozen=True):
    """What the browser is to be asked with, and the token that its answer goes back with."""

    token: str
    options: Options
    expires_in: ExpiresIn


class FactorAnswer(Request, frozen=True):
    """One of them. `token`: of the challenge that a passkey answers."""

    totp: TotpCode | None = None
    recovery_code: Secret | None = None
    passkey: Assertion | None = None
    token: Secret | None = None


class Confirm(FactorAnswer, frozen=True):
    """The password, or one of the others."""

    password: Password | None = None


class FactorLogin(FactorAnswer, frozen=True, kw_only=True):
    """`token`: of the challenge that POST /auth/login gave."""

    token: Secret
    cookie: bool = False


class PasskeyLogin(Request, frozen=True):
    token: Secret
    passkey: Assertion
    cookie: bool = False


class TotpSecret(Struct, frozen=True):
    """Shown once. `uri` is what `qr`, an image as a data: URI, says."""

    secret: str
    uri: str
    qr: str


class TotpConfirm(Request, frozen=True):
    totp: TotpCode


class RecoveryCodes(Struct, frozen=True):
    """Shown once. Empty: there are codes from an earlier factor, and they still hold."""

    recovery_codes: list[str]


class PasskeyAdd(Request, frozen=True):
    token: Secret
    name: Name
    passkey: Attestation


class PasskeyRename(Request, frozen=True):
    name: Name


class Passkey(Struct, frozen=True):
    id: str
    name: str
    is_synced: Annotated[bool, Meta(description="Kept by its maker's cloud, and not by one device alone")]
    created_at: str
    last_used_at: str | None


class PasskeyAdded(Struct, frozen=True):
    passkey: Passkey
    recovery_codes: Annotated[list[str], Meta(description="As by RecoveryCodes")]


class Factors(Struct, frozen=True):
    totp: bool
    recovery_codes: Annotated[int, Meta(description="How many are left")]
    passkeys: list[Passkey]
