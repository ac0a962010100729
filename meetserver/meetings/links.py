"""Guest links: for people without an account. Each has a secret of its own, and can be taken back."""

import hashlib

from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.cursors import read_cursor, write_cursor
from meetserver.database import Database
from meetserver.errors import BadMessage, Conflict, Forbidden, NotFound
from meetserver.ids import MeetingId
from meetserver.meetings import guest_store
from meetserver.meetings.guest_store import GuestLink
from meetserver.meetings.messages import NewLink
from meetserver.meetings.service import Meetings, Viewer, checked_time
from meetserver.ports import Clock, Origin, Random, Sealer, SecurityLog

NOT_VALID = "the link is not valid: it was taken back, has run out or was used up"


class GuestLinks:
    def __init__(
        self,
        database: Database,
        meetings: Meetings,
        sealer: Sealer,
        clock: Clock,
        random: Random,
        security_log: SecurityLog,
    ) -> None:
        self._database = database
        self._meetings = meetings
        self._sealer = sealer
        self._clock = clock
        self._random = random
        self._security_log = security_log

    async def page(
        self, viewer: Viewer, id_: MeetingId, limit: int, cursor: str | None
    ) -> tuple[list[GuestLink], str | None]:
        """Those of a meeting, oldest first, and the cursor of the next page. Raises NotFound, BadMessage."""
        await self._meetings.find_for(viewer, id_, "links.read")
        after = None if cursor is None else read_cursor(cursor)
        found = await guest_store.links(self._database, id_, limit + 1, after)
        if len(found) <= limit:
            return found, None
        last = found[limit - 1]
        return found[:limit], write_cursor(last.created_at, last.id)

    def secret_of(self, link: GuestLink) -> str:
        """For a host to copy. Raises SealBroken."""
        return self._sealer.unseal(link.secret, _about(link.id)).decode()

    async def create(self, viewer: Viewer, id_: MeetingId, wish: NewLink, origin: Origin) -> GuestLink:
        """Raises NotFound, BadMessage, and Conflict where there are too many."""
        now, link_id, secret = self._clock.now(), self._random.id(), self._random.secret()
        expires_at = checked_time(wish.expires_at, "expires_at")
        if expires_at is not None and expires_at <= now:
            raise BadMessage("expires_at has passed")
        made = GuestLink(
            id=link_id,
            label=wish.label,
            role=wish.role,
            skips_lobby=wish.skips_lobby,
            secret_hash=_hash(secret),
            secret=self._sealer.seal(secret.encode(), _about(link_id)),
            max_uses=wish.max_uses,
            uses=0,
            created_at=now,
            expires_at=expires_at,
        )

        async def insert(connection: AsyncConnection) -> None:
            await self._meetings.for_change(connection, viewer, id_, None, "links.write")
            if await guest_store.count_links(connection, id_) >= limits.GUEST_LINKS:
                raise Conflict(f"a meeting can have {limits.GUEST_LINKS} guest links: take some back")
            await guest_store.insert_link(connection, id_, made)

        await self._database.run(insert)
        await self._security_log.record("link.created", origin, actor=viewer.user, subject=link_id, meeting=id_)
        return made

    async def revoke(self, viewer: Viewer, id_: MeetingId, link: str, origin: Origin) -> None:
        """It lets nobody in any more; who is inside stays. Raises NotFound."""
        await self._meetings.find_for(viewer, id_, "links.write")
        if not await guest_store.revoke_link(self._database, id_, link, self._clock.now()):
            raise NotFound("there is no such link")
        await self._security_log.record("link.revoked", origin, actor=viewer.user, subject=link, meeting=id_)

    async def find(self, id_: MeetingId, secret: str) -> GuestLink:
        """The link that can be used now. Raises Forbidden."""
        found = await guest_store.live_link(self._database, id_, _hash(secret), self._clock.now())
        if found is None:
            raise Forbidden(NOT_VALID)
        return found

    async def use(self, id_: MeetingId, link: GuestLink) -> None:
        """Count a use. Raises Forbidden where somebody else had the last one meanwhile."""
        if not await guest_store.use_link(self._database, id_, link.id, self._clock.now()):
            raise Forbidden(NOT_VALID)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _about(link: str) -> str:
    return f"guest_link {link}"
