"""The SQL of accounts, sessions and mailed links."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Label, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.access import AnyRole, GrantedRole
from meetserver.accounts.models import auth_session, email_token, user_account, user_role
from meetserver.database import Database
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
    granted: str = ""
    """Roles that were granted, by commas."""

    @property
    def roles(self) -> frozenset[AnyRole]:
        return frozenset(["member", *filter(None, self.granted.split(","))])  # type: ignore[list-item]


class SessionRow(Struct, frozen=True):
    id: str
    user_id: UserId
    kind: str
    refresh_hash: bytes | None
    previous_hash: bytes | None
    previous_until: datetime | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    user_agent: str


class LinkRow(Struct, frozen=True):
    id: str
    user_id: UserId
    expires_at: datetime
    used_at: datetime | None


async def account_by_key(connection: AsyncConnection, email_key: str) -> Account | None:
    return _account(await _first(connection, _account_by_key(email_key)))


async def read_account_by_key(database: Database, email_key: str) -> Account | None:
    rows = await database.fetch(_account_by_key(email_key))
    return _account(rows[0] if rows else None)


async def account_of_session(database: Database, session: str, kind: str, now: datetime) -> tuple[Account, Any] | None:
    """The account that a session stands for, and when the session was last used. None: revoked, expired, unknown."""
    query = (
        select(user_account, _granted(), auth_session.c.last_used_at)
        .join(auth_session, auth_session.c.user_id == user_account.c.id)
        .where(
            auth_session.c.id == session,
            auth_session.c.kind == kind,
            auth_session.c.revoked_at.is_(None),
            auth_session.c.expires_at > now,
        )
    )
    rows = await database.fetch(query)
    if not rows:
        return None
    account = _account(rows[0])
    assert account is not None
    return account, rows[0].last_used_at


async def insert_account(connection: AsyncConnection, account: Account) -> None:
    """Without roles: those are granted."""
    columns = {name: value for name, value in _columns(account).items() if name != "granted"}
    await connection.execute(insert(user_account).values(**columns))


async def grant(connection: AsyncConnection, user: UserId, role: GrantedRole, by: str, at: datetime) -> None:
    """The user must not have the role yet."""
    await connection.execute(insert(user_role).values(user_id=user, role=role, granted_by=by, granted_at=at))


async def set_verified(connection: AsyncConnection, user: UserId, at: datetime) -> None:
    await connection.execute(
        update(user_account)
        .where(user_account.c.id == user, user_account.c.verified_at.is_(None))
        .values(verified_at=at, version=user_account.c.version + 1)
    )


async def insert_session(connection: AsyncConnection, session: SessionRow) -> None:
    await connection.execute(insert(auth_session).values(**_columns(session)))


async def session_by_id(connection: AsyncConnection, session: str) -> SessionRow | None:
    row = await _first(connection, select(auth_session).where(auth_session.c.id == session))
    return None if row is None else SessionRow(**{name: row._mapping[name] for name in SessionRow.__struct_fields__})


async def update_session(connection: AsyncConnection, session: str, **columns: object) -> None:
    await connection.execute(update(auth_session).where(auth_session.c.id == session).values(**columns))


async def revoke_session(connection: AsyncConnection, session: str, at: datetime) -> None:
    """Once and for all; an earlier revocation keeps its time."""
    await connection.execute(
        update(auth_session)
        .where(auth_session.c.id == session, auth_session.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )


async def insert_link(
    connection: AsyncConnection, link: str, user: UserId, token_hash: bytes, expires_at: datetime
) -> None:
    await connection.execute(
        insert(email_token).values(
            id=link, user_id=user, purpose="verify", token_hash=token_hash, expires_at=expires_at
        )
    )


async def link_by_hash(connection: AsyncConnection, token_hash: bytes) -> LinkRow | None:
    row = await _first(connection, select(email_token).where(email_token.c.token_hash == token_hash))
    return None if row is None else LinkRow(row.id, row.user_id, row.expires_at, row.used_at)


async def newest_link(connection: AsyncConnection, user: UserId) -> LinkRow | None:
    query = select(email_token).where(email_token.c.user_id == user).order_by(email_token.c.expires_at.desc()).limit(1)
    row = await _first(connection, query)
    return None if row is None else LinkRow(row.id, row.user_id, row.expires_at, row.used_at)


async def use_link(connection: AsyncConnection, link: str, at: datetime) -> bool:
    """False: it was used already."""
    result = await connection.execute(
        update(email_token).where(email_token.c.id == link, email_token.c.used_at.is_(None)).values(used_at=at)
    )
    return bool(result.rowcount)


async def delete_ended(connection: AsyncConnection, now: datetime) -> int:
    """Sessions and mailed links that ran out; how many rows."""
    sessions = await connection.execute(delete(auth_session).where(auth_session.c.expires_at <= now))
    links = await connection.execute(delete(email_token).where(email_token.c.expires_at <= now))
    return int(sessions.rowcount + links.rowcount)


def _account_by_key(email_key: str) -> Select[Any]:
    return select(user_account, _granted()).where(user_account.c.email_key == email_key)


def _granted() -> Label[str]:
    """Roles of the row's account, as `Account.granted` has them."""
    roles = select(func.aggregate_strings(user_role.c.role, ",")).where(user_role.c.user_id == user_account.c.id)
    return func.coalesce(roles.scalar_subquery(), "").label("granted")


async def _first(connection: AsyncConnection, query: Select[Any]) -> Any:
    return (await connection.execute(query)).first()


def _account(row: Any) -> Account | None:
    if row is None:
        return None
    return Account(**{name: row._mapping[name] for name in Account.__struct_fields__})


def _columns(row: Struct) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}
