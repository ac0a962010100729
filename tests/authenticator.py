"""A passkey's authenticator and the browser before it, in software: it answers WebAuthn's JSON options."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

FLAG = AuthenticatorData.FLAG


@dataclass(frozen=True)
class Authenticator:
    """Holds one passkey. `verifies`: it checks its owner (finger, face, PIN). What a test wants wrong is `but(...)`."""

    origin: str
    host: str
    verifies: bool = True
    is_cross_origin: bool = False
    user_handle: bytes | None = None
    algorithm: int = ES256.ALGORITHM
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: os.urandom(16))

    def but(self, **changes: Any) -> "Authenticator":
        return replace(self, **changes)

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What navigator.credentials.create() gives, by toJSON()."""
        key = ES256.from_cryptography_key(self.private.public_key())  # type: ignore[no-untyped-call]
        key[3] = self.algorithm  # COSE's number for it (RFC 9052, 7.1)
        credential = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, key)
        made = AttestationObject.create("none", self._signed_part(0, FLAG.AT, credential), {})
        client_data = self._client_data(CollectedClientData.TYPE.CREATE, options)
        response = {"clientDataJSON": websafe_encode(client_data), "attestationObject": websafe_encode(made)}
        return self._answer(response)

    def get(self, options: dict[str, Any], count: int = 0) -> dict[str, Any]:
        """What navigator.credentials.get() gives. `count`: the authenticator's signature counter."""
        client_data = self._client_data(CollectedClientData.TYPE.GET, options)
        signed_part = self._signed_part(count)
        signature = self.private.sign(signed_part + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client_data),
            "authenticatorData": websafe_encode(signed_part),
            "signature": websafe_encode(signature),
        }
        if self.user_handle is not None:
            response["userHandle"] = websafe_encode(self.user_handle)
        return self._answer(response)

    def known_to(self, user: str) -> "Authenticator":
        """As after registration: it knows whose account the passkey is for."""
        return self.but(user_handle=user.encode())

    def _signed_part(self, count: int, flags: int = 0, credential: bytes = b"") -> AuthenticatorData:
        rp = hashlib.sha256(self.host.encode()).digest()
        flags |= FLAG.UP | (FLAG.UV if self.verifies else 0)
        made: AuthenticatorData = AuthenticatorData.create(rp, FLAG(flags), count, credential)
        return made

    def _client_data(self, type_: str, options: dict[str, Any]) -> CollectedClientData:
        challenge = websafe_decode(options["challenge"])
        return CollectedClientData.create(str(type_), challenge, self.origin, self.is_cross_origin)

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        name = websafe_encode(self.credential_id)
        extras = {"authenticatorAttachment": "platform", "clientExtensionResults": {}}  # as browsers add them
        return {"id": name, "rawId": name, "type": "public-key", "response": response, **extras}
