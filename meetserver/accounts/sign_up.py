"""Signing up and verifying an address. No answer tells whether an address has an account."""

from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts import store
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.jobs import MailRequest, MailRequests
from meetserver.accounts.means import Means
from meetserver.accounts.messages import Register, Registered
from meetserver.accounts.password_policy import check_password
from meetserver.accounts.store import Account
from meetserver.errors import Forbidden
from meetserver.ids import UserId
from meetserver.names import clean_name
from meetserver.ports import Origin


class SignUp:
    def __init__(self, means: Means, requests: MailRequests) -> None:
        self._means = means
        self._requests = requests

    async def register(self, wish: Register, origin: Origin) -> Registered:
        """A new account and its verification mail; a known address gets a mail instead, and the same answer.

        Raises Forbidden where administrators alone make accounts.
        """
        if self._means.config.registration == "closed":
            raise Forbidden("this server takes no sign-ups: ask its administrators for an invitation")
        account = await self.new_account(wish.email, wish.password, wish.name)
        request = MailRequest(what="sign_up", email_key=account.email_key, origin=origin, new_user=account.id)

        async def add(connection: AsyncConnection) -> None:
            await store.insert_account_if_new(connection, account)
            await self._requests.ask(connection, request)

        await self._means.database.run(add)
        needs = "required" if self._means.config.require_verified_email else "optional"
        return Registered(account.email, account.name, needs)

    async def verify(self, token: str, origin: Origin) -> None:
        """Mark the link's account as verified. Raises NotFound for a link that is unknown, used or too old."""
        now = self._means.clock.now()

        async def use(connection: AsyncConnection) -> UserId:
            link = await self._means.links.use(connection, token, "verify")
            await store.set_verified(connection, link.user_id, now)
            await self._means.links.forget(connection, link.user_id, "verify")
            return link.user_id

        user = await self._means.database.run(use)
        await self._means.security_log.record("account.verified", origin, actor=user, subject=user)

    async def ask_again(self, email: str, origin: Origin) -> None:
        """Another verification mail, at most once a minute; silently nothing for any other address."""
        request = MailRequest(what="verify", email_key=address_key(clean_address(email)), origin=origin)
        await self._means.database.run(lambda connection: self._requests.ask(connection, request))

    async def new_account(self, email: str, password: str, name: str, *, is_verified: bool = False) -> Account:
        """Not stored yet. Raises BadMessage."""
        address, name = clean_address(email), clean_name(name)
        check_password(password, address, name)
        now = self._means.clock.now()
        return Account(
            id=UserId(self._means.random.id()),
            email=address,
            email_key=address_key(address),
            name=name,
            password_hash=await self._means.passwords.hash(password),
            verified_at=now if is_verified else None,
            created_at=now,
            version=1,
        )
