"""Whose account it is when somebody comes from a provider: known, of the same verified address, or a new one."""

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.accounts import identity_store, link_store, role_store, store
from meetserver.accounts.addresses import address_key, clean_address
from meetserver.accounts.identity_store import IdentityRow
from meetserver.accounts.links import PURPOSES, Post
from meetserver.accounts.oidc_settings import Provider
from meetserver.accounts.oidc_tokens import Identity
from meetserver.accounts.ownership import take_ownership
from meetserver.accounts.session_store import standing_session
from meetserver.accounts.store import Account
from meetserver.database import Database
from meetserver.errors import BadMessage, Conflict, Forbidden, NotFound
from meetserver.ids import UserId
from meetserver.names import clean_name
from meetserver.ports import Clock, Origin, Random, SecurityEventType, SecurityLog


class _Fact(Struct, frozen=True):
    """For the security log, once it is committed. `value`: a role, or a provider's name."""

    type: SecurityEventType
    value: str


class Identities:
    def __init__(
        self,
        database: Database,
        post: Post,
        clock: Clock,
        random: Random,
        security_log: SecurityLog,
        *,
        registration_is_open: bool,
    ) -> None:
        self._database = database
        self._post = post
        self._clock = clock
        self._random = random
        self._security_log = security_log
        self._registration_is_open = registration_is_open

    async def account_for(self, provider: Provider, identity: Identity, origin: Origin) -> Account:
        """The account, with the roles that the provider's groups give it now. Raises Forbidden, Conflict."""

        async def unit(connection: AsyncConnection) -> tuple[Account, list[_Fact]]:
            known = await identity_store.identity_of_subject(connection, identity.issuer, identity.subject)
            facts: list[_Fact] = []
            if known is None:
                user = await self._newcomer(connection, provider, identity, facts)
                await self._link(connection, user, provider, identity)
            else:
                user = known.user_id
                await identity_store.touch_identity(connection, known.id, self._clock.now())
            await self._follow_groups(connection, user, provider, identity, facts)
            account = await store.account_by_id(connection, user)
            assert account is not None
            return account, facts

        account, facts = await self._database.run(unit)
        await self._record(facts, account.id, origin)
        return account

    async def link(self, user: UserId, session: str, provider: Provider, identity: Identity, origin: Origin) -> None:
        """From now on this identity signs in to this account. `session`: by which its owner asked for it.

        Raises Conflict, and Forbidden where that has ended meanwhile: whoever signs a thief out keeps them out.
        """

        async def unit(connection: AsyncConnection) -> list[_Fact]:
            account = await store.account_by_id(connection, user)
            if account is None or await standing_session(connection, session, self._clock.now()) is None:
                raise Forbidden("the session that asked for this link has ended")
            known = await identity_store.identity_of_subject(connection, identity.issuer, identity.subject)
            if known is not None and known.user_id != user:
                raise Conflict("this account at the provider belongs to another account here")
            if known is not None:
                return []
            await self._link(connection, user, provider, identity)
            await self._tell(connection, account, f"From now on one can sign in to your account by {provider.shown}")
            return [_Fact("identity.linked", provider.name)]

        facts = await self._database.run(unit)
        await self._record(facts, user, origin)

    async def of_user(self, user: UserId) -> list[IdentityRow]:
        return await identity_store.identities_of(self._database, user)

    async def unlink(self, user: UserId, identity: str, origin: Origin) -> None:
        """Raises NotFound, and Conflict when nothing would be left to sign in with."""

        async def unit(connection: AsyncConnection) -> str:
            account = await store.account_by_id(connection, user)
            provider = await identity_store.delete_identity(connection, user, identity)
            if account is None or provider is None:
                raise NotFound("there is no such identity")
            if not await store.has_way_in(connection, user):
                raise Conflict("this is the last way to sign in: set a password or add a passkey first")
            await self._tell(connection, account, "An account at a provider signs in to your account no more")
            return provider

        provider = await self._database.run(unit)
        await self._record([_Fact("identity.unlinked", provider)], user, origin)

    async def _link(self, connection: AsyncConnection, user: UserId, provider: Provider, identity: Identity) -> None:
        if await identity_store.count_identities(connection, user) >= limits.IDENTITIES:
            raise Conflict(f"an account can be linked to {limits.IDENTITIES} others")
        now = self._clock.now()
        row = IdentityRow(self._random.id(), user, provider.name, identity.issuer, identity.subject, now, now)
        await identity_store.insert_identity(connection, row)

    async def _tell(self, connection: AsyncConnection, account: Account, what: str) -> None:
        await self._post(connection, "factors_changed", account.email, {"name": account.name, "what": what})

    async def _newcomer(
        self, connection: AsyncConnection, provider: Provider, identity: Identity, facts: list[_Fact]
    ) -> UserId:
        """Nobody is known by this identity: only an address that the provider vouches for says who it may be."""
        if identity.email is None or not identity.is_verified:
            raise Forbidden("the provider does not vouch for an e-mail address")
        try:
            email = clean_address(identity.email)
        except BadMessage:
            raise Forbidden("the provider does not give an e-mail address that can be used") from None
        account = await store.account_by_key(connection, address_key(email))
        if account is None:
            facts.append(_Fact("account.registered", provider.name))
            return await self._new_account(connection, provider, identity, email)
        if not provider.link_by_verified_email:
            raise Conflict("this address has an account: sign in to it, and link the two in its settings")
        if account.verified_at is None:
            await link_store.delete_links(connection, account.id, PURPOSES)
            await take_ownership(connection, account, None, self._clock.now())
        await self._tell(connection, account, f"From now on one can sign in to your account by {provider.shown}")
        facts.append(_Fact("identity.linked", provider.name))
        return account.id

    async def _new_account(
        self, connection: AsyncConnection, provider: Provider, identity: Identity, email: str
    ) -> UserId:
        may_sign_up = self._registration_is_open if provider.sign_up is None else provider.sign_up
        if not may_sign_up:
            raise Forbidden("there is no account for this address, and none is made")
        now = self._clock.now()
        account = Account(
            id=UserId(self._random.id()),
            email=email,
            email_key=address_key(email),
            name=_name(identity, email),
            password_hash=None,
            verified_at=now,
            created_at=now,
            version=1,
        )
        await store.insert_account(connection, account)
        return account.id

    async def _follow_groups(
        self, connection: AsyncConnection, user: UserId, provider: Provider, identity: Identity, facts: list[_Fact]
    ) -> None:
        """What the groups give is granted, what they gave before is taken back; what people gave stays as it is."""
        granted = await role_store.granted_roles(connection, user)
        groups = identity.groups or frozenset()
        wanted = {role for group, role in provider.group_roles.items() if group in groups}
        for role in sorted(wanted - granted.keys()):
            await store.grant(connection, user, role, provider.grants_as, self._clock.now())
            facts.append(_Fact("role.granted", role))
        given = {role for role, by in granted.items() if by == provider.grants_as}
        for role in sorted(given - wanted):
            if role == "admin" and await role_store.is_last_admin(connection, user):
                continue
            await role_store.take_role(connection, user, role)
            facts.append(_Fact("role.taken", role))

    async def _record(self, facts: list[_Fact], user: UserId, origin: Origin) -> None:
        for fact in facts:
            name = "role" if fact.type.startswith("role.") else "provider"
            await self._security_log.record(fact.type, origin, actor=user, subject=user, **{name: fact.value})


def _name(identity: Identity, email: str) -> str:
    for name in (identity.name, email.partition("@")[0]):
        try:
            return clean_name(name[: limits.NAME_CHARS])
        except BadMessage:
            continue
    return "?"
