"""Keys that access tokens are signed with: Ed25519, in the database, sealed; several processes share them.

A new key signs only from `limits.KEY_SPREAD_S` after it was made, when every process knows it; the one before goes on
verifying until nothing that it signed is alive. A key's id is the thumbprint of its public part (RFC 7638).
"""

import asyncio
import hashlib
import logging
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Self

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct, structs
from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.accounts.models import signing_key
from meetserver.database import Database
from meetserver.errors import MeetError, SealBroken
from meetserver.ports import Clock, Sealer

log = logging.getLogger(__name__)

ROTATE = "accounts.rotate_signing_key"
"""The kind of the periodic job, once a day, that `SigningKeys.rotate_if_due` is registered as."""


class Jwk(Struct, frozen=True):
    """A public Ed25519 key (RFC 8037)."""

    x: str
    kid: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    alg: str = "EdDSA"
    use: str = "sig"


class SigningKey(Struct, frozen=True):
    """Signs from `signs_from` until its successor does, and verifies until `retired_at` (None: no end is set)."""

    id: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    created_at: datetime
    signs_from: datetime
    retired_at: datetime | None


class SigningKeys:
    def __init__(self, database: Database, sealer: Sealer, clock: Clock, *, token_life_s: int) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._token_life = timedelta(seconds=token_life_s)
        self._keys: dict[str, SigningKey] = {}
        self._looking = asyncio.Lock()
        self._looked_at = clock.now()

    @classmethod
    async def open(cls, database: Database, sealer: Sealer, clock: Clock, *, token_life_s: int) -> Self:
        """The keys of this database; the first is made when there is none. Raises SealBroken, Unavailable."""
        keys = cls(database, sealer, clock, token_life_s=token_life_s)

        async def first(connection: AsyncConnection) -> None:
            if (await connection.execute(select(signing_key.c.id).limit(1))).first() is None:
                await keys._insert(connection, clock.now())

        await database.run(first)
        await keys.refresh()
        return keys

    # --- used

    def current(self) -> SigningKey:
        """The one that signs now."""
        now = self._clock.now()
        standing = [key for key in self._keys.values() if _verifies(key, now)]
        return max(standing or self._keys.values(), key=lambda key: (key.signs_from <= now, key.signs_from))

    async def find(self, key_id: str) -> Ed25519PublicKey | None:
        """The key that verifies what is signed under this id; one that was just made elsewhere is looked for."""
        if key_id not in self._keys:
            await self._look()
        key = self._keys.get(key_id)
        return key.public if key is not None and _verifies(key, self._clock.now()) else None

    def public(self) -> list[Jwk]:
        """All that verify, for the JWKS."""
        now = self._clock.now()
        return [Jwk(_x(key.public), key.id) for key in self._keys.values() if _verifies(key, now)]

    # --- made, and heard of

    async def rotate(self, *, revoke: bool = False) -> str:
        """Make a new key; its id. `revoke`: it signs from now on, and what the others signed is worth nothing more."""

        async def add(connection: AsyncConnection) -> str:
            now = self._clock.now()
            signs_from = now if revoke else now + timedelta(seconds=limits.KEY_SPREAD_S)
            ends = now if revoke else signs_from + self._token_life + timedelta(seconds=limits.KEY_SPREAD_S)
            is_later = or_(signing_key.c.retired_at.is_(None), signing_key.c.retired_at > ends)
            await connection.execute(update(signing_key).where(is_later).values(retired_at=ends))
            await connection.execute(
                delete(signing_key).where(signing_key.c.retired_at <= now - timedelta(seconds=limits.KEY_AGE_S))
            )
            return await self._insert(connection, signs_from)

        made = await self._database.run(add)
        await self.refresh()
        return made

    async def rotate_if_due(self, _job: object = None) -> None:
        """The handler of ROTATE."""
        await self.refresh()
        newest = max(key.created_at for key in self._keys.values())
        if self._clock.now() - newest >= timedelta(seconds=limits.KEY_AGE_S):
            await self.rotate()

    async def refresh(self) -> None:
        """See what other processes made; each must look within `limits.KEY_SPREAD_S`."""
        rows = await self._database.fetch(select(signing_key).order_by(signing_key.c.signs_from))
        self._keys = {row.id: self._opened(row) for row in rows}
        self._looked_at = self._clock.now()

    async def follow(self) -> None:
        """Stay up to date with what other processes make and revoke, for ever."""
        while True:
            await asyncio.sleep(limits.SIGNING_KEYS_REFRESH_S)
            try:
                await self.refresh()
            except MeetError as error:
                log.warning("action=signing_keys_not_refreshed error=%s", error)

    async def _look(self) -> None:
        """At most once in a while, however many ask."""
        async with self._looking:
            if self._clock.now() - self._looked_at >= timedelta(seconds=limits.KEY_MISS_S):
                with suppress(SealBroken):  # by a data key that is not here yet either
                    await self.refresh()

    async def _insert(self, connection: AsyncConnection, signs_from: datetime) -> str:
        private = Ed25519PrivateKey.generate()
        key_id = thumbprint(private.public_key())
        sealed = self._sealer.seal(private.private_bytes_raw(), _about(key_id))
        row = {"id": key_id, "private": sealed, "created_at": self._clock.now(), "signs_from": signs_from}
        await connection.execute(insert(signing_key).values(**row))
        return key_id

    def _opened(self, row: Any) -> SigningKey:
        known = self._keys.get(row.id)
        if known is not None:
            return structs.replace(known, retired_at=row.retired_at)
        private = Ed25519PrivateKey.from_private_bytes(self._sealer.unseal(row.private, _about(row.id)))
        return SigningKey(row.id, private, private.public_key(), row.created_at, row.signs_from, row.retired_at)


def thumbprint(public: Ed25519PublicKey) -> str:
    """RFC 7638, with the members that RFC 8037 (2) names."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": _x(public)}
    return _base64url(hashlib.sha256(msgspec.json.encode(members, order="sorted")).digest())


def _verifies(key: SigningKey, now: datetime) -> bool:
    return key.retired_at is None or now < key.retired_at


def _x(public: Ed25519PublicKey) -> str:
    return _base64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _about(key_id: str) -> str:
    return f"signing_key {key_id}"
