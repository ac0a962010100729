"""Sessions of accounts: opened at sign-in, looked up at every use, refreshed, revoked.

A refresh token is `<session id>.<secret>`. Its successor's secret is an HMAC of its own, so that a client that lost
the answer, or asked twice at once, gets the very same successor without the server keeping it readable.
A token that is older than that, or was never given out, ends its session: somebody else may hold the newer one.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.access import AnyRole
from meetserver.accounts import store
from meetserver.accounts.messages import Tokens
from meetserver.accounts.store import Account, SessionRow
from meetserver.accounts.tokens import AccessClaims, AccessTokens
from meetserver.database import Database
from meetserver.errors import Unauthenticated
from meetserver.ids import UserId
from meetserver.ports import Clock, Random

USER_AGENT_CHARS = 200


class Caller(Struct, frozen=True):
    """Who calls, by which session. `scopes` None: not a personal token, and not bound by scopes."""

    account: Account
    session: str
    is_page: bool = False
    """By cookie: what changes state then needs the CSRF token."""
    scopes: frozenset[str] | None = None
    is_confirmed: bool = True
    """Its owner has shown who they are a short while ago."""

    @property
    def user(self) -> UserId:
        return self.account.id

    @property
    def roles(self) -> frozenset[AnyRole]:
        return self.account.roles


class Sessions:
    def __init__(
        self,
        database: Database,
        tokens: AccessTokens,
        clock: Clock,
        random: Random,
        *,
        successor_key: bytes,
        life_s: int,
    ) -> None:
        """`life_s`: of a session that is not used."""
        self._database = database
        self._tokens = tokens
        self._clock = clock
        self._random = random
        self._successor_key = successor_key
        self._life = timedelta(seconds=life_s)

    async def open_tokens(self, user: UserId, user_agent: str) -> Tokens:
        session, secret = self._random.id(), self._random.secret()
        await self._open(session, user, "token", _hash(secret), user_agent)
        return self._issue(user, session, secret)

    async def open_page(self, user: UserId, user_agent: str) -> str:
        """A session for a cookie to name; its id."""
        session = self._random.id()
        await self._open(session, user, "cookie", None, user_agent)
        return session

    async def refresh(self, refresh_token: str) -> Tokens:
        """The next pair of tokens. Raises Unauthenticated; a token out of turn ends its session first."""
        session, _, secret = refresh_token.partition(".")
        successor = self._successor(session, secret)

        async def rotate(connection: AsyncConnection) -> SessionRow | None:
            now = self._clock.now()
            row = await store.session_by_id(connection, session)
            if row is None or row.kind != "token" or row.revoked_at is not None or row.expires_at <= now:
                return None
            presented = _hash(secret)
            if _same(presented, row.refresh_hash):
                await store.update_session(
                    connection,
                    session,
                    refresh_hash=_hash(successor),
                    previous_hash=presented,
                    previous_until=now + timedelta(seconds=limits.REFRESH_GRACE_S),
                    last_used_at=now,
                    expires_at=now + self._life,
                )
                return row
            if _same(presented, row.previous_hash) and row.previous_until is not None and now < row.previous_until:
                return row
            await store.revoke_session(connection, session, now)
            return None

        row = await self._database.run(rotate) if _is_id(session) else None
        if row is None:
            raise Unauthenticated("the refresh token is not valid")
        return self._issue(row.user_id, session, successor)

    async def caller_of_token(self, access_token: str) -> Caller:
        """Raises Unauthenticated."""
        claims = self._tokens.verify(access_token)
        found = await store.account_of_session(self._database, claims.session, "token", self._clock.now())
        if found is None or found[0].id != claims.user:
            raise Unauthenticated("the session has ended")
        return Caller(found[0], claims.session)

    async def caller_of_page(self, session: str) -> Caller | None:
        """None: the session has ended. Being used keeps it alive."""
        now = self._clock.now()
        found = await store.account_of_session(self._database, session, "cookie", now)
        if found is None:
            return None
        account, last_used_at = found
        if now - last_used_at > timedelta(seconds=limits.SESSION_TOUCH_S):
            await self._touch(session, now)
        return Caller(account, session, is_page=True)

    async def revoke(self, session: str) -> None:
        now = self._clock.now()
        await self._database.run(lambda connection: store.revoke_session(connection, session, now))

    async def _open(self, session: str, user: UserId, kind: str, refresh_hash: bytes | None, user_agent: str) -> None:
        now = self._clock.now()
        row = SessionRow(
            id=session,
            user_id=user,
            kind=kind,
            refresh_hash=refresh_hash,
            previous_hash=None,
            previous_until=None,
            created_at=now,
            last_used_at=now,
            expires_at=now + self._life,
            revoked_at=None,
            user_agent="".join(c for c in user_agent if c.isprintable())[:USER_AGENT_CHARS],
        )
        await self._database.run(lambda connection: store.insert_session(connection, row))

    async def _touch(self, session: str, now: datetime) -> None:
        await self._database.run(
            lambda connection: store.update_session(connection, session, last_used_at=now, expires_at=now + self._life)
        )

    def _issue(self, user: UserId, session: str, secret: str) -> Tokens:
        return Tokens(
            access_token=self._tokens.issue(AccessClaims(user, session)),
            token_type="Bearer",
            expires_in=self._tokens.life_s,
            refresh_token=f"{session}.{secret}",
        )

    def _successor(self, session: str, secret: str) -> str:
        digest = hmac.digest(self._successor_key, f"{session}.{secret}".encode(), hashlib.sha256)
        return urlsafe_b64encode(digest).decode().rstrip("=")


def _is_id(text: str) -> bool:
    return text.isascii() and text.isalnum()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _same(presented: bytes, stored: bytes | None) -> bool:
    return stored is not None and hmac.compare_digest(presented, stored)
