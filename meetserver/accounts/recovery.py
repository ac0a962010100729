"""Recovery codes: for who lost the other factors. 140 random bits each, kept as a keyed hash."""

import hashlib
import hmac

from meetserver import limits
from meetserver.ids import UserId
from meetserver.ports import Random

CHARS, GROUP = 28, 4


def new_codes(random: Random) -> list[str]:
    """As they are shown: seven groups of four."""
    return [_new_code(random) for _ in range(limits.RECOVERY_CODES)]


def code_hash(key: bytes, user: UserId, code: str) -> bytes:
    """The same however it is typed: with or without hyphens and spaces, in capitals or not."""
    plain = "".join(c for c in code.lower() if c.isalnum())
    return hmac.digest(key, f"{user} {plain}".encode(), hashlib.sha256)


def _new_code(random: Random) -> str:
    plain = (random.id() + random.id())[:CHARS]
    return "-".join(plain[start : start + GROUP] for start in range(0, CHARS, GROUP))
