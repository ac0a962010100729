"""What people say of themselves: their name, their time zone, and their address, which both addresses confirm."""

from msgspec import UNSET
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts import link_store, store
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.link_store import LinkRow, Purpose
from meetserver.accounts.means import Means
from meetserver.accounts.messages import ProfilePatch
from meetserver.accounts.store import Account
from meetserver.errors import BadMessage, Conflict, NotFound, VersionConflict
from meetserver.names import check_zone, clean_name
from meetserver.ports import Origin

CHANGE_LINKS: tuple[Purpose, ...] = ("email_old", "email_new")


class Profiles:
    def __init__(self, means: Means) -> None:
        self._means = means

    async def update(self, account: Account, patch: ProfilePatch, version: int | None, origin: Origin) -> Account:
        """The account as it then is. `version` is what its owner saw; None: whatever it is.

        Raises BadMessage, VersionConflict.
        """
        wanted = self._columns(patch)

        async def change(connection: AsyncConnection) -> tuple[Account, list[str]]:
            before = await self._account(connection, account)
            if version is not None and version != before.version:
                raise VersionConflict("the account was changed meanwhile")
            columns = {name: value for name, value in wanted.items() if value != getattr(before, name)}
            if columns:
                await store.update_account(connection, account.id, **columns)
            return await self._account(connection, account), sorted(columns)

        after, changed = await self._means.database.run(change)
        if changed:
            await self._means.security_log.record(
                "account.updated", origin, actor=account.id, subject=account.id, fields=",".join(changed)
            )
        return after

    def _columns(self, patch: ProfilePatch) -> dict[str, str | None]:
        columns: dict[str, str | None] = {}
        if patch.name is not UNSET:
            columns["name"] = clean_name(patch.name)
        if patch.timezone is not UNSET:
            columns["timezone"] = check_zone(patch.timezone)
        return columns

    async def ask_for_email(self, account: Account, email: str) -> None:
        """Mail a link to the new address, and one to the old where that is verified; the address changes when all were
        opened. Who owns a new address that has an account already gets a mail that says so. Raises BadMessage.
        """
        new = clean_address(email)
        if new == account.email:
            raise BadMessage("this is the account's address already")
        links, change = self._means.links, {"email": new}

        async def ask(connection: AsyncConnection) -> None:
            await links.forget(connection, account.id, *CHANGE_LINKS)
            if account.verified_at is not None:
                await links.send(connection, account, "email_old", data=change, new_email=new)
            owner = await store.account_by_key(connection, address_key(new))
            if owner is None or owner.id == account.id:
                await links.send(connection, account, "email_new", to=new, data=change)
            else:
                await self._means.post(connection, "already_registered", owner.email, {"name": owner.name})

        await self._means.database.run(ask)

    async def confirm_email(self, token: str, origin: Origin) -> bool:
        """Open one of the links; whether the address is changed now. Raises NotFound, Conflict."""

        async def use(connection: AsyncConnection) -> Account | None:
            link = await self._means.links.use(connection, token, *CHANGE_LINKS)
            assert link.data is not None
            links = await link_store.links_of(connection, link.user_id, CHANGE_LINKS)
            # None to the new address: it has an account, whose owner alone was told so.
            if any(one.used_at is None for one in links) or all(one.purpose != "email_new" for one in links):
                return None
            return await self._change_email(connection, link, link.data["email"])

        try:
            changed = await self._means.database.run(use)
        except IntegrityError:
            raise Conflict("another account has this address now") from None
        if changed is not None:
            await self._means.security_log.record("account.email_changed", origin, actor=changed.id, subject=changed.id)
        return changed is not None

    async def _change_email(self, connection: AsyncConnection, link: LinkRow, email: str) -> Account:
        """What was mailed to the old address before works no more."""
        account = await store.account_by_id(connection, link.user_id)
        assert account is not None  # its links would have gone with it
        await store.update_account(
            connection, account.id, email=email, email_key=address_key(email), verified_at=self._means.clock.now()
        )
        await self._means.links.forget(connection, account.id)
        for address in (account.email, email):
            await self._means.post(connection, "email_changed", address, {"name": account.name, "email": email})
        return account

    async def _account(self, connection: AsyncConnection, account: Account) -> Account:
        found = await store.account_by_id(connection, account.id)
        if found is None:
            raise NotFound("there is no such account")
        return found
