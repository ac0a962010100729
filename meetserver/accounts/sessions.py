"""Sessions of accounts: opened at sign-in, looked up at every use (or less than a second before), refreshed, revoked.

A refresh token is `<session id>.<secret>`. Its successor's secret is an HMAC of its own, so that a client that lost
the answer, or asked twice at once, gets the very same successor without the server keeping it readable.
A token that is older than that ends its session: somebody else may hold the newer one. A secret ends in a tag, so that
one that was never given out is known for that: session ids are no secrets, and nobody is signed out by knowing one.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.access import AnyRole
from meetserver.accounts import session_store as store
from meetserver.accounts.messages import Tokens
from meetserver.accounts.session_store import SIGNED_IN, Kind, SessionRow, Standing
from meetserver.accounts.signing_keys import SigningKeys
from meetserver.accounts.store import Account, account_by_id
from meetserver.accounts.tokens import AccessClaims, AccessTokens
from meetserver.cache import keys
from meetserver.cache.cached import Cached
from meetserver.database import Database
from meetserver.errors import NotFound, Unauthenticated
from meetserver.ids import UserId
from meetserver.ports import Clock, Origin, Random, SecurityLog

_Rotated: TypeAlias = tuple[Literal["rotated", "reused"], SessionRow] | None


class Caller(Struct, frozen=True):
    """Who calls, by which session. `scopes` None: not a personal token, and not bound by scopes."""

    account: Account
    session: str
    is_page: bool = False
    """By cookie: what changes state then needs the CSRF token."""
    scopes: frozenset[str] | None = None
    is_confirmed: bool = False
    """Its owner has shown who they are a short while ago."""

    @property
    def user(self) -> UserId:
        return self.account.id

    @property
    def roles(self) -> frozenset[AnyRole]:
        return self.account.roles

    @property
    def verified_key(self) -> str | None:
        """Of the account's address, once its owner has shown that it is theirs: invitations go by it."""
        return None if self.account.verified_at is None else self.account.email_key


class Sessions:
    def __init__(
        self,
        database: Database,
        cached: Cached,
        tokens: AccessTokens,
        security_log: SecurityLog,
        clock: Clock,
        random: Random,
        *,
        successor_key: bytes,
        life_s: int,
    ) -> None:
        """`life_s`: of a session that is not used; none lives longer than `limits.SESSION_LONGEST_S`."""
        self._database = database
        self._cached = cached
        self._tokens = tokens
        self._security_log = security_log
        self._clock = clock
        self._random = random
        self._successor_key = successor_key
        self._life = timedelta(seconds=life_s)

    @property
    def signing_keys(self) -> SigningKeys:
        return self._tokens.keys

    # --- opened and refreshed

    async def open_tokens(
        self, user: UserId, origin: Origin, methods: Sequence[str], *, seen: Account | None = None
    ) -> Tokens:
        """`methods`: how the owner has just shown who they are; `seen`: the account as it was when they did.

        Raises Unauthenticated where its password was set anew since, or it was disabled: that ended all sessions, and
        one that was just about to open is one of them.
        """
        session = self._random.id()
        secret = self._tagged(session, self._random.secret())
        await self._open(session, user, "token", hash_of(secret), origin, methods, seen)
        return self._issue(user, session, secret)

    async def open_page(
        self, user: UserId, origin: Origin, methods: Sequence[str], *, seen: Account | None = None
    ) -> str:
        """A session for a cookie to name; its id. Otherwise as `open_tokens`."""
        session = self._random.id()
        await self._open(session, user, "cookie", None, origin, methods, seen)
        return session

    async def confirm(self, session: str, methods: Sequence[str]) -> None:
        """The session's owner has just shown again who they are; by these methods as well as by those before."""

        async def note(connection: AsyncConnection) -> None:
            now = self._clock.now()
            row = await store.standing_session(connection, session, now)
            if row is not None:
                known = list(dict.fromkeys([*(row.methods or ()), *methods]))
                await store.update_session(connection, session, confirmed_at=now, methods=known)

        await self._database.run(note)

    async def refresh(self, refresh_token: str, origin: Origin) -> Tokens:
        """The next pair of tokens. Raises Unauthenticated; a token out of turn ends its session first."""
        session, _, secret = refresh_token.partition(".")
        successor = self._successor(session, secret)
        outcome: _Rotated = None
        if is_id(session) and self._was_given_out(session, secret):
            outcome = await self._database.run(
                lambda connection: self._rotate(connection, session, hash_of(secret), hash_of(successor))
            )
        if outcome is None:
            raise Unauthenticated("the refresh token is not valid")
        event, row = outcome
        if event == "reused":
            await self._security_log.record("refresh.reused", origin, actor=row.user_id, subject=session)
            raise Unauthenticated("the refresh token is not valid")
        return self._issue(row.user_id, session, successor)

    async def _rotate(self, connection: AsyncConnection, session: str, presented: bytes, successor: bytes) -> _Rotated:
        now = self._clock.now()
        row = await store.standing_session(connection, session, now)
        if row is None or row.kind != "token":
            return None
        if is_same(presented, row.refresh_hash):
            await store.update_session(
                connection,
                session,
                refresh_hash=successor,
                previous_hash=presented,
                previous_until=now + timedelta(seconds=limits.REFRESH_GRACE_S),
                last_used_at=now,
                expires_at=self._end(row.created_at, now),
            )
            return "rotated", row
        if is_same(presented, row.previous_hash) and row.previous_until is not None and now < row.previous_until:
            return "rotated", row
        await store.revoke_session(connection, session, now, kinds=("token",))
        return "reused", row

    # --- looked up

    async def caller_of_token(self, access_token: str) -> Caller:
        """Raises Unauthenticated."""
        claims = await self._tokens.verify(access_token)
        found = await self.standing(claims.session, "token")
        if found is None or found.account.id != claims.user:
            raise Unauthenticated("the session has ended")
        return Caller(found.account, found.session.id, is_confirmed=self._is_confirmed(found.session))

    async def caller_of_page(self, session: str) -> Caller | None:
        """None: the session has ended. Being used keeps it alive."""
        found = await self.standing(session, "cookie")
        if found is None:
            return None
        row, now = found.session, self._clock.now()
        if now - row.last_used_at > timedelta(seconds=limits.SESSION_TOUCH_S):
            columns = {"last_used_at": now, "expires_at": self._end(row.created_at, now)}
            await self._database.run(lambda connection: store.update_session(connection, session, **columns))
        return Caller(found.account, session, is_page=True, is_confirmed=self._is_confirmed(row))

    async def standing(self, session: str, kind: Kind) -> Standing | None:
        """The session, if it is of this kind and stands, as of less than limits.CACHE_LOCAL_S ago. Raises
        Unavailable."""

        async def load() -> Standing | None:
            return await store.read_standing(self._database, session, self._clock.now())

        found = await self._cached.read(keys.session(session), Standing, load)
        is_it = found is not None and found.session.kind == kind and found.stands(self._clock.now())
        return found if is_it else None

    async def ended_among(self, sessions: Collection[str]) -> set[str]:
        """Those of these sessions, of any kind, or of what `session_store.as_admin` made of one, that do not stand (any
        more). Raises Unavailable."""
        ended = set(sessions)
        all_ = list(ended)
        for start in range(0, len(all_), limits.SESSIONS_PER_LOOK):
            some = all_[start : start + limits.SESSIONS_PER_LOOK]
            ended -= await store.standing(self._database, some, self._clock.now())
        return ended

    async def list_of(self, user: UserId) -> list[SessionRow]:
        """The user's devices, the one used last first; at most limits.PAGE_ITEMS."""
        return await store.sessions_of(self._database, user, SIGNED_IN, self._clock.now(), limits.PAGE_ITEMS)

    # --- revoked

    async def revoke(self, session: str, origin: Origin, *, of: UserId | None = None) -> bool:
        """End one. `of`: only if it is this user's. False: there was none, or it had ended."""
        now = self._clock.now()
        user = await self._database.run(
            lambda connection: store.revoke_session(connection, session, now, kinds=SIGNED_IN, of=of)
        )
        if user is not None:
            await self._security_log.record("session.revoked", origin, actor=user, subject=session)
        return user is not None

    async def revoke_own(self, session: str, origin: Origin, owner: UserId) -> None:
        """As `revoke`; raises NotFound where this user has no such session."""
        if not await self.revoke(session, origin, of=owner):
            raise NotFound("there is no such session")

    async def revoke_all(
        self,
        user: UserId,
        origin: Origin,
        *,
        by: UserId,
        keep: str | None = None,
        kinds: Sequence[Kind] = SIGNED_IN,
    ) -> int:
        """End all of a user's sessions but the one to `keep`; how many."""
        now = self._clock.now()
        ended = await self._database.run(
            lambda connection: store.revoke_sessions(connection, user, now, kinds=kinds, keep=keep)
        )
        if ended:
            await self._security_log.record("sessions.revoked", origin, actor=by, subject=user, count=ended)
        return ended

    # --- within

    async def _open(
        self,
        session: str,
        user: UserId,
        kind: Kind,
        refresh_hash: bytes | None,
        origin: Origin,
        methods: Sequence[str],
        seen: Account | None,
    ) -> None:
        now = self._clock.now()
        row = SessionRow(
            id=session,
            user_id=user,
            kind=kind,
            refresh_hash=refresh_hash,
            created_at=now,
            last_used_at=now,
            expires_at=self._end(now, now),
            user_agent=origin.user_agent,
            address=origin.address,
            methods=list(methods),
            confirmed_at=now,
        )

        async def insert(connection: AsyncConnection) -> None:
            if seen is not None and not _is_unchanged(seen, await account_by_id(connection, user)):
                raise Unauthenticated("the account was changed just now: sign in again")
            await store.insert_session(connection, row)

        await self._database.run(insert)

    def _is_confirmed(self, row: SessionRow) -> bool:
        age = timedelta(seconds=limits.CONFIRM_LIFE_S)
        return row.confirmed_at is not None and self._clock.now() - row.confirmed_at < age

    def _end(self, created_at: datetime, now: datetime) -> datetime:
        """Of a session that is used now."""
        return min(now + self._life, created_at + timedelta(seconds=limits.SESSION_LONGEST_S))

    def _issue(self, user: UserId, session: str, secret: str) -> Tokens:
        return Tokens(
            access_token=self._tokens.issue(AccessClaims(user, session)),
            token_type="Bearer",
            expires_in=self._tokens.life_s,
            refresh_token=f"{session}.{secret}",
        )

    def _successor(self, session: str, secret: str) -> str:
        return self._tagged(session, self._mac(f"next {session}.{secret}"))

    def _tagged(self, session: str, nonce: str) -> str:
        return nonce + self._mac(f"tag {session}.{nonce}")

    def _was_given_out(self, session: str, secret: str) -> bool:
        """By this server, as this session's; whether it is the newest is for the session's row to say."""
        nonce = secret[: len(secret) // 2]
        return hmac.compare_digest(secret.encode(), self._tagged(session, nonce).encode())

    def _mac(self, text: str) -> str:
        digest = hmac.digest(self._successor_key, text.encode(), hashlib.sha256)
        return urlsafe_b64encode(digest).decode().rstrip("=")


def _is_unchanged(seen: Account, now: Account | None) -> bool:
    """As far as signing in goes."""
    return now is not None and now.disabled_at is None and now.password_hash == seen.password_hash


def is_id(text: str) -> bool:
    return text.isascii() and text.isalnum()


def hash_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def is_same(presented: bytes, stored: bytes | None) -> bool:
    return stored is not None and hmac.compare_digest(presented, stored)
