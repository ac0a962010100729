"""Ids, secrets and chance from the operating system."""

import base64
import os
import random
import secrets

ID_BYTES = 13
ID_CHARS = 20


class SystemRandom:
    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def id(self) -> str:
        return base32_id(os.urandom(ID_BYTES))

    def secret(self) -> str:
        return secrets.token_urlsafe(32)

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)


def base32_id(entropy: bytes) -> str:
    """The first 100 bits of `entropy` (13 bytes) as 20 characters of a–z and 2–7."""
    return base64.b32encode(entropy).decode().lower()[:ID_CHARS]
