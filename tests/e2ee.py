"""docs/e2ee.md in Python, from the page's words and `cryptography` alone: what the web client is compared with."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PAD_BYTES = 64
GROUPS = 8
CHUNK_BYTES = 1024 * 1024
TAG_BYTES = 16
LEAST_BYTES = 256


class Member(NamedTuple):
    participant: str
    name: str
    identity: str


def text_of(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def context(*parts: str) -> bytes:
    """Each part as UTF-8 after its length in two bytes, so that no two lists look the same."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(2) + part for part in encoded)


def identity_from(scalar: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(scalar, ec.SECP256R1())


def public_text(private: ec.EllipticCurvePrivateKey) -> str:
    return text_of(private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def _wrapping(
    own: ec.EllipticCurvePrivateKey, other: str, room: str, sender: Member, receiver: Member, key_id: str
) -> tuple[bytes, bytes]:
    """The key that wraps, and the context that it is bound to."""
    bound = context(
        "meet-e2ee-v1 wrap", room, sender.participant, receiver.participant, sender.identity, receiver.identity, key_id
    )
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(other))
    shared = own.exchange(ec.ECDH(), public)
    return HKDF(algorithm=SHA256(), length=32, salt=b"", info=bound).derive(shared), bound


def wrap(
    own: ec.EllipticCurvePrivateKey,
    room: str,
    sender: Member,
    receiver: Member,
    key_id: str,
    key: bytes,
    nonce: bytes,
) -> str:
    wrapping, bound = _wrapping(own, receiver.identity, room, sender, receiver, key_id)
    return text_of(nonce + AESGCM(wrapping).encrypt(nonce, key, bound))


def unwrap(
    own: ec.EllipticCurvePrivateKey, room: str, sender: Member, receiver: Member, key_id: str, wrapped: str
) -> bytes:
    """Raises InvalidTag for what was not wrapped for this receiver by this sender."""
    wrapping, bound = _wrapping(own, sender.identity, room, sender, receiver, key_id)
    data = bytes_of(wrapped)
    return AESGCM(wrapping).decrypt(data[:12], data[12:], bound)


def padded(content: dict[str, Any]) -> bytes:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % PAD_BYTES)


def seal(
    key: bytes, room: str, sender: str, key_id: str, counter: int, content: dict[str, Any], kind: str, about: str
) -> str:
    bound = context("meet-e2ee-v1 message", room, sender, key_id, str(counter), kind, about)
    count = counter.to_bytes(8)
    return text_of(count + AESGCM(key).encrypt(bytes(4) + count, padded(content), bound))


def unseal(key: bytes, room: str, sender: str, key_id: str, sealed: str, kind: str, about: str) -> dict[str, Any]:
    """Raises InvalidTag for what was sealed for another place, or by another key."""
    data = bytes_of(sealed)
    counter = int.from_bytes(data[:8])
    bound = context("meet-e2ee-v1 message", room, sender, key_id, str(counter), kind, about)
    content: dict[str, Any] = json.loads(AESGCM(key).decrypt(bytes(4) + data[:8], data[8:], bound))
    return content


def _chunks(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]


def _place(room: str, number: int, count: int) -> tuple[bytes, bytes]:
    """A chunk's nonce, and what it is bound to."""
    bound = context("meet-e2ee-v1 file", room, str(number), "last" if number == count - 1 else "more")
    return number.to_bytes(12), bound


def padded_size(size: int) -> int:
    """Of a file's content, before it is sealed: PADMÉ, and at least 256 bytes unless there are none."""
    if size <= LEAST_BYTES:
        return LEAST_BYTES if size else 0
    exponent = size.bit_length() - 1
    unit = 1 << (exponent - exponent.bit_length())
    return -(-size // unit) * unit


def seal_file(key: bytes, room: str, content: bytes) -> bytes:
    chunks, cipher = _chunks(content, CHUNK_BYTES), AESGCM(key)
    places = (_place(room, number, len(chunks)) for number in range(len(chunks)))
    return b"".join(cipher.encrypt(nonce, chunk, bound) for chunk, (nonce, bound) in zip(chunks, places, strict=True))


def open_file(key: bytes, room: str, sealed: bytes) -> bytes:
    """Raises InvalidTag for what is not whole, or not in its order."""
    chunks, cipher = _chunks(sealed, CHUNK_BYTES + TAG_BYTES), AESGCM(key)
    places = (_place(room, number, len(chunks)) for number in range(len(chunks)))
    return b"".join(cipher.decrypt(nonce, chunk, bound) for chunk, (nonce, bound) in zip(chunks, places, strict=True))


def safety_code(room: str, members: Iterable[Member]) -> str:
    parts: Sequence[str] = [part for member in sorted(members) for part in member]
    digest = hashlib.sha512(context("meet-e2ee-v1 safety", room, *parts)).digest()
    groups = (int.from_bytes(digest[5 * at : 5 * at + 5]) % 100_000 for at in range(GROUPS))
    return " ".join(f"{group:05d}" for group in groups)
