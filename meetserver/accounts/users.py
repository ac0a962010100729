"""Accounts as administrators handle them: looked through, invited, disabled, given roles.

The last enabled administrator stays one: whoever takes the role, disables or deletes asks `check_not_last_admin`
within the same unit of work. Units are serializable, so that two at once cannot both pass.
"""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.access import GrantedRole
from meetserver.accounts import role_store, session_store, store, user_store
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.links import Links
from meetserver.accounts.ownership import evict
from meetserver.accounts.session_store import SIGNED_IN
from meetserver.accounts.store import Account
from meetserver.database import Database
from meetserver.errors import BadMessage, Conflict, NotFound, VersionConflict
from meetserver.ids import UserId
from meetserver.names import clean_name
from meetserver.ports import Clock, Origin, Random, SecurityEventType, SecurityLog

BY_PROVIDER = "oidc:"
"""What `granted_by` begins with where an OpenID Connect provider granted a role."""


class Users:
    """`by` is the administrator who asks."""

    def __init__(
        self, database: Database, links: Links, security_log: SecurityLog, clock: Clock, random: Random
    ) -> None:
        self._database = database
        self._links = links
        self._security_log = security_log
        self._clock = clock
        self._random = random

    async def page(
        self, *, limit: int, cursor: str | None, search: str, role: GrantedRole | None
    ) -> tuple[list[Account], str | None]:
        """By address, and the cursor of the next page. Raises BadMessage for a cursor that is none.

        No index knows what a name contains. So one search looks through limits.SEARCH_ENTRIES accounts; its page may be
        short, or empty, before the end. Of those with a role there are few: they are looked through at once.
        """
        after_key = ""
        if cursor is not None:
            last = await user_store.read(self._database, UserId(cursor))
            if last is None:
                raise BadMessage("the cursor is not one of this list's, or its account is gone: begin anew")
            after_key = last.email_key
        is_long = bool(search) and role is None
        end = await user_store.nth_after(self._database, after_key, limits.SEARCH_ENTRIES) if is_long else None
        last_id, until_key = end or (None, None)
        found = await user_store.page(
            self._database, limit=limit + 1, after_key=after_key, until_key=until_key, search=search, role=role
        )
        return found[:limit], found[limit - 1].id if len(found) > limit else last_id

    async def read(self, user: UserId) -> Account:
        """Raises NotFound."""
        found = await user_store.read(self._database, user)
        if found is None:
            raise NotFound("there is no such account")
        return found

    async def invite(self, email: str, name: str, by: UserId, origin: Origin) -> Account:
        """An account without a password, and a mail with the link that sets one; an address that was invited or signed
        up and never verified gets the mail again. Whoever signed up with it is out until they open the link: anybody
        may have, and the account is about to be trusted. Raises BadMessage, and Conflict where the address is verified,
        or somebody with a role signs in with it."""
        address = clean_address(email)
        wanted = Account(
            id=UserId(self._random.id()),
            email=address,
            email_key=address_key(address),
            name=clean_name(name),
            password_hash=None,
            verified_at=None,
            created_at=self._clock.now(),
            version=1,
        )

        async def add(connection: AsyncConnection) -> Account:
            known = await store.account_by_key(connection, wanted.email_key)
            if known is None:
                await store.insert_account(connection, wanted)
            elif known.verified_at is not None:
                raise Conflict("there is an account with this address")
            elif await store.has_way_in(connection, known.id):
                if known.granted:
                    raise Conflict("there is an account with this address, and it has roles")
                await evict(connection, known, self._clock.now())
            invited = known or wanted
            await self._links.forget(connection, invited.id, "invite")
            await self._links.send(connection, invited, "invite")
            return invited

        try:
            invited = await self._database.run(add)
        except IntegrityError:  # somebody else was quicker with the same address
            raise Conflict("there is an account with this address") from None
        await self._security_log.record("account.created", origin, actor=by, subject=invited.id)
        return invited

    async def change(
        self, user: UserId, *, name: str | None, disabled: bool | None, version: int | None, by: UserId, origin: Origin
    ) -> Account:
        """The account as it then is; None leaves as it is. Disabling ends its sessions, and no token of it works.

        Raises NotFound, VersionConflict, BadMessage, and Conflict for the last administrator.
        """
        clean = None if name is None else clean_name(name)
        events: list[SecurityEventType] = []

        async def update(connection: AsyncConnection) -> Account:
            events.clear()
            before = await _found(connection, user)
            if version is not None and version != before.version:
                raise VersionConflict("the account was changed meanwhile")
            columns: dict[str, object] = {}
            if clean is not None and clean != before.name:
                columns["name"] = clean
                events.append("account.updated")
            if disabled is not None and disabled != (before.disabled_at is not None):
                columns["disabled_at"] = self._clock.now() if disabled else None
                events.append("account.disabled" if disabled else "account.enabled")
                if disabled:
                    await check_not_last_admin(connection, user)
                    await self._end_sessions(connection, user)
            if columns:
                await user_store.change(connection, user, **columns)
            return await _found(connection, user)

        changed = await self._database.run(update)
        for event in events:
            await self._security_log.record(event, origin, actor=by, subject=user)
        return changed

    async def grant(self, user: UserId, role: GrantedRole, by: UserId, origin: Origin) -> Account:
        """From the next request on. What a provider granted is then the administrator's. Raises NotFound."""

        async def give(connection: AsyncConnection) -> tuple[bool, Account]:
            await _found(connection, user)
            granted_by = (await role_store.granted_roles(connection, user)).get(role)
            is_new = granted_by is None or granted_by.startswith(BY_PROVIDER)
            if is_new:
                await role_store.take_role(connection, user, role)
                await store.grant(connection, user, role, by, self._clock.now())
                await user_store.change(connection, user)
            return is_new, await _found(connection, user)

        is_new, account = await self._database.run(give)
        if is_new:
            await self._security_log.record("role.granted", origin, actor=by, subject=user, role=role)
        return account

    async def take(self, user: UserId, role: GrantedRole, by: UserId, origin: Origin) -> Account:
        """At once: also the user's sessions end, and with them what they are in rooms as an administrator.

        Raises NotFound, and Conflict for the last administrator.
        """

        async def take(connection: AsyncConnection) -> tuple[bool, Account]:
            before = await _found(connection, user)
            if role not in before.roles:
                return False, before
            if role == "admin":
                await check_not_last_admin(connection, user)
            await role_store.take_role(connection, user, role)
            await user_store.change(connection, user)
            await self._end_sessions(connection, user)
            return True, await _found(connection, user)

        was_there, account = await self._database.run(take)
        if was_there:
            await self._security_log.record("role.taken", origin, actor=by, subject=user, role=role)
        return account

    async def _end_sessions(self, connection: AsyncConnection, user: UserId) -> None:
        await session_store.revoke_sessions(connection, user, self._clock.now(), kinds=SIGNED_IN)


async def check_not_last_admin(connection: AsyncConnection, user: UserId) -> None:
    """Raises Conflict."""
    if await role_store.is_last_admin(connection, user):
        raise Conflict("this is the last administrator: give somebody else the role first")


async def _found(connection: AsyncConnection, user: UserId) -> Account:
    found = await user_store.account(connection, user)
    if found is None:
        raise NotFound("there is no such account")
    return found
