"""The SQL of second factors, passkeys and challenges. What may happen once is one guarded UPDATE each."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.accounts.models import auth_challenge, passkey, recovery_code, totp
from meetserver.database import Database
from meetserver.ids import UserId


class ChallengeRow(Struct, frozen=True):
    id: str
    purpose: str
    user_id: UserId | None
    secret_hash: bytes
    sealed: bytes
    expires_at: datetime


class TotpRow(Struct, frozen=True):
    user_id: UserId
    secret: bytes
    created_at: datetime
    confirmed_at: datetime | None
    last_step: int


class PasskeyRow(Struct, frozen=True):
    id: str
    user_id: UserId
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    is_synced: bool
    created_at: datetime
    last_used_at: datetime | None


# --- challenges


async def insert_challenge(connection: AsyncConnection, row: ChallengeRow) -> None:
    await connection.execute(insert(auth_challenge).values(**_columns(row)))


async def count_attempt(database: Database, secret_hash: bytes, purpose: str, now: datetime) -> ChallengeRow | None:
    """None: unknown, for something else, used, too old, or tried too often."""
    query = (
        update(auth_challenge)
        .where(
            auth_challenge.c.secret_hash == secret_hash,
            auth_challenge.c.purpose == purpose,
            auth_challenge.c.used_at.is_(None),
            auth_challenge.c.expires_at > now,
            auth_challenge.c.attempts < limits.CHALLENGE_ATTEMPTS,
        )
        .values(attempts=auth_challenge.c.attempts + 1)
        .returning(*(auth_challenge.c[name] for name in ChallengeRow.__struct_fields__))
    )
    rows = await database.write(query)
    return _struct(ChallengeRow, rows[0]) if rows else None


async def use_challenge(connection: AsyncConnection, challenge: str, at: datetime) -> bool:
    """False: it was used already."""
    result = await connection.execute(
        update(auth_challenge)
        .where(auth_challenge.c.id == challenge, auth_challenge.c.used_at.is_(None))
        .values(used_at=at)
    )
    return bool(result.rowcount)


async def delete_expired_challenges(database: Database, now: datetime) -> int:
    return await database.sweep(auth_challenge, auth_challenge.c.expires_at <= now)


# --- authenticator apps


async def read_totp(database: Database, user: UserId) -> TotpRow | None:
    rows = await database.fetch(select(totp).where(totp.c.user_id == user))
    return _struct(TotpRow, rows[0]) if rows else None


async def replace_totp(connection: AsyncConnection, row: TotpRow) -> bool:
    """Instead of one that was not confirmed. False: there is one that was."""
    await connection.execute(delete(totp).where(totp.c.user_id == row.user_id, totp.c.confirmed_at.is_(None)))
    if (await connection.execute(select(totp.c.user_id).where(totp.c.user_id == row.user_id))).first() is not None:
        return False
    await connection.execute(insert(totp).values(**_columns(row)))
    return True


async def confirm_totp(connection: AsyncConnection, row: TotpRow, step: int, at: datetime) -> bool:
    """False: another secret is there by now, or it was confirmed."""
    result = await connection.execute(
        update(totp)
        .where(totp.c.user_id == row.user_id, totp.c.secret == row.secret, totp.c.confirmed_at.is_(None))
        .values(confirmed_at=at, last_step=step)
    )
    return bool(result.rowcount)


async def take_step(connection: AsyncConnection, user: UserId, step: int) -> bool:
    """False: this step's code, or a later one, was taken already."""
    result = await connection.execute(
        update(totp)
        .where(totp.c.user_id == user, totp.c.last_step < step, totp.c.confirmed_at.is_not(None))
        .values(last_step=step)
    )
    return bool(result.rowcount)


async def delete_totp(connection: AsyncConnection, user: UserId) -> bool:
    """Whether there was a confirmed one."""
    result = await connection.execute(delete(totp).where(totp.c.user_id == user, totp.c.confirmed_at.is_not(None)))
    return bool(result.rowcount)


# --- recovery codes


async def codes_left(database: Database, user: UserId) -> int:
    query = (
        select(func.count())
        .select_from(recovery_code)
        .where(recovery_code.c.user_id == user, recovery_code.c.used_at.is_(None))
    )
    return int((await database.fetch(query))[0][0])


async def has_codes(connection: AsyncConnection, user: UserId) -> bool:
    """Whether codes were made, used ones among them."""
    query = select(recovery_code.c.user_id).where(recovery_code.c.user_id == user).limit(1)
    return (await connection.execute(query)).first() is not None


async def replace_codes(connection: AsyncConnection, user: UserId, hashes: list[bytes], at: datetime) -> None:
    await delete_codes(connection, user)
    rows = [{"user_id": user, "code_hash": one, "created_at": at} for one in hashes]
    await connection.execute(insert(recovery_code), rows)


async def use_code(connection: AsyncConnection, user: UserId, code_hash: bytes, at: datetime) -> bool:
    """False: unknown, or used already."""
    result = await connection.execute(
        update(recovery_code)
        .where(
            recovery_code.c.user_id == user, recovery_code.c.code_hash == code_hash, recovery_code.c.used_at.is_(None)
        )
        .values(used_at=at)
    )
    return bool(result.rowcount)


async def delete_codes(connection: AsyncConnection, user: UserId) -> None:
    await connection.execute(delete(recovery_code).where(recovery_code.c.user_id == user))


# --- passkeys


async def read_passkeys(database: Database, user: UserId) -> list[PasskeyRow]:
    """Oldest first."""
    rows = await database.fetch(_passkeys_of(user))
    return [_struct(PasskeyRow, row) for row in rows]


async def read_passkey(database: Database, credential_id: bytes) -> PasskeyRow | None:
    rows = await database.fetch(select(passkey).where(passkey.c.credential_id == credential_id))
    return _struct(PasskeyRow, rows[0]) if rows else None


async def passkeys_of(connection: AsyncConnection, user: UserId) -> list[PasskeyRow]:
    return [_struct(PasskeyRow, row) for row in await connection.execute(_passkeys_of(user))]


async def insert_passkey(connection: AsyncConnection, row: PasskeyRow) -> None:
    await connection.execute(insert(passkey).values(**_columns(row)))


async def use_passkey(connection: AsyncConnection, passkey_id: str, sign_count: int, at: datetime) -> bool:
    """False: it is gone, or its counter did not rise, so that there may be a copy of it (WebAuthn 7.2, step 22)."""
    has_none = (passkey.c.sign_count == 0) & (sign_count == 0)
    result = await connection.execute(
        update(passkey)
        .where(passkey.c.id == passkey_id, or_(passkey.c.sign_count < sign_count, has_none))
        .values(sign_count=sign_count, last_used_at=at)
    )
    return bool(result.rowcount)


async def rename_passkey(connection: AsyncConnection, user: UserId, passkey_id: str, name: str) -> bool:
    result = await connection.execute(
        update(passkey).where(passkey.c.id == passkey_id, passkey.c.user_id == user).values(name=name)
    )
    return bool(result.rowcount)


async def delete_passkey(connection: AsyncConnection, user: UserId, passkey_id: str) -> bool:
    result = await connection.execute(delete(passkey).where(passkey.c.id == passkey_id, passkey.c.user_id == user))
    return bool(result.rowcount)


# --- all of them


async def has_factor(connection: AsyncConnection, user: UserId) -> bool:
    """Whether there is a second factor beside the recovery codes, which are for when it is lost."""
    app = select(totp.c.user_id).where(totp.c.user_id == user, totp.c.confirmed_at.is_not(None))
    key = select(passkey.c.user_id).where(passkey.c.user_id == user)
    return (await connection.execute(app.union_all(key).limit(1))).first() is not None


def _passkeys_of(user: UserId) -> Any:
    return select(passkey).where(passkey.c.user_id == user).order_by(passkey.c.created_at, passkey.c.id)


def _struct(kind: Any, row: Any) -> Any:
    return kind(**{name: row._mapping[name] for name in kind.__struct_fields__})


def _columns(row: Struct) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}
