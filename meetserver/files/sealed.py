"""A blob's content at rest: sealed in chunks, so that it is written without knowing its length, read from anywhere, and
cut, reordered or swapped by nobody unnoticed.

STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance",
2015) over AES-256-GCM:

    blob   = version (1 byte), salt (32), sealed chunks
    chunk  = ciphertext of 64 KiB, of the last chunk 0–64 KiB; tag (16)
    key    = HKDF-SHA256(the file's key, salt)
    nonce  = part (4 bytes), zeros (3), counter of the chunk (4), 1 for the last chunk, else 0
    associated data = version, the file's id

The salt is fresh with each sealing: a part that is uploaded anew, with other content, never meets a nonce again.
"""

import os
import struct
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from meetserver.errors import SealBroken
from meetserver.ports import BlobStore

VERSION = b"\x01"
KEY_BYTES = 32
CHUNK_BYTES = 64 * 1024
"""Sealing one takes about 25 µs, so it is done where one stands, on the loop."""

_SALT_BYTES = 32
_HEADER_BYTES = len(VERSION) + _SALT_BYTES
_TAG_BYTES = 16
_NONCE = struct.Struct(">I3xI?")


def sealed_bytes(plain_bytes: int) -> int:
    """How long a blob of so much content is."""
    return _HEADER_BYTES + plain_bytes + _TAG_BYTES * (_last_chunk(plain_bytes) + 1)


async def seal(chunks: AsyncIterator[bytes], key: bytes, about: str, part: int) -> AsyncGenerator[bytes, None]:
    """What to keep of `chunks`, which may have any sizes: part number `part` of the file with the id `about`.

    `key` is the file's own, 32 random bytes. At most one chunk is kept back.
    """
    salt = os.urandom(_SALT_BYTES)
    cipher = _Cipher(key, salt, about, part)
    yield VERSION + salt
    waiting, counter = bytearray(), 0
    async for chunk in chunks:
        waiting += chunk
        while len(waiting) > CHUNK_BYTES:
            yield cipher.seal(waiting[:CHUNK_BYTES], counter, is_last=False)
            del waiting[:CHUNK_BYTES]
            counter += 1
    yield cipher.seal(waiting, counter, is_last=True)


async def open_range(
    store: BlobStore, name: str, key: bytes, about: str, part: int, plain_bytes: int, start: int, end: int
) -> AsyncGenerator[bytes, None]:
    """The content from `start` up to, without, `end` of a blob that `seal` made of `plain_bytes`, in pieces of at most
    CHUNK_BYTES. Reads the chunks that the range touches, and the blob's first bytes.

    Raises SealBroken where the blob is not what was sealed as this part of this file with this key; what came before
    is right. NotFound when the blob is not there, ValueError when the range is not inside `plain_bytes`.
    """
    if not 0 <= start <= end <= plain_bytes:
        raise ValueError(f"{start}–{end} is no range of {plain_bytes} bytes")
    if start == end:
        return
    first, last, very_last = start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES, _last_chunk(plain_bytes)
    until = min(_offset(last + 1), sealed_bytes(plain_bytes))
    async with aclosing(store.get(name, _offset(first) if first else 0, until)) as sealed:
        body = _Reader(sealed)
        header = await (_header(store, name) if first else body.take(_HEADER_BYTES))
        cipher = _opening(header, key, about, part)
        for counter in range(first, last + 1):
            at = counter * CHUNK_BYTES
            plain = cipher.open(
                await body.take(min(CHUNK_BYTES, plain_bytes - at) + _TAG_BYTES), counter, is_last=counter == very_last
            )
            yield plain[max(0, start - at) : end - at]


class _Cipher:
    def __init__(self, key: bytes, salt: bytes, about: str, part: int) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError("a file's key has 32 bytes")
        self._aes = AESGCM(HKDF(SHA256(), KEY_BYTES, salt, b"meetserver file").derive(key))
        self._associated = VERSION + about.encode()
        self._about = about
        self._part = part

    def seal(self, plain: bytearray, counter: int, *, is_last: bool) -> bytes:
        return self._aes.encrypt(_NONCE.pack(self._part, counter, is_last), plain, self._associated)

    def open(self, sealed: bytes, counter: int, *, is_last: bool) -> bytes:
        try:
            return self._aes.decrypt(_NONCE.pack(self._part, counter, is_last), sealed, self._associated)
        except InvalidTag:
            raise SealBroken(f"part {self._part} of file {self._about} was changed, or belongs elsewhere") from None


class _Reader:
    """So many bytes at a time of what comes in other sizes."""

    def __init__(self, source: AsyncIterator[bytes]) -> None:
        self._source = source
        self._waiting = bytearray()

    async def take(self, size: int) -> bytes:
        while len(self._waiting) < size:
            chunk = await anext(self._source, None)
            if chunk is None:
                raise SealBroken("a sealed blob is shorter than it was")
            self._waiting += chunk
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken


async def _header(store: BlobStore, name: str) -> bytes:
    async with aclosing(store.get(name, 0, _HEADER_BYTES)) as sealed:
        return await _Reader(sealed).take(_HEADER_BYTES)


def _opening(header: bytes, key: bytes, about: str, part: int) -> _Cipher:
    if not header.startswith(VERSION):
        raise SealBroken(f"part {part} of file {about} is sealed in version {header[0]}, which is not known here")
    return _Cipher(key, header[len(VERSION) :], about, part)


def _last_chunk(plain_bytes: int) -> int:
    """Its counter. What is empty is one chunk, too: its tag says that it is empty."""
    return max(0, plain_bytes - 1) // CHUNK_BYTES


def _offset(chunk: int) -> int:
    return _HEADER_BYTES + chunk * (CHUNK_BYTES + _TAG_BYTES)
