"""Accounts: their parts, put together, and signing in. No answer tells whether an address has an account."""

from typing import Protocol

import msgspec
from msgspec import structs
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts import store
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.guard import LoginGuard
from meetserver.accounts.jobs import Enqueue, MailRequests
from meetserver.accounts.links import Links, Post
from meetserver.accounts.means import Means
from meetserver.accounts.messages import Login, Register, User
from meetserver.accounts.passwords import Passwords
from meetserver.accounts.personal import PersonalTokens
from meetserver.accounts.profiles import Profiles
from meetserver.accounts.resets import Resets
from meetserver.accounts.sessions import Sessions
from meetserver.accounts.sign_up import SignUp
from meetserver.accounts.signing_keys import SigningKeys
from meetserver.accounts.store import Account
from meetserver.accounts.tokens import AccessTokens
from meetserver.accounts.users import Users
from meetserver.cache.cached import Cached
from meetserver.config import Config
from meetserver.database import Database
from meetserver.errors import BadMessage, ConfigError, Forbidden, Unauthenticated
from meetserver.ports import Clock, Origin, Random, Sealer, SecurityLog
from meetserver.wire import timestamp

WRONG = "e-mail address or password is wrong"


class KeySource(Sealer, Protocol):
    def derive(self, purpose: str, length: int = 32) -> bytes:
        """A secret of its own for each purpose."""


async def open_accounts(
    config: Config,
    database: Database,
    cached: Cached,
    keys: KeySource,
    post: Post,
    enqueue: Enqueue,
    clock: Clock,
    random: Random,
    security_log: SecurityLog,
) -> "Accounts":
    """The service with its parts, each with its own key. Raises Unavailable."""
    life_s = config.access_token_life_s
    signing_keys = await SigningKeys.open(database, keys, clock, token_life_s=life_s)
    tokens = AccessTokens(signing_keys, clock, random, life_s)
    sessions = Sessions(
        database,
        cached,
        tokens,
        security_log,
        clock,
        random,
        successor_key=keys.derive("refresh-successor"),
        life_s=config.refresh_token_life_s,
    )
    means = Means(
        config=config,
        database=database,
        clock=clock,
        random=random,
        security_log=security_log,
        passwords=Passwords(keys.derive("password"), config.bcrypt_cost),
        links=Links(database, post, clock, random),
        post=post,
    )
    guard = LoginGuard(database, keys.derive("login-guard"), clock, security_log)
    return Accounts(means, sessions, guard, MailRequests(means, enqueue, keys))


class Accounts:
    """`sessions`, `sign_up`, `resets`, `profiles`, `personal`, `users` are its parts; `mail_requests.run` handles jobs
    of the kind jobs.MAIL_REQUEST."""

    def __init__(self, means: Means, sessions: Sessions, guard: LoginGuard, mail_requests: MailRequests) -> None:
        self._means = means
        self.links = means.links
        self.sessions = sessions
        self.guard = guard
        self.mail_requests = mail_requests
        self.sign_up = SignUp(means, mail_requests)
        self.resets = Resets(means, mail_requests, guard)
        self.profiles = Profiles(means)
        self.personal = PersonalTokens(means.database, sessions, means.security_log, means.clock, means.random)
        self.users = Users(means.database, means.links, means.security_log, means.clock, means.random)

    async def authenticate(self, wish: Login, origin: Origin) -> Account:
        """The account that address and password are of. Raises Unauthenticated, Forbidden before verification,
        RateLimited."""
        try:
            key = address_key(clean_address(wish.email))
        except BadMessage:
            key = ""
        account = await store.read_account_by_key(self._means.database, key)
        user = None if account is None else account.id
        async with self.guard.attempt("password", key, user, origin) as attempt:
            matches = await self._means.passwords.check(wish.password, account.password_hash if account else None)
            if account is not None and matches and account.disabled_at is None:
                attempt.succeeded()
        if account is None or not attempt.is_success:
            await self._means.security_log.record("login.failed", origin, actor=None, subject=user or "")
            raise Unauthenticated(WRONG)
        account = await self._renew_hash(account, wish.password, origin)
        self.refuse_unverified(account)
        return account

    def refuse_unverified(self, account: Account) -> None:
        """Raises Forbidden for an address that was not verified, where the server asks for that."""
        if self._means.config.require_verified_email and account.verified_at is None:
            raise Forbidden("open the link in the mail that was sent to this address first")

    async def check_password(self, account: Account, password: str, origin: Origin) -> None:
        """Whether it is still the same person who is signed in. Raises Forbidden, RateLimited."""
        async with self.guard.attempt("confirm", account.id, account.id, origin) as attempt:
            if await self._means.passwords.check(password, account.password_hash):
                attempt.succeeded()
        if not attempt.is_success:
            await self._means.security_log.record(
                "login.failed", origin, actor=account.id, subject=account.id, reason="confirm"
            )
            raise Forbidden("the password is wrong")

    async def _renew_hash(self, account: Account, password: str, origin: Origin) -> Account:
        """While the password is at hand: a hash of today's scheme and cost. The account as it then is."""
        old = account.password_hash
        if old is None or not self._means.passwords.is_outdated(old):
            return account
        new = await self._means.passwords.hash(password)
        if await store.replace_password_hash(self._means.database, account.id, old, new):
            await self._means.security_log.record("password.rehashed", origin, actor=account.id, subject=account.id)
            return structs.replace(account, password_hash=new)
        # Another sign-in at the same time did it, or the password is another one meanwhile.
        current = await store.read_account_by_key(self._means.database, account.email_key)
        if current is None or not await self._means.passwords.check(password, current.password_hash):
            raise Unauthenticated(WRONG)
        return current

    async def add(self, wish: Register, *, is_admin: bool = False) -> bool:
        """An account that is verified from the start, as somebody vouches for it. False: the address has one."""
        key = address_key(clean_address(wish.email))
        if await store.read_account_by_key(self._means.database, key) is not None:
            return False
        account = await self.sign_up.new_account(wish.email, wish.password, wish.name, is_verified=True)

        async def insert(connection: AsyncConnection) -> None:
            await store.insert_account(connection, account)
            if is_admin:
                await store.grant(connection, account.id, "admin", "", account.created_at)

        try:
            await self._means.database.run(insert)
        except IntegrityError:
            return False  # somebody else made it just now
        await self._means.security_log.record("account.created", Origin(), actor=None, subject=account.id)
        if is_admin:
            await self._means.security_log.record(
                "role.granted", Origin(), actor=None, subject=account.id, role="admin"
            )
        return True

    async def ensure_admin(self) -> None:
        """Make the configured first administrator if no account has that address. Raises ConfigError."""
        if not self._means.config.admin_email:
            return
        wish = {
            "email": self._means.config.admin_email,
            "password": self._means.config.admin_password,
            "name": "Administrator",
        }
        try:
            await self.add(msgspec.convert(wish, Register), is_admin=True)
        except (msgspec.ValidationError, BadMessage) as error:
            raise ConfigError(f"MEET_ADMIN_EMAIL or MEET_ADMIN_PASSWORD: {error}") from None

    async def forget_ended(self) -> int:
        """Delete sessions and links that ran out; how many. For a periodic job."""
        now = self._means.clock.now()
        return await store.delete_ended(self._means.database, now)


def shown(account: Account) -> User:
    """The account as its owner sees it."""
    return User(
        id=account.id,
        email=account.email,
        name=account.name,
        roles=sorted(account.roles),
        verified=account.verified_at is not None,
        created_at=timestamp(account.created_at),
        timezone=account.timezone,
    )
