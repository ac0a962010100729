"""Links that are mailed and work once. Only the SHA-256 of a link's token is kept: 256 bits need no slower hash."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final, TypeAlias, get_args

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.accounts import link_store
from meetserver.accounts.link_store import LinkRow, Purpose
from meetserver.accounts.store import Account
from meetserver.database import Database
from meetserver.errors import NotFound
from meetserver.ids import UserId
from meetserver.ports import Clock, Random

Post: TypeAlias = Callable[[AsyncConnection, str, str, Mapping[str, object]], Awaitable[None]]
"""Puts a letter into the outbox within the caller's unit of work: connection, letter's name, address, its values."""

PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
GONE = "the link is not valid, was used, or is too old"


class Kind(Struct, frozen=True):
    letter: str
    life_s: int


KINDS: Final[Mapping[Purpose, Kind]] = {
    "verify": Kind("verify", limits.VERIFY_LIFE_S),
    "reset": Kind("reset", limits.RESET_LIFE_S),
    "invite": Kind("invite", limits.INVITE_LIFE_S),
    "email_old": Kind("email_old", limits.EMAIL_CHANGE_LIFE_S),
    "email_new": Kind("email_new", limits.EMAIL_CHANGE_LIFE_S),
}


class Links:
    def __init__(self, database: Database, post: Post, clock: Clock, random: Random) -> None:
        self._database = database
        self._post = post
        self._clock = clock
        self._random = random

    async def send(
        self,
        connection: AsyncConnection,
        account: Account,
        purpose: Purpose,
        *,
        to: str | None = None,
        data: dict[str, str] | None = None,
        **values: object,
    ) -> None:
        """Mail a fresh link to the account's address, or `to`. `values` are the letter's own, beside the name, the
        token and its life; `data` is kept with the link."""
        kind, token = KINDS[purpose], self._random.secret()
        link = LinkRow(
            id=self._random.id(),
            user_id=account.id,
            purpose=purpose,
            token_hash=_hash(token),
            expires_at=self._clock.now() + timedelta(seconds=kind.life_s),
            data=data,
        )
        await link_store.insert_link(connection, link)
        letter = {"name": account.name, "token": token, "life_h": kind.life_s // 3600, **values}
        await self._post(connection, kind.letter, to or account.email, letter)

    async def may_send(self, connection: AsyncConnection, account: Account, *purposes: Purpose) -> bool:
        """Whether the last mail of these kinds is long enough ago."""
        now, links = self._clock.now(), await link_store.links_of(connection, account.id, purposes)
        lives_left = (timedelta(seconds=KINDS[link.purpose].life_s - limits.LINK_AGAIN_S) for link in links)
        return all(link.expires_at <= now + left for link, left in zip(links, lives_left, strict=True))

    async def has_live(self, connection: AsyncConnection, account: Account, purpose: Purpose) -> bool:
        now, links = self._clock.now(), await link_store.links_of(connection, account.id, [purpose])
        return any(link.used_at is None and link.expires_at > now for link in links)

    async def find(self, token: str, *purposes: Purpose) -> LinkRow:
        """A link that could be used. Raises NotFound."""
        link = await link_store.read_live_link(self._database, _hash(token), purposes, self._clock.now())
        if link is None:
            raise NotFound(GONE)
        return link

    async def use(self, connection: AsyncConnection, token: str, *purposes: Purpose) -> LinkRow:
        """Raises NotFound: unknown, used, or too old."""
        link = await link_store.use_link(connection, _hash(token), purposes, self._clock.now())
        if link is None:
            raise NotFound(GONE)
        return link

    async def forget(self, connection: AsyncConnection, user: UserId, *purposes: Purpose) -> None:
        """The account's links of these purposes, of all when none is named, work no more."""
        await link_store.delete_links(connection, user, purposes or PURPOSES)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
