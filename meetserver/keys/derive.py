"""One master secret, many keys: HKDF-SHA256 (RFC 5869), told apart by their purpose."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(master: bytes, purpose: str, length: int = 32) -> bytes:
    """`length` bytes that only depend on the master secret and the purpose, and tell nothing of other purposes'."""
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=f"meetserver {purpose}".encode()).derive(master)
