"""Who has opened a link in a mail, or is vouched for by a provider, owns the address, and so the account: what anybody
else put there ends."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.accounts import session_store, store
from meetserver.accounts.models import external_identity, passkey, recovery_code, totp
from meetserver.accounts.store import Account


async def take_ownership(
    connection: AsyncConnection, account: Account, password_hash: str | None, at: datetime
) -> None:
    """Set the password (None: there is none) and end every session and whatever sign-in is under way.

    Before the address was verified, anybody may have opened the account: their factors and identities go too.
    """
    if account.verified_at is None:
        await evict(connection, account, at)
    verified_at = account.verified_at or at
    await store.update_account(connection, account.id, password_hash=password_hash, verified_at=verified_at)
    await _end_sessions(connection, account, at)


async def evict(connection: AsyncConnection, account: Account, at: datetime) -> None:
    """Nobody signs in to the account any more before its address is shown to be theirs."""
    await store.update_account(connection, account.id, password_hash=None)
    await _end_sessions(connection, account, at)
    for table in (passkey, totp, recovery_code, external_identity):
        await connection.execute(delete(table).where(table.c.user_id == account.id))


async def _end_sessions(connection: AsyncConnection, account: Account, at: datetime) -> None:
    await session_store.revoke_sessions(connection, account.id, at, kinds=("token", "cookie", "personal"))
    await store.forget_challenges(connection, account.id)
