"""The SQL of accounts and their roles."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Label, Select, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.access import AnyRole, GrantedRole
from meetserver.accounts.models import (
    auth_challenge,
    auth_session,
    email_token,
    external_identity,
    passkey,
    user_account,
    user_role,
)
from meetserver.cache import keys
from meetserver.database import Database, changed
from meetserver.ids import UserId


class Account(Struct, frozen=True):
    id: UserId
    email: str
    email_key: str
    name: str
    password_hash: str | None
    verified_at: datetime | None
    created_at: datetime
    version: int
    timezone: str | None = None
    disabled_at: datetime | None = None
    granted: str = ""
    """Roles that were granted, by commas."""

    @property
    def roles(self) -> frozenset[AnyRole]:
        return frozenset(["member", *filter(None, self.granted.split(","))])  # type: ignore[list-item]


async def account_by_key(connection: AsyncConnection, email_key: str) -> Account | None:
    return _account(await _first(connection, _account_by_key(email_key)))


async def account_by_id(connection: AsyncConnection, user: UserId) -> Account | None:
    return _account(await _first(connection, select(user_account, granted_roles()).where(user_account.c.id == user)))


async def has_way_in(connection: AsyncConnection, user: UserId) -> bool:
    """Whether there is anything to sign in with: a password, a passkey, an account at a provider."""
    return await _first(connection, select(user_account.c.id).where(user_account.c.id == user, has_means())) is not None


def has_means() -> ColumnElement[bool]:
    """`has_way_in` as a condition on the query's accounts."""
    others = [
        select(table.c.id).where(table.c.user_id == user_account.c.id).exists()
        for table in (passkey, external_identity)
    ]
    return or_(user_account.c.password_hash.is_not(None), *others)


async def read_account_by_key(database: Database, email_key: str) -> Account | None:
    rows = await database.fetch(_account_by_key(email_key))
    return _account(rows[0] if rows else None)


async def insert_account(connection: AsyncConnection, account: Account) -> None:
    """Without roles: those are granted."""
    await connection.execute(insert(user_account).values(**_columns(account)))


async def insert_account_if_new(connection: AsyncConnection, account: Account) -> None:
    """Unless its address has an account; the same statement either way."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(user_account).values(**_columns(account))
    await connection.execute(statement.on_conflict_do_nothing(index_elements=[user_account.c.email_key]))


async def update_account(connection: AsyncConnection, user: UserId, **columns: object) -> None:
    """With the next version."""
    changed(connection, *keys.OF_ACCOUNTS)
    await connection.execute(
        update(user_account).where(user_account.c.id == user).values(version=user_account.c.version + 1, **columns)
    )


async def forget_challenges(connection: AsyncConnection, user: UserId) -> None:
    """Whatever sign-in is under way ends."""
    await connection.execute(delete(auth_challenge).where(auth_challenge.c.user_id == user))


async def replace_password_hash(database: Database, user: UserId, old: str, new: str) -> bool:
    """For the same password. False: it is another one meanwhile."""
    statement = update(user_account).where(user_account.c.id == user, user_account.c.password_hash == old)
    return bool(await database.write(statement.values(password_hash=new).returning(user_account.c.id)))


async def grant(connection: AsyncConnection, user: UserId, role: GrantedRole, by: str, at: datetime) -> None:
    """The user must not have the role yet."""
    changed(connection, *keys.OF_ACCOUNTS)
    await connection.execute(insert(user_role).values(user_id=user, role=role, granted_by=by, granted_at=at))


async def set_verified(connection: AsyncConnection, user: UserId, at: datetime) -> None:
    changed(connection, *keys.OF_ACCOUNTS)
    await connection.execute(
        update(user_account)
        .where(user_account.c.id == user, user_account.c.verified_at.is_(None))
        .values(verified_at=at, version=user_account.c.version + 1)
    )


async def delete_ended(database: Database, now: datetime) -> int:
    """Sessions and mailed links that ran out; how many rows."""
    sessions = await database.sweep(auth_session, auth_session.c.expires_at <= now)
    return sessions + await database.sweep(email_token, email_token.c.expires_at <= now)


def _account_by_key(email_key: str) -> Select[Any]:
    return select(user_account, granted_roles()).where(user_account.c.email_key == email_key)


def granted_roles() -> Label[str]:
    """Roles of the row's account, as `Account.granted` has them."""
    roles = select(func.aggregate_strings(user_role.c.role, ",")).where(user_role.c.user_id == user_account.c.id)
    return func.coalesce(roles.scalar_subquery(), "").label("granted")


async def _first(connection: AsyncConnection, query: Select[Any]) -> Any:
    return (await connection.execute(query)).first()


def _account(row: Any) -> Account | None:
    return None if row is None else account_of_row(row)


def account_of_row(row: Any) -> Account:
    return Account(**{name: row._mapping[name] for name in Account.__struct_fields__})


def _columns(account: Account) -> dict[str, object]:
    return {name: getattr(account, name) for name in account.__struct_fields__ if name != "granted"}
