"""The SQL of granted roles, beside `store.grant`."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.access import GrantedRole
from meetserver.accounts.models import user_account, user_role
from meetserver.accounts.store import has_means
from meetserver.cache import keys
from meetserver.database import changed
from meetserver.ids import UserId


async def granted_roles(connection: AsyncConnection, user: UserId) -> dict[GrantedRole, str]:
    """Each role that was granted, and by whom."""
    rows = await connection.execute(select(user_role.c.role, user_role.c.granted_by).where(user_role.c.user_id == user))
    return {row.role: row.granted_by for row in rows}


async def take_role(connection: AsyncConnection, user: UserId, role: GrantedRole) -> None:
    changed(connection, *keys.OF_ACCOUNTS)
    await connection.execute(delete(user_role).where(user_role.c.user_id == user, user_role.c.role == role))


async def is_last_admin(connection: AsyncConnection, user: UserId) -> bool:
    """Whether the server would be without an administrator who can sign in if this user were none. Asked within the
    unit of work that takes the role, disables or deletes: units are serializable: two at once cannot both do it.

    Who was invited and has not set a password yet may never do so: they do not count.
    """
    enabled = (
        select(user_role.c.user_id)
        .join(user_account, user_account.c.id == user_role.c.user_id)
        .where(user_role.c.role == "admin", user_account.c.disabled_at.is_(None))
    )
    admins = {row.user_id for row in await connection.execute(enabled)}
    others = await connection.execute(enabled.where(user_account.c.id != user, has_means()).limit(1))
    return user in admins and others.first() is None
