"""Adding and taking away an account's second factors and passkeys. Each change is logged, and told to its owner by
mail: whoever did not do it themself should hear of it.

Recovery codes come with the first factor and go with the last one. A passkey is a second factor from the moment it is
there; the last way to sign in cannot be taken away.
"""

import asyncio
from collections.abc import Mapping

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.accounts import factor_messages as wire
from meetserver.accounts import factor_store as store
from meetserver.accounts import webauthn
from meetserver.accounts.challenges import Challenges
from meetserver.accounts.factor_store import PasskeyRow, TotpRow
from meetserver.accounts.factors import OVER, Factors, Parts, about_totp
from meetserver.accounts.guard import LoginGuard
from meetserver.accounts.links import Post
from meetserver.accounts.recovery import code_hash, new_codes
from meetserver.accounts.service import KeySource
from meetserver.accounts.store import Account, has_way_in
from meetserver.accounts.totp import key_uri, new_secret, qr_code, taken_step
from meetserver.accounts.webauthn import Site
from meetserver.database import Database
from meetserver.errors import Conflict, Forbidden, NotFound
from meetserver.names import clean_name
from meetserver.ports import Clock, Origin, Random, SecurityEventType, SecurityLog
from meetserver.wire import timestamp


def open_factors(
    database: Database,
    keys: KeySource,
    post: Post,
    clock: Clock,
    random: Random,
    security_log: SecurityLog,
    guard: LoginGuard,
) -> tuple[Factors, "FactorSettings"]:
    """The services of this module and of factors.py, with their parts."""
    parts = Parts(
        database=database,
        sealer=keys,
        clock=clock,
        random=random,
        security_log=security_log,
        challenges=Challenges(database, keys, clock, random),
        guard=guard,
        post=post,
        code_key=keys.derive("recovery-codes"),
    )
    return Factors(parts), FactorSettings(parts)


class FactorSettings:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def read(self, account: Account) -> wire.Factors:
        database = self._parts.database
        app = await store.read_totp(database, account.id)
        return wire.Factors(
            totp=app is not None and app.confirmed_at is not None,
            recovery_codes=await store.codes_left(database, account.id),
            passkeys=[shown(row) for row in await store.read_passkeys(database, account.id)],
        )

    # --- the authenticator app

    async def begin_totp(self, account: Account) -> wire.TotpSecret:
        """A secret for an app; no factor before its first code. Raises Conflict where there is one already."""
        secret = new_secret(self._parts.random.secret())
        sealed = self._parts.sealer.seal(secret.encode(), about_totp(account.id))
        row = TotpRow(account.id, sealed, self._parts.clock.now(), None, 0)
        if not await self._parts.database.run(lambda connection: store.replace_totp(connection, row)):
            raise Conflict("this account has an authenticator app already; take that away first")
        uri = key_uri(secret, account.email)
        # In a thread: ten milliseconds are long for the rooms in this process.
        return wire.TotpSecret(secret, uri, await asyncio.to_thread(qr_code, uri))

    async def confirm_totp(self, account: Account, code: str, origin: Origin) -> wire.RecoveryCodes:
        """The app shows the right code: from now on it is asked for. Raises Conflict, Forbidden."""
        row, now = await store.read_totp(self._parts.database, account.id), self._parts.clock.now()
        if row is None or row.confirmed_at is not None:
            raise Conflict("no authenticator app waits to be confirmed")
        secret = self._parts.sealer.unseal(row.secret, about_totp(account.id)).decode()
        step = taken_step(secret, code, now, row.last_step)
        if step is None:
            raise Forbidden("the code is wrong; is the clock of the device right?")

        async def confirm(connection: AsyncConnection) -> list[str]:
            if not await store.confirm_totp(connection, row, step, now):
                raise Conflict("another secret was asked for meanwhile")
            return await self._added(connection, account, "An authenticator app was added")

        codes = await self._parts.database.run(confirm)
        await self._record("factor.added", account, origin, {"factor": "totp"}, codes)
        return wire.RecoveryCodes(codes)

    async def remove_totp(self, account: Account, origin: Origin) -> None:
        """Raises NotFound."""

        async def remove(connection: AsyncConnection) -> None:
            if not await store.delete_totp(connection, account.id):
                raise NotFound("this account has no authenticator app")
            await self._removed(connection, account, "The authenticator app was taken away")

        await self._parts.database.run(remove)
        await self._record("factor.removed", account, origin, {"factor": "totp"})

    # --- recovery codes

    async def renew_codes(self, account: Account, origin: Origin) -> wire.RecoveryCodes:
        """New ones; the old ones hold no more. Raises Conflict without a factor to recover from."""

        async def renew(connection: AsyncConnection) -> list[str]:
            if not await store.has_factor(connection, account.id):
                raise Conflict("recovery codes come with an authenticator app or a passkey")
            await self._parts.tell(connection, account, "New recovery codes were made; the old ones hold no more")
            return await self._make_codes(connection, account)

        codes = await self._parts.database.run(renew)
        await self._record("recovery_codes.made", account, origin, {})
        return wire.RecoveryCodes(codes)

    # --- passkeys

    async def begin_passkey(self, account: Account, site: Site) -> wire.PasskeyChallenge:
        known = [row.credential_id for row in await store.read_passkeys(self._parts.database, account.id)]
        options, state = webauthn.creation_options(
            site, account.id, account.email, account.name, known, self._parts.random.secret()
        )
        token = await self._parts.challenges.issue("passkey_add", account.id, {"passkey": state})
        return wire.PasskeyChallenge(token, options, int(limits.CHALLENGE_LIFE_S))

    async def add_passkey(
        self, account: Account, wish: wire.PasskeyAdd, site: Site, origin: Origin
    ) -> wire.PasskeyAdded:
        """Raises Forbidden for a challenge that is over or another's, BadMessage for an answer that does not hold,
        Conflict for a passkey that is known, or one too many."""
        name = clean_name(wish.name)
        challenge = await self._parts.challenges.attempt(wish.token, "passkey_add")
        if challenge is None or challenge.user != account.id:
            raise Forbidden(OVER)
        made = webauthn.check_creation(site, challenge.state["passkey"], wish.passkey)
        now, row_id = self._parts.clock.now(), self._parts.random.id()
        row = PasskeyRow(
            row_id, account.id, made.id, made.public_key, made.sign_count, name, made.is_synced, now, None
        )  # fmt: skip

        async def add(connection: AsyncConnection) -> list[str]:
            if not await self._parts.challenges.use(connection, challenge):
                raise Forbidden(OVER)
            if len(await store.passkeys_of(connection, account.id)) >= limits.PASSKEYS:
                raise Conflict(f"an account has at most {limits.PASSKEYS} passkeys")
            await store.insert_passkey(connection, row)
            return await self._added(connection, account, f"The passkey “{name}” was added")

        try:
            codes = await self._parts.database.run(add)
        except IntegrityError:
            raise Conflict("this passkey is registered already") from None
        await self._record("factor.added", account, origin, {"factor": "passkey", "passkey": row_id}, codes)
        return wire.PasskeyAdded(shown(row), codes)

    async def rename_passkey(self, account: Account, passkey_id: str, name: str) -> wire.Passkey:
        """Raises NotFound."""
        name = clean_name(name)

        async def rename(connection: AsyncConnection) -> list[PasskeyRow]:
            await store.rename_passkey(connection, account.id, passkey_id, name)
            return await store.passkeys_of(connection, account.id)

        for row in await self._parts.database.run(rename):
            if row.id == passkey_id:
                return shown(row)
        raise NotFound("there is no such passkey")

    async def remove_passkey(self, account: Account, passkey_id: str, origin: Origin) -> None:
        """Raises NotFound, and Conflict for the last way to sign in."""

        async def remove(connection: AsyncConnection) -> None:
            if not await store.delete_passkey(connection, account.id, passkey_id):
                raise NotFound("there is no such passkey")
            if not await has_way_in(connection, account.id):
                raise Conflict("this is the last way to sign in: set a password first")
            await self._removed(connection, account, "A passkey was taken away")

        await self._parts.database.run(remove)
        await self._record("factor.removed", account, origin, {"factor": "passkey", "passkey": passkey_id})

    # --- what they have in common

    async def _added(self, connection: AsyncConnection, account: Account, what: str) -> list[str]:
        """The recovery codes that come with a first factor."""
        await self._parts.tell(connection, account, what)
        if await store.has_codes(connection, account.id):
            return []
        return await self._make_codes(connection, account)

    async def _removed(self, connection: AsyncConnection, account: Account, what: str) -> None:
        await self._parts.tell(connection, account, what)
        if not await store.has_factor(connection, account.id):
            await store.delete_codes(connection, account.id)

    async def _make_codes(self, connection: AsyncConnection, account: Account) -> list[str]:
        codes = new_codes(self._parts.random)
        hashes = [code_hash(self._parts.code_key, account.id, code) for code in codes]
        await store.replace_codes(connection, account.id, hashes, self._parts.clock.now())
        return codes

    async def _record(
        self,
        type_: SecurityEventType,
        account: Account,
        origin: Origin,
        data: Mapping[str, str],
        codes: list[str] | None = None,
    ) -> None:
        log = self._parts.security_log
        await log.record(type_, origin, actor=account.id, subject=account.id, **data)
        if codes:
            await log.record("recovery_codes.made", origin, actor=account.id, subject=account.id)


def shown(row: PasskeyRow) -> wire.Passkey:
    last_used_at = None if row.last_used_at is None else timestamp(row.last_used_at)
    return wire.Passkey(row.id, row.name, row.is_synced, timestamp(row.created_at), last_used_at)
