"""Encryption at rest: AES-256-GCM under data keys that are kept in the database, wrapped by the master secret.

A sealed value is: version (1 byte), key id (4), nonce (12), ciphertext and tag (plain + 16).
The header and the row's identity are associated data: a value moved to another row does not open.

Nonces are random. One key may seal at most 2^32 values that way (NIST SP 800-38D, 8.3); `is_rotation_due`
says so long before, by this process's count and by the key's age.
"""

import os
import struct
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.database import Database
from meetserver.errors import ConfigError, SealBroken
from meetserver.keys import store
from meetserver.keys.derive import derive
from meetserver.ports import Clock, Random

VERSION = 1
HEADER = struct.Struct(">BI")
NONCE_BYTES = 12
TAG_BYTES = 16

ROTATE = "keys.rotate"
"""The kind of the periodic job, once a day, that `KeyRing.rotate_if_due` is registered as."""


class _Key(Struct, frozen=True):
    row: store.DataKeyRow
    cipher: AESGCM


class KeyRing:
    """ports.Sealer over data keys in the database. Sealing and unsealing touch no database."""

    def __init__(self, database: Database, secret: bytes, clock: Clock, random: Random) -> None:
        self._database = database
        self._secret = secret
        self._wrapping = AESGCM(derive(secret, "wrap data keys"))
        self._clock = clock
        self._random = random
        self._keys: dict[int, _Key] = {}
        self._seals: dict[int, int] = {}

    @classmethod
    async def open(cls, database: Database, secret: bytes, clock: Clock, random: Random) -> Self:
        """The ring of this database; its first key is made when there is none.

        Raises ConfigError when `secret` is not the one that the keys were wrapped with.
        """
        ring = cls(database, secret, clock, random)

        async def first(connection: AsyncConnection) -> list[store.DataKeyRow]:
            rows = await store.data_keys(connection)
            if not rows:
                rows = [ring._new_row(1)]
                await store.insert_data_key(connection, rows[0])
            return rows

        ring._take(await database.run(first))
        return ring

    def seal(self, plain: bytes, about: str) -> bytes:
        key = self._sealing_key()
        self._seals[key.row.id] = self._seals.get(key.row.id, 0) + 1
        header = HEADER.pack(VERSION, key.row.id)
        nonce = os.urandom(NONCE_BYTES)
        return header + nonce + key.cipher.encrypt(nonce, plain, header + about.encode())

    def unseal(self, sealed: bytes, about: str) -> bytes:
        """Raises SealBroken when `sealed` was changed, belongs to another row, or its key is not in the ring."""
        start = HEADER.size + NONCE_BYTES
        if len(sealed) < start + TAG_BYTES:
            raise SealBroken("a sealed value is too short")
        header, nonce, body = sealed[: HEADER.size], sealed[HEADER.size : start], memoryview(sealed)[start:]
        version, key_id = HEADER.unpack(header)
        if version != VERSION or key_id not in self._keys:
            raise SealBroken(f"a value is sealed with version {version}, key {key_id}, which is not in the ring")
        try:
            return self._keys[key_id].cipher.decrypt(nonce, body, header + about.encode())
        except InvalidTag:
            raise SealBroken(f"a sealed value of {about} was changed, or belongs elsewhere") from None

    def derive(self, purpose: str, length: int = 32) -> bytes:
        """A key of its own for signing, tickets, cookies…; the same in every process with this master secret."""
        return derive(self._secret, purpose, length)

    @property
    def sealing_header(self) -> bytes:
        """What values begin with that are sealed now."""
        return HEADER.pack(VERSION, self._sealing_key().row.id)

    @property
    def is_rotation_due(self) -> bool:
        key = self._sealing_key()
        if key.row.id != max(self._keys):
            return False  # the next one is made, and takes over soon
        age = self._clock.now() - key.row.created_at
        return self._seals.get(key.row.id, 0) >= limits.KEY_SEALS or age >= timedelta(seconds=limits.KEY_AGE_S)

    async def rotate(self) -> int:
        """Make a new key, which takes over after limits.KEY_SPREAD_S; its id. Older keys go on unsealing."""

        async def add(connection: AsyncConnection) -> list[store.DataKeyRow]:
            row = self._new_row(await store.next_id(connection))
            await store.insert_data_key(connection, row)
            await store.retire_others(connection, row.id, row.created_at + timedelta(seconds=limits.KEY_SPREAD_S))
            return await store.data_keys(connection)

        self._take(await self._database.run(add))
        return max(self._keys)

    async def rotate_if_due(self, _job: object = None) -> None:
        """The handler of ROTATE."""
        await self.refresh()
        if self.is_rotation_due:
            await self.rotate()

    async def refresh(self) -> None:
        """See what other processes made; each must look within `limits.KEY_SPREAD_S`."""
        self._take(await self._database.run(store.data_keys))

    def _sealing_key(self) -> _Key:
        now = self._clock.now()
        for key in self._keys.values():
            if key.row.retired_at is None or now < key.row.retired_at:
                return key
        return self._keys[max(self._keys)]

    def _new_row(self, key_id: int) -> store.DataKeyRow:
        plain = urlsafe_b64decode(self._random.secret() + "=")
        nonce = os.urandom(NONCE_BYTES)
        wrapped = nonce + self._wrapping.encrypt(nonce, plain, _about_key(key_id))
        return store.DataKeyRow(key_id, wrapped, self._clock.now(), None)

    def _take(self, rows: list[store.DataKeyRow]) -> None:
        self._keys = {row.id: _Key(row, AESGCM(self._unwrap(row))) for row in rows}

    def _unwrap(self, row: store.DataKeyRow) -> bytes:
        nonce, body = row.wrapped[:NONCE_BYTES], row.wrapped[NONCE_BYTES:]
        try:
            return self._wrapping.decrypt(nonce, body, _about_key(row.id))
        except InvalidTag:
            raise ConfigError(
                "the master secret is not the one this database's keys were made with: "
                "set MEET_SECRET_KEY, or bring secret.key back, as it was"
            ) from None


def _about_key(key_id: int) -> bytes:
    return f"data_key {key_id}".encode()
