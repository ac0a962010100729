"""Who is asked to come to a meeting, and as what."""

from msgspec import UNSET
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.access import may
from meetserver.cursors import read_cursor, write_cursor
from meetserver.database import Database
from meetserver.errors import Conflict, Forbidden, NotFound
from meetserver.ids import MeetingId
from meetserver.meetings import guest_store
from meetserver.meetings.guest_store import Invitee
from meetserver.meetings.messages import InviteePatch
from meetserver.meetings.service import Meetings, Viewer, roles_in
from meetserver.meetings.store import Meeting
from meetserver.messages import Role
from meetserver.names import clean_name

MODERATORS = frozenset({"host", "cohost"})


class Invitees:
    def __init__(self, database: Database, meetings: Meetings) -> None:
        self._database = database
        self._meetings = meetings

    async def page(
        self, viewer: Viewer, id_: MeetingId, limit: int, cursor: str | None
    ) -> tuple[list[Invitee], str | None]:
        """Those of a meeting, oldest first, and the cursor of the next page. Raises NotFound, BadMessage."""
        await self._meetings.find_for(viewer, id_, "invitees.read")
        after = None if cursor is None else read_cursor(cursor)
        found = await guest_store.invitees(self._database, id_, limit + 1, after)
        if len(found) <= limit:
            return found, None
        last = found[limit - 1]
        return found[:limit], write_cursor(last.created_at, last.id)

    async def add(self, viewer: Viewer, id_: MeetingId, wanted: Invitee) -> Invitee:
        """Raises NotFound, Forbidden, and Conflict where the address is invited already or the list is full."""

        async def insert(connection: AsyncConnection) -> None:
            meeting = await self._meetings.for_change(connection, viewer, id_, None, "invitees.write")
            _check_role(viewer, meeting, wanted.role)
            if await guest_store.is_invited(connection, id_, wanted.email_key):
                raise Conflict(f"{wanted.email} is invited already")
            if await guest_store.count_invitees(connection, id_) >= limits.INVITEES:
                raise Conflict(f"a meeting can have {limits.INVITEES} invitees")
            await guest_store.insert_invitees(connection, id_, [wanted])

        try:
            await self._database.run(insert)
        except IntegrityError:  # somebody else invited the same address just now
            raise Conflict(f"{wanted.email} is invited already") from None
        return wanted

    async def update(self, viewer: Viewer, id_: MeetingId, invitee: str, patch: InviteePatch) -> Invitee:
        """The invitee as it then is. Raises NotFound, Forbidden, BadMessage."""

        async def change(connection: AsyncConnection) -> Invitee:
            await self._for_change(connection, viewer, id_, invitee, patch.role)
            columns: dict[str, object] = {}
            if patch.name is not UNSET:
                columns["name"] = "" if patch.name is None else clean_name(patch.name)
            if patch.role is not UNSET:
                columns["role"] = patch.role
            if columns:
                await guest_store.update_invitee(connection, invitee, **columns)
            after = await guest_store.invitee_by_id(connection, id_, invitee)
            assert after is not None
            return after

        return await self._database.run(change)

    async def remove(self, viewer: Viewer, id_: MeetingId, invitee: str) -> None:
        """Raises NotFound, Forbidden."""

        async def change(connection: AsyncConnection) -> None:
            await self._for_change(connection, viewer, id_, invitee)
            await guest_store.delete_invitee(connection, invitee)

        await self._database.run(change)

    async def _for_change(
        self, connection: AsyncConnection, viewer: Viewer, id_: MeetingId, invitee: str, *roles: object
    ) -> None:
        meeting = await self._meetings.for_change(connection, viewer, id_, None, "invitees.write")
        found = await guest_store.invitee_by_id(connection, id_, invitee)
        if found is None:
            raise NotFound("there is no such invitee")
        for role in (found.role, *roles):
            _check_role(viewer, meeting, role)


def _check_role(viewer: Viewer, meeting: Meeting, role: Role | object) -> None:
    """Who may not change the meeting itself can neither make nor unmake those who may: raises Forbidden."""
    if role in MODERATORS and not may(roles_in(viewer, meeting), "meetings.update"):
        raise Forbidden("only a host can invite hosts and cohosts, or change their invitation")
