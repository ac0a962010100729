"""Sealing that hides nothing, for tests: it only notices a changed value and a wrong row."""

import hashlib

from meetserver.errors import SealBroken
from meetserver.keys.derive import derive

DIGEST_BYTES = 16


class PlainSealer:
    def seal(self, plain: bytes, about: str) -> bytes:
        return _digest(plain, about) + plain

    def unseal(self, sealed: bytes, about: str) -> bytes:
        digest, plain = sealed[:DIGEST_BYTES], sealed[DIGEST_BYTES:]
        if digest != _digest(plain, about):
            raise SealBroken(f"a sealed value of {about} was changed, or belongs elsewhere")
        return plain

    def derive(self, purpose: str, length: int = 32) -> bytes:
        return derive(b"a master secret that is only for tests", purpose, length)


def _digest(plain: bytes, about: str) -> bytes:
    return hashlib.sha256(about.encode() + b"\0" + plain).digest()[:DIGEST_BYTES]
