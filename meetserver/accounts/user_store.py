"""The SQL of accounts as administrators see them."""

from typing import Any

from sqlalchemy import Select, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.access import GrantedRole
from meetserver.accounts.models import user_account, user_role
from meetserver.accounts.store import Account, account_of_row, granted_roles
from meetserver.cache import keys
from meetserver.database import Database, changed
from meetserver.ids import UserId


async def read(database: Database, user: UserId) -> Account | None:
    rows = await database.fetch(_accounts().where(user_account.c.id == user))
    return account_of_row(rows[0]) if rows else None


async def account(connection: AsyncConnection, user: UserId) -> Account | None:
    row = (await connection.execute(_accounts().where(user_account.c.id == user))).first()
    return None if row is None else account_of_row(row)


async def first_admin(database: Database) -> Account | None:
    """Of the administrators who may sign in, the one whose account was made first."""
    admins = select(user_role.c.user_id).where(user_role.c.role == "admin")
    query = _accounts().where(user_account.c.id.in_(admins), user_account.c.disabled_at.is_(None))
    rows = await database.fetch(query.order_by(user_account.c.created_at, user_account.c.id).limit(1))
    return account_of_row(rows[0]) if rows else None


async def page(
    database: Database, *, limit: int, after_key: str, until_key: str | None, search: str, role: GrantedRole | None
) -> list[Account]:
    """By address, those after `after_key` up to `until_key`, if any; `search` is in the address or in the name,
    whatever the case."""
    query = _accounts().where(user_account.c.email_key > after_key).order_by(user_account.c.email_key).limit(limit)
    if until_key is not None:
        query = query.where(user_account.c.email_key <= until_key)
    if search:
        in_address = user_account.c.email_key.contains(search.lower(), autoescape=True)
        query = query.where(or_(in_address, user_account.c.name.icontains(search, autoescape=True)))
    if role is not None:
        query = query.where(user_account.c.id.in_(select(user_role.c.user_id).where(user_role.c.role == role)))
    return [account_of_row(row) for row in await database.fetch(query)]


async def nth_after(database: Database, after_key: str, n: int) -> tuple[UserId, str] | None:
    """The account that is the n-th by address after `after_key`, and its key. None: there are fewer."""
    query = select(user_account.c.id, user_account.c.email_key).where(user_account.c.email_key > after_key)
    rows = await database.fetch(query.order_by(user_account.c.email_key).offset(n - 1).limit(1))
    return (UserId(rows[0].id), rows[0].email_key) if rows else None


async def change(connection: AsyncConnection, user: UserId, **columns: object) -> None:
    """Set these columns; the account's version goes on by one also when there are none, as for its roles."""
    changed(connection, *keys.OF_ACCOUNTS)
    await connection.execute(
        update(user_account).where(user_account.c.id == user).values(version=user_account.c.version + 1, **columns)
    )


def _accounts() -> Select[Any]:
    return select(user_account, granted_roles())
