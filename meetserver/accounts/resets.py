"""New passwords: by a mailed link where the old one was forgotten or never was, or by who is signed in."""

from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts import session_store, store
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.guard import LoginGuard
from meetserver.accounts.jobs import MailRequest, MailRequests
from meetserver.accounts.means import Means
from meetserver.accounts.ownership import take_ownership
from meetserver.accounts.password_policy import check_password
from meetserver.accounts.store import Account
from meetserver.errors import NotFound, Unauthenticated
from meetserver.ids import UserId
from meetserver.ports import Origin


class Resets:
    def __init__(self, means: Means, requests: MailRequests, guard: LoginGuard) -> None:
        self._means = means
        self._requests = requests
        self._guard = guard

    async def forgot(self, email: str, origin: Origin) -> None:
        """Mail a link to set a new password, at most once a minute; silently nothing where there is no account.

        Raises RateLimited for who asks again and again, so that nobody's mailbox is filled.
        """
        key = address_key(clean_address(email))
        account = await store.read_account_by_key(self._means.database, key)
        request = MailRequest(what="reset", email_key=key, origin=origin)
        async with self._guard.attempt("recover", key, None if account is None else account.id, origin):
            await self._means.database.run(lambda connection: self._requests.ask(connection, request))

    async def reset(self, token: str, password: str, origin: Origin) -> None:
        """Set the password by a mailed link, of a reset or an invitation; that also verifies the address.

        All sessions and all other links of the account end. Raises NotFound for a link that is unknown, used or too
        old; BadMessage for a password that is not taken, and the link goes on working.
        """
        link = await self._means.links.find(token, "reset", "invite")
        account = await self._means.database.run(lambda connection: self._account(connection, link.user_id))
        check_password(password, account.email, account.name)
        password_hash = await self._means.passwords.hash(password)

        async def use(connection: AsyncConnection) -> None:
            await self._means.links.use(connection, token, "reset", "invite")
            account = await self._account(connection, link.user_id)
            await take_ownership(connection, account, password_hash, self._means.clock.now())
            await self._means.links.forget(connection, account.id)
            if link.purpose == "reset":
                await self._means.post(connection, "password_changed", account.email, {"name": account.name})

        await self._means.database.run(use)
        await self._means.security_log.record(
            "password.reset", origin, actor=account.id, subject=account.id, by=link.purpose
        )

    async def change(self, account: Account, password: str, *, session: str, origin: Origin) -> None:
        """Set the password of somebody who is signed in, by `session`: the other sessions and all mailed links end.

        Personal tokens stay: they are listed, and their owner has just shown to be there. Raises BadMessage, and
        Unauthenticated when `session` was ended meanwhile, as by a reset.
        """
        check_password(password, account.email, account.name)
        password_hash = await self._means.passwords.hash(password)

        async def change(connection: AsyncConnection) -> None:
            now = self._means.clock.now()
            if await session_store.standing_session(connection, session, now) is None:
                raise Unauthenticated("the session has ended")
            await store.update_account(connection, account.id, password_hash=password_hash)
            await store.forget_challenges(connection, account.id)
            await session_store.revoke_sessions(
                connection, account.id, now, kinds=session_store.SIGNED_IN, keep=session
            )
            await self._means.links.forget(connection, account.id)
            await self._means.post(connection, "password_changed", account.email, {"name": account.name})

        await self._means.database.run(change)
        await self._means.security_log.record("password.changed", origin, actor=account.id, subject=account.id)

    async def _account(self, connection: AsyncConnection, user: UserId) -> Account:
        account = await store.account_by_id(connection, user)
        if account is None:
            raise NotFound("there is no such account")
        return account
