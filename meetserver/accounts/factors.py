"""The second step of signing in, and confirming by a factor that it is still the same person.

Who has an authenticator app or a passkey is asked for one of them after the password, or for a recovery code.
An answer is taken whole or not at all: the challenge, the code's time step or the passkey's counter move in one unit
of work. A wrong answer is refused in the same words whatever is wrong with it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.accounts import factor_store as store
from meetserver.accounts import webauthn
from meetserver.accounts.challenges import Challenge, Challenges
from meetserver.accounts.factor_messages import (
    Assertion,
    Factor,
    FactorAnswer,
    FactorChallenge,
    FactorLogin,
    PasskeyChallenge,
    PasskeyLogin,
)
from meetserver.accounts.guard import Kind, LoginGuard
from meetserver.accounts.links import Post
from meetserver.accounts.recovery import code_hash
from meetserver.accounts.store import Account, account_by_id
from meetserver.accounts.totp import taken_step
from meetserver.accounts.webauthn import Site
from meetserver.database import Database
from meetserver.errors import BadMessage, Forbidden, Refused, Unauthenticated
from meetserver.ids import UserId
from meetserver.ports import Clock, Origin, Random, Sealer, SecurityLog

Take: TypeAlias = Callable[[AsyncConnection], Awaitable[bool]]
"""Uses an answer that is right up, in a unit of work. False: it was used already."""

WRONG = "the code or passkey is wrong, or was used already"
OVER = "this was not asked for, was answered, or took too long: begin again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What factors are made of; `code_key` hashes recovery codes."""

    database: Database
    sealer: Sealer
    clock: Clock
    random: Random
    security_log: SecurityLog
    challenges: Challenges
    guard: LoginGuard
    post: Post
    code_key: bytes

    async def tell(self, connection: AsyncConnection, account: Account, what: str) -> None:
        """Mail the owner what happened to their factors, a sentence without its full stop."""
        await self.post(connection, "factors_changed", account.email, {"name": account.name, "what": what})


class Factors:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def challenge(self, account: Account, site: Site, first: str = "password") -> FactorChallenge | None:
        """What is still asked of this account after its owner has shown who they are by `first`; None: nothing."""
        parts = self._parts
        app = await store.read_totp(parts.database, account.id)
        passkeys = await store.read_passkeys(parts.database, account.id)
        methods: list[Factor] = ["passkey"] if passkeys else []
        if app is not None and app.confirmed_at is not None:
            methods.append("totp")
        if not methods:
            return None
        known = [one.credential_id for one in passkeys]
        options, state = webauthn.request_options(site, known, "preferred", parts.random.secret())
        token = await parts.challenges.issue("factor", account.id, {"first": first, "passkey": state})
        if await store.codes_left(parts.database, account.id):
            methods.append("recovery_code")
        return FactorChallenge(token, methods, int(limits.CHALLENGE_LIFE_S), options if passkeys else None)

    async def sign_in(self, answer: FactorLogin, site: Site, origin: Origin) -> tuple[Account, list[str]]:
        """Who answers a challenge rightly, and by which methods they have now shown who they are.

        Raises Unauthenticated, BadMessage, RateLimited.
        """
        _only_one(answer)
        challenge = await self._parts.challenges.attempt(answer.token, "factor")
        if challenge is None:
            raise Unauthenticated(OVER)
        account = await self._account(challenge.user)
        method = await self._checked("factor", account, answer, challenge, site, origin)
        return account, [challenge.state["first"], method]

    async def passkey_options(self, site: Site, user: UserId | None = None) -> PasskeyChallenge:
        """For any passkey of this site, or of `user`'s to confirm that it is still them."""
        parts = self._parts
        known = [] if user is None else [one.credential_id for one in await store.read_passkeys(parts.database, user)]
        verification: webauthn.Verification = "required" if user is None else "preferred"
        options, state = webauthn.request_options(site, known, verification, parts.random.secret())
        token = await parts.challenges.issue("passkey_use", user, {"passkey": state})
        return PasskeyChallenge(token, options, int(limits.CHALLENGE_LIFE_S))

    async def sign_in_by_passkey(self, answer: PasskeyLogin, site: Site, origin: Origin) -> Account:
        """Whose passkey it is. No further factor is asked for: the authenticator is one, and has verified its owner by
        another. Raises Unauthenticated, RateLimited."""
        challenge = await self._parts.challenges.attempt(answer.token, "passkey_use")
        if challenge is None or challenge.user is not None:
            raise Unauthenticated(OVER)
        row = await store.read_passkey(self._parts.database, webauthn.credential_id(answer.passkey))
        if row is None or not webauthn.is_of(row.user_id, answer.passkey):
            await self._record_failure(None, origin, "passkey")
            raise Unauthenticated(WRONG)
        account = await self._account(row.user_id)
        await self._checked("factor", account, FactorAnswer(passkey=answer.passkey), challenge, site, origin)
        return account

    async def check(self, account: Account, answer: FactorAnswer, site: Site, origin: Origin) -> str:
        """By which factor somebody who is signed in has just shown that it is still them. A passkey answers a challenge
        of `passkey_options`. Raises Forbidden, BadMessage, RateLimited."""
        _only_one(answer)
        challenge = None
        if answer.passkey is not None:
            challenge = await self._parts.challenges.attempt(answer.token or "", "passkey_use")
            if challenge is None or challenge.user != account.id:
                raise Forbidden(OVER)
        return await self._checked("confirm", account, answer, challenge, site, origin)

    async def forget_expired(self) -> int:
        """Delete challenges that ran out; how many. For a periodic job."""
        return await store.delete_expired_challenges(self._parts.database, self._parts.clock.now())

    async def _account(self, user: UserId | None) -> Account:
        account = None
        if user is not None:
            account = await self._parts.database.run(lambda connection: account_by_id(connection, user))
        if account is None:
            raise Unauthenticated(WRONG)
        return account

    async def _checked(
        self,
        kind: Kind,
        account: Account,
        answer: FactorAnswer,
        challenge: Challenge | None,
        site: Site,
        origin: Origin,
    ) -> str:
        method, wrong = _method(answer), Unauthenticated(WRONG) if kind == "factor" else Forbidden(WRONG)
        async with self._parts.guard.attempt(kind, account.id, account.id, origin) as attempt:
            take = await self._right(account, answer, challenge, site)
            if take is not None and await self._take(challenge, take, wrong):
                attempt.succeeded()
        if not attempt.is_success:
            await self._record_failure(account.id, origin, method)
            raise wrong
        if method == "recovery":
            await self._parts.security_log.record("recovery_code.used", origin, actor=account.id, subject=account.id)
        return method

    async def _take(self, challenge: Challenge | None, take: Take, late: Refused) -> bool:
        """Whether it still held. Raises `late`, and takes nothing, where the challenge was answered meanwhile."""

        async def unit(connection: AsyncConnection) -> bool:
            if not await take(connection):
                return False
            if challenge is not None and not await self._parts.challenges.use(connection, challenge):
                raise late
            return True

        return await self._parts.database.run(unit)

    async def _right(
        self, account: Account, answer: FactorAnswer, challenge: Challenge | None, site: Site
    ) -> Take | None:
        """How to use the answer up; None: it is wrong."""
        if answer.totp is not None:
            return await self._right_step(account.id, answer.totp)
        if answer.recovery_code is not None:
            return self._code(account, answer.recovery_code)
        if answer.passkey is not None and challenge is not None:
            return await self._right_passkey(account.id, answer.passkey, challenge, site)
        return None

    def _code(self, account: Account, code: str) -> Take:
        """Only the unit of work itself finds out whether the code is right."""
        hashed, now = code_hash(self._parts.code_key, account.id, code), self._parts.clock.now()

        async def take(connection: AsyncConnection) -> bool:
            if not await store.use_code(connection, account.id, hashed, now):
                return False
            await self._parts.tell(connection, account, "A recovery code was used")
            return True

        return take

    async def _right_step(self, user: UserId, code: str) -> Take | None:
        row = await store.read_totp(self._parts.database, user)
        if row is None or row.confirmed_at is None:
            return None
        secret = self._parts.sealer.unseal(row.secret, about_totp(user)).decode()
        step = taken_step(secret, code, self._parts.clock.now(), row.last_step)
        return None if step is None else lambda connection: store.take_step(connection, user, step)

    async def _right_passkey(self, user: UserId, answer: Assertion, challenge: Challenge, site: Site) -> Take | None:
        row = await store.read_passkey(self._parts.database, webauthn.credential_id(answer))
        if row is None or row.user_id != user:
            return None
        signed = webauthn.check_assertion(site, challenge.state["passkey"], row.public_key, answer)
        if signed is None:
            return None
        now, passkey_id, count = self._parts.clock.now(), row.id, signed.counter
        return lambda connection: store.use_passkey(connection, passkey_id, count, now)

    async def _record_failure(self, user: UserId | None, origin: Origin, method: str) -> None:
        await self._parts.security_log.record(
            "login.factor_failed", origin, actor=None, subject=user or "", method=method
        )


def about_totp(user: UserId) -> str:
    """What an authenticator app's sealed secret is bound to."""
    return f"totp {user}"


def _only_one(answer: FactorAnswer) -> None:
    if [answer.totp, answer.recovery_code, answer.passkey].count(None) != 2:
        raise BadMessage("give exactly one of totp, recovery_code, passkey")


def _method(answer: FactorAnswer) -> str:
    """As sessions keep it."""
    if answer.totp is not None:
        return "totp"
    return "passkey" if answer.passkey is not None else "recovery"
