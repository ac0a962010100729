"""Personal access tokens, for programs that act as somebody: `meet_<session id>_<secret>`, shown once.

They are sessions of their own kind, bound by scopes and by the roles that their owner has at each use.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.access import Scope
from meetserver.accounts import session_store as store
from meetserver.accounts.session_store import Kind, SessionRow
from meetserver.accounts.sessions import Caller, Sessions, hash_of, is_id, is_same
from meetserver.database import Database
from meetserver.errors import BadMessage, Conflict, NotFound, Unauthenticated
from meetserver.ids import UserId
from meetserver.names import clean_name
from meetserver.ports import Clock, Origin, Random, SecurityLog

PREFIX: Final = "meet_"
_KINDS: Final[Sequence[Kind]] = ("personal",)


class Made(Struct, frozen=True):
    """`token` is told this once."""

    row: SessionRow
    token: str


class PersonalTokens:
    def __init__(
        self, database: Database, sessions: Sessions, security_log: SecurityLog, clock: Clock, random: Random
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._security_log = security_log
        self._clock = clock
        self._random = random

    async def create(
        self, user: UserId, name: str, scopes: Sequence[Scope], expires_at: datetime | None, origin: Origin
    ) -> Made:
        """`expires_at` None: as late as can be. Raises BadMessage, and Conflict when there are too many."""
        now = self._clock.now()
        secret = self._random.secret()
        row = SessionRow(
            id=self._random.id(),
            user_id=user,
            kind="personal",
            refresh_hash=hash_of(secret),
            created_at=now,
            last_used_at=now,
            expires_at=_checked_end(expires_at, now),
            user_agent=origin.user_agent,
            address=origin.address,
            name=clean_name(name),
            scopes=sorted(set(scopes)),
        )

        async def add(connection: AsyncConnection) -> None:
            if await store.count_sessions(connection, user, _KINDS, now) >= limits.PERSONAL_TOKENS:
                raise Conflict(f"an account has at most {limits.PERSONAL_TOKENS} personal access tokens")
            await store.insert_session(connection, row)

        await self._database.run(add)
        await self._record("token.created", row, origin)
        return Made(row, f"{PREFIX}{row.id}_{secret}")

    async def list_of(self, user: UserId) -> list[SessionRow]:
        """Those that stand, the one used last first."""
        return await store.sessions_of(self._database, user, _KINDS, self._clock.now(), limits.PERSONAL_TOKENS)

    async def change(
        self, user: UserId, token: str, name: str | None, scopes: Sequence[Scope] | None, origin: Origin
    ) -> SessionRow:
        """The token as it then is; None leaves as it is. Raises BadMessage, and NotFound, also for another user's."""
        columns: dict[str, object] = {}
        if name is not None:
            columns["name"] = clean_name(name)
        if scopes is not None:
            columns["scopes"] = sorted(set(scopes))

        async def update(connection: AsyncConnection) -> SessionRow:
            row = await store.standing_session(connection, token, self._clock.now())
            if row is None or row.kind != "personal" or row.user_id != user:
                raise NotFound("there is no such token")
            if columns:
                await store.update_session(connection, token, **columns)
            changed = await store.standing_session(connection, token, self._clock.now())
            assert changed is not None
            return changed

        changed = await self._database.run(update)
        await self._record("token.changed", changed, origin)
        return changed

    async def revoke(self, user: UserId, token: str, origin: Origin) -> None:
        """Raises NotFound, also where it is another user's."""
        now = self._clock.now()
        owner = await self._database.run(
            lambda connection: store.revoke_session(connection, token, now, kinds=_KINDS, of=user)
        )
        if owner is None:
            raise NotFound("there is no such token")
        await self._security_log.record("token.revoked", origin, actor=user, subject=token)

    async def caller(self, token: str) -> Caller:
        """Raises Unauthenticated."""
        session, _, secret = token.removeprefix(PREFIX).partition("_")
        now = self._clock.now()
        found = None
        if is_id(session) and secret.isascii():
            found = await self._sessions.standing(session, "personal")
        if found is None or not is_same(hash_of(secret), found.session.refresh_hash):
            raise Unauthenticated("the personal access token is not valid")
        row = found.session
        if now - row.last_used_at > timedelta(seconds=limits.SESSION_TOUCH_S):
            await self._database.run(lambda connection: store.update_session(connection, session, last_used_at=now))
        return Caller(found.account, session, scopes=frozenset(row.scopes or ()))

    async def _record(self, type_: Literal["token.created", "token.changed"], row: SessionRow, origin: Origin) -> None:
        scopes = " ".join(row.scopes or ())
        await self._security_log.record(type_, origin, actor=row.user_id, subject=row.id, scopes=scopes)


def is_personal(token: str) -> bool:
    return token.startswith(PREFIX)


def _checked_end(expires_at: datetime | None, now: datetime) -> datetime:
    latest = now + timedelta(days=limits.PERSONAL_TOKEN_DAYS)
    if expires_at is None:
        return latest
    if not now < expires_at <= latest:
        raise BadMessage(f"expires_at must be in the future, and within {limits.PERSONAL_TOKEN_DAYS} days")
    return expires_at
