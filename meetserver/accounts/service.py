"""Signing up, verifying an address, signing in. No answer tells whether an address has an account."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Protocol

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.accounts import store
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.messages import Login, Register, Registered, User
from meetserver.accounts.passwords import Passwords
from meetserver.accounts.sessions import Sessions
from meetserver.accounts.store import Account
from meetserver.accounts.tokens import AccessTokens
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import BadMessage, ConfigError, Forbidden, NotFound, Unauthenticated
from meetserver.ids import UserId
from meetserver.names import clean_name
from meetserver.ports import Clock, Random, RateLimiter, SecurityLog
from meetserver.wire import timestamp

Post = Callable[[AsyncConnection, str, str, Mapping[str, object]], Awaitable[None]]
"""Puts a letter into the outbox within the caller's unit of work: connection, letter's name, address, its values."""


class KeySource(Protocol):
    def derive(self, purpose: str, length: int = 32) -> bytes:
        """A secret of its own for each purpose."""


def open_accounts(
    config: Config,
    database: Database,
    keys: KeySource,
    post: Post,
    clock: Clock,
    random: Random,
    security_log: SecurityLog,
    limiter: RateLimiter,
) -> "Accounts":
    """The service with its parts, each with its own key."""
    tokens = AccessTokens(keys.derive("access-token"), clock, random, config.access_token_life_s)
    sessions = Sessions(
        database,
        tokens,
        clock,
        random,
        successor_key=keys.derive("refresh-successor"),
        life_s=config.refresh_token_life_s,
    )
    passwords = Passwords(keys.derive("password"), config.bcrypt_cost)
    return Accounts(database, passwords, sessions, post, config, clock, random, security_log, limiter)


class Accounts:
    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        sessions: Sessions,
        post: Post,
        config: Config,
        clock: Clock,
        random: Random,
        security_log: SecurityLog,
        limiter: RateLimiter,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self.sessions = sessions
        self._post = post
        self._config = config
        self._clock = clock
        self._random = random
        self._security_log = security_log
        self._limiter = limiter

    async def register(self, wish: Register) -> Registered:
        """A new account and its verification mail; a known address gets a mail instead, and the same answer."""
        account = await self._new_account(wish.email, wish.password, wish.name)

        async def add(connection: AsyncConnection) -> None:
            known = await store.account_by_key(connection, account.email_key)
            if known is None:
                await store.insert_account(connection, account)
                await self._send_link(connection, account)
            elif known.verified_at is None:
                await self._send_link_again(connection, known)
            else:
                await self._post(connection, "already_registered", known.email, {"name": known.name})

        try:
            await self._database.run(add)
        except IntegrityError:  # somebody else was quicker with the same address: now it is a known one
            await self._database.run(add)
        needs = "required" if self._config.require_verified_email else "optional"
        return Registered(account.email, account.name, needs)

    async def verify(self, token: str) -> None:
        """Mark the link's account as verified. Raises NotFound for a link that is unknown, used or too old."""
        now = self._clock.now()

        async def use(connection: AsyncConnection) -> bool:
            link = await store.link_by_hash(connection, _hash(token))
            if link is None or link.expires_at <= now or not await store.use_link(connection, link.id, now):
                return False
            await store.set_verified(connection, link.user_id, now)
            return True

        if not await self._database.run(use):
            raise NotFound("the link is not valid, was used, or is too old")

    async def send_link_again(self, email: str) -> None:
        """For an account that is not verified, at most once a minute; silently nothing for any other address."""
        key = address_key(clean_address(email))

        async def again(connection: AsyncConnection) -> None:
            account = await store.account_by_key(connection, key)
            if account is not None and account.verified_at is None:
                await self._send_link_again(connection, account)

        await self._database.run(again)

    async def authenticate(self, wish: Login) -> Account:
        """The account that address and password are of. Raises Unauthenticated, or Forbidden before verification."""
        try:
            key = address_key(clean_address(wish.email))
        except BadMessage:
            key = ""
        account = await store.read_account_by_key(self._database, key)
        matches = await self._passwords.check(wish.password, account.password_hash if account else None)
        if account is None or not matches:
            raise Unauthenticated("e-mail address or password is wrong")
        if self._config.require_verified_email and account.verified_at is None:
            raise Forbidden("open the link in the mail that was sent to this address first")
        return account

    async def add(self, wish: Register, *, is_admin: bool = False) -> bool:
        """An account that is verified from the start, as somebody vouches for it. False: the address has one."""
        key = address_key(clean_address(wish.email))
        if await store.read_account_by_key(self._database, key) is not None:
            return False
        account = await self._new_account(wish.email, wish.password, wish.name, is_verified=True)

        async def insert(connection: AsyncConnection) -> None:
            await store.insert_account(connection, account)
            if is_admin:
                await store.grant(connection, account.id, "admin", "", account.created_at)

        try:
            await self._database.run(insert)
        except IntegrityError:
            return False  # somebody else made it just now
        return True

    async def ensure_admin(self) -> None:
        """Make the configured first administrator if no account has that address. Raises ConfigError."""
        if not self._config.admin_email:
            return
        wish = {"email": self._config.admin_email, "password": self._config.admin_password, "name": "Administrator"}
        try:
            await self.add(msgspec.convert(wish, Register), is_admin=True)
        except (msgspec.ValidationError, BadMessage) as error:
            raise ConfigError(f"MEET_ADMIN_EMAIL or MEET_ADMIN_PASSWORD: {error}") from None

    async def forget_ended(self) -> int:
        """Delete sessions and links that ran out; how many. For a periodic job."""
        now = self._clock.now()
        return await self._database.run(lambda connection: store.delete_ended(connection, now))

    async def _new_account(self, email: str, password: str, name: str, *, is_verified: bool = False) -> Account:
        address, name = clean_address(email), clean_name(name)
        now = self._clock.now()
        return Account(
            id=UserId(self._random.id()),
            email=address,
            email_key=address_key(address),
            name=name,
            password_hash=await self._passwords.hash(password),
            verified_at=now if is_verified else None,
            created_at=now,
            version=1,
        )

    async def _send_link_again(self, connection: AsyncConnection, account: Account) -> None:
        newest = await store.newest_link(connection, account.id)
        age = timedelta(seconds=limits.VERIFY_LIFE_S - limits.VERIFY_AGAIN_S)
        if newest is None or newest.expires_at <= self._clock.now() + age:
            await self._send_link(connection, account)

    async def _send_link(self, connection: AsyncConnection, account: Account) -> None:
        token = self._random.secret()
        expires_at = self._clock.now() + timedelta(seconds=limits.VERIFY_LIFE_S)
        await store.insert_link(connection, self._random.id(), account.id, _hash(token), expires_at)
        values = {"name": account.name, "token": token, "life_h": limits.VERIFY_LIFE_S // 3600}
        await self._post(connection, "verify", account.email, values)


def shown(account: Account) -> User:
    """The account as its owner sees it."""
    return User(
        id=account.id,
        email=account.email,
        name=account.name,
        roles=sorted(account.roles),
        verified=account.verified_at is not None,
        created_at=timestamp(account.created_at),
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
