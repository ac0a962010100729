"""What was asked and must come back answered: made once, tried a few times, used once, and short-lived."""

import hashlib
from datetime import timedelta
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.accounts import factor_store as store
from meetserver.database import Database
from meetserver.ids import UserId
from meetserver.ports import Clock, Random, Sealer

Purpose: TypeAlias = Literal["factor", "passkey_add", "passkey_use", "oidc"]


class Challenge(Struct, frozen=True):
    """`state`: what is needed to check the answer."""

    id: str
    user: UserId | None
    state: dict[str, Any]


class Challenges:
    def __init__(self, database: Database, sealer: Sealer, clock: Clock, random: Random) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._random = random

    async def issue(
        self, purpose: Purpose, user: UserId | None, state: dict[str, Any], life_s: float = limits.CHALLENGE_LIFE_S
    ) -> str:
        """The token that the answer must come with."""
        row_id, token = self._random.id(), self._random.secret()
        row = store.ChallengeRow(
            id=row_id,
            purpose=purpose,
            user_id=user,
            secret_hash=_hash(token),
            sealed=self._sealer.seal(msgspec.json.encode(state), _about(row_id)),
            expires_at=self._clock.now() + timedelta(seconds=life_s),
        )
        await self._database.run(lambda connection: store.insert_challenge(connection, row))
        return token

    async def attempt(self, token: str, purpose: Purpose) -> Challenge | None:
        """One answer more is looked at: counted before, so that many at once are no more. None: it was not asked for,
        was answered, took too long, or had too many answers."""
        row = await store.count_attempt(self._database, _hash(token), purpose, self._clock.now())
        if row is None:
            return None
        state = msgspec.json.decode(self._sealer.unseal(row.sealed, _about(row.id)))
        return Challenge(row.id, row.user_id, state)

    async def use(self, connection: AsyncConnection, challenge: Challenge) -> bool:
        """In the unit of work of whatever it was for. False: another answer was first."""
        return await store.use_challenge(connection, challenge.id, self._clock.now())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _about(row_id: str) -> str:
    return f"auth_challenge {row_id}"
