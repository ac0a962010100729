"""The SQL of sessions. A session stands while it is neither revoked nor too old, and its account is not disabled."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct
from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts.models import auth_session, user_account, user_role
from meetserver.accounts.store import Account, account_of_row, granted_roles
from meetserver.cache import keys
from meetserver.database import Database, changed
from meetserver.ids import UserId

Kind: TypeAlias = Literal["token", "cookie", "personal"]
SIGNED_IN: Final[tuple[Kind, ...]] = ("token", "cookie")
"""Kinds that a sign-in opens."""
_AS_ADMIN: Final = ":admin"


class SessionRow(Struct, frozen=True):
    """As the table's columns; `name` and `scopes` are a personal token's."""

    id: str
    user_id: UserId
    kind: Kind
    refresh_hash: bytes | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    user_agent: str
    address: str
    previous_hash: bytes | None = None
    previous_until: datetime | None = None
    revoked_at: datetime | None = None
    name: str = ""
    scopes: list[str] | None = None
    methods: list[str] | None = None
    confirmed_at: datetime | None = None


class Standing(Struct, frozen=True):
    """A session with its account, as they stood when they were read."""

    account: Account
    session: SessionRow

    def stands(self, now: datetime) -> bool:
        """Whether it has not run out since."""
        return now < self.session.expires_at


async def insert_session(connection: AsyncConnection, session: SessionRow) -> None:
    columns = {name: getattr(session, name) for name in SessionRow.__struct_fields__}
    await connection.execute(insert(auth_session).values(**columns))


async def standing_session(connection: AsyncConnection, session: str, now: datetime) -> SessionRow | None:
    query = (
        select(auth_session)
        .join(user_account, user_account.c.id == auth_session.c.user_id)
        .where(auth_session.c.id == session, *_stands(now))
    )
    row = (await connection.execute(query)).first()
    return None if row is None else _session(row)


async def read_standing(database: Database, session: str, now: datetime) -> Standing | None:
    """None: it does not stand, or there is none."""
    columns = [auth_session.c[name].label(f"s_{name}") for name in SessionRow.__struct_fields__]
    query = (
        select(user_account, granted_roles(), *columns)
        .join(auth_session, auth_session.c.user_id == user_account.c.id)
        .where(auth_session.c.id == session, *_stands(now))
    )
    rows = await database.fetch(query)
    if not rows:
        return None
    found = rows[0]._mapping
    row = SessionRow(**{name: found[f"s_{name}"] for name in SessionRow.__struct_fields__})
    return Standing(account_of_row(rows[0]), row)


async def standing(database: Database, sessions: Collection[str], now: datetime) -> set[str]:
    """Those of these sessions that stand; what `as_admin` made of one stands as long as its owner is one, too."""
    is_admin = select(user_role.c.user_id).where(user_role.c.user_id == user_account.c.id, user_role.c.role == "admin")
    query = (
        select(auth_session.c.id, is_admin.exists().label("is_admin"))
        .join(user_account, user_account.c.id == auth_session.c.user_id)
        .where(auth_session.c.id.in_({session.removesuffix(_AS_ADMIN) for session in sessions}), *_stands(now))
    )
    stand: set[str] = set()
    for row in await database.fetch(query):
        stand |= {row.id, as_admin(row.id)} if row.is_admin else {row.id}
    return stand.intersection(sessions)


def as_admin(session: str) -> str:
    """The session, for what its owner may do as an administrator alone."""
    return session + _AS_ADMIN


async def sessions_of(
    database: Database, user: UserId, kinds: Sequence[Kind], now: datetime, limit: int
) -> list[SessionRow]:
    """Those that stand, the one used last first."""
    query = (
        _of_user(user, kinds)
        .where(auth_session.c.revoked_at.is_(None), auth_session.c.expires_at > now)
        .order_by(auth_session.c.last_used_at.desc(), auth_session.c.id)
        .limit(limit)
    )
    return [_session(row) for row in await database.fetch(query)]


async def count_sessions(connection: AsyncConnection, user: UserId, kinds: Sequence[Kind], now: datetime) -> int:
    """Of those that stand."""
    wanted = _of_user(user, kinds).where(auth_session.c.revoked_at.is_(None), auth_session.c.expires_at > now)
    return int(await connection.scalar(select(func.count()).select_from(wanted.subquery())) or 0)


async def update_session(connection: AsyncConnection, session: str, **columns: object) -> None:
    changed(connection, keys.session(session))
    await connection.execute(update(auth_session).where(auth_session.c.id == session).values(**columns))


async def revoke_session(
    connection: AsyncConnection, session: str, at: datetime, *, kinds: Sequence[Kind], of: UserId | None = None
) -> UserId | None:
    """Once and for all; an earlier revocation keeps its time. `of`: only if it is this user's.

    The user whose session it was; None: there was no such session, or it was over.
    """
    changed(connection, keys.session(session))
    wanted = [] if of is None else [auth_session.c.user_id == of]
    result = await connection.execute(
        update(auth_session)
        .where(
            auth_session.c.id == session,
            auth_session.c.kind.in_(kinds),
            auth_session.c.revoked_at.is_(None),
            auth_session.c.expires_at > at,
            *wanted,
        )
        .values(revoked_at=at)
        .returning(auth_session.c.user_id)
    )
    user: UserId | None = result.scalar()
    return user


async def revoke_sessions(
    connection: AsyncConnection, user: UserId, at: datetime, *, kinds: Sequence[Kind], keep: str | None = None
) -> int:
    """All of a user's sessions of these kinds but the one to `keep`; how many."""
    result = await connection.execute(
        update(auth_session)
        .where(
            auth_session.c.user_id == user,
            auth_session.c.kind.in_(kinds),
            auth_session.c.revoked_at.is_(None),
            auth_session.c.expires_at > at,
            auth_session.c.id != (keep or ""),
        )
        .values(revoked_at=at)
        .returning(auth_session.c.id)
    )
    ended = result.scalars().all()
    changed(connection, *map(keys.session, ended))
    return len(ended)


def _of_user(user: UserId, kinds: Sequence[Kind]) -> Select[Any]:
    return select(auth_session).where(auth_session.c.user_id == user, auth_session.c.kind.in_(kinds))


def _stands(now: datetime) -> tuple[Any, ...]:
    """Conditions on a session joined with its account."""
    return (
        auth_session.c.revoked_at.is_(None),
        auth_session.c.expires_at > now,
        user_account.c.disabled_at.is_(None),
    )


def _session(row: Any) -> SessionRow:
    return SessionRow(**{name: row._mapping[name] for name in SessionRow.__struct_fields__})
