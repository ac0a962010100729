"""Meetings as calendar entries. Only the owner and administrators see one; to anybody else it is not there.

What a change means to the live room is told to it by the caller, after the commit.
"""

from datetime import UTC, datetime
from typing import Any, Protocol
from zoneinfo import available_timezones

from msgspec import UNSET
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver.access import AnyRole, may
from meetserver.database import Database
from meetserver.errors import BadMessage, Forbidden, NotFound, NotSupported, VersionConflict
from meetserver.ids import MeetingId, RoomId, UserId
from meetserver.meetings import store
from meetserver.meetings.cursors import read_cursor, write_cursor
from meetserver.meetings.messages import MeetingPatch, NewMeeting
from meetserver.meetings.settings import stored
from meetserver.meetings.store import Meeting
from meetserver.names import clean_name
from meetserver.ports import Clock, Random

# Years in which a meeting can be held: well inside what all clocks and databases can say in every zone.
FIRST_START = datetime(1970, 1, 1, tzinfo=UTC)
LAST_START = datetime(2200, 1, 1, tzinfo=UTC)


class Viewer(Protocol):
    """Whoever asks: an account, as far as meetings look at it."""

    @property
    def user(self) -> UserId: ...

    @property
    def roles(self) -> frozenset[AnyRole]: ...


class Meetings:
    def __init__(self, database: Database, clock: Clock, random: Random) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._zones = available_timezones()

    async def create(self, owner: UserId, owner_name: str, wish: NewMeeting) -> Meeting:
        """The meeting, with its room. Raises BadMessage, NotSupported."""
        if wish.rrule:
            raise NotSupported("rrule cannot be set on this server yet")
        if wish.invitees:
            raise NotSupported("invitees cannot be set on this server yet")
        now = self._clock.now()
        made = Meeting(
            id=MeetingId(self._random.id()),
            owner_id=owner,
            title=clean_name(wish.title, "title"),
            description=wish.description,
            starts_at=_checked_start(wish.starts_at),
            duration_min=wish.duration_min,
            timezone=self._checked_zone(wish.timezone),
            settings=stored(wish.settings, {}),
            version=1,
            created_at=now,
            updated_at=now,
            room_id=RoomId(self._random.id()),
            owner_name=owner_name,
        )
        await self._database.run(lambda connection: store.insert_with_room(connection, made))
        return made

    async def find(self, id_: MeetingId) -> Meeting:
        """For the door: whoever has the id may ask to join. Raises NotFound."""
        found = await store.read(self._database, id_)
        if found is None:
            raise NotFound("there is no such meeting")
        return found

    async def read(self, viewer: Viewer, id_: MeetingId) -> Meeting:
        """Raises NotFound, also where the viewer may not see it."""
        found = await self.find(id_)
        check(viewer, found, "meetings.read")
        return found

    async def list_own(self, owner: UserId, limit: int, cursor: str | None) -> tuple[list[Meeting], str | None]:
        """A page, newest first, and the cursor of the next one. Raises BadMessage for a cursor that is none."""
        before = None if cursor is None else read_cursor(cursor)
        found = await store.page_of_owner(self._database, owner, limit + 1, before)
        if len(found) <= limit:
            return found, None
        last = found[limit - 1]
        return found[:limit], write_cursor(last.created_at, last.id)

    async def update(self, viewer: Viewer, id_: MeetingId, patch: MeetingPatch, version: int | None) -> Meeting:
        """The meeting as it then is. `version` is what the viewer saw; None: whatever it is.

        Raises NotFound, VersionConflict, BadMessage, NotSupported.
        """

        async def change(connection: AsyncConnection) -> Meeting:
            before = await self._for_change(connection, viewer, id_, version, "meetings.update")
            columns = self._changed(before, patch)
            if columns:
                columns |= {"version": before.version + 1, "updated_at": self._clock.now()}
                await store.update_columns(connection, id_, **columns)
            after = await store.locked(connection, id_)
            assert after is not None
            return after

        return await self._database.run(change)

    async def check_change(self, viewer: Viewer, id_: MeetingId, version: int | None) -> Meeting:
        """Whether `remove` would be granted: to be asked before the live room is ended."""
        found = await self.find(id_)
        check(viewer, found, "meetings.delete")
        if version is not None and version != found.version:
            raise VersionConflict("the meeting was changed meanwhile")
        return found

    async def remove(self, viewer: Viewer, id_: MeetingId, version: int | None) -> None:
        """With its room and all that happened there. Raises NotFound, VersionConflict."""

        async def change(connection: AsyncConnection) -> None:
            await self._for_change(connection, viewer, id_, version, "meetings.delete")
            await store.remove(connection, id_)

        await self._database.run(change)

    async def _for_change(
        self, connection: AsyncConnection, viewer: Viewer, id_: MeetingId, version: int | None, action: str
    ) -> Meeting:
        found = await store.locked(connection, id_)
        if found is None:
            raise NotFound("there is no such meeting")
        check(viewer, found, action)
        if version is not None and version != found.version:
            raise VersionConflict("the meeting was changed meanwhile")
        return found

    def _changed(self, before: Meeting, patch: MeetingPatch) -> dict[str, Any]:
        """Columns that the patch gives another value."""
        if patch.rrule is not UNSET and patch.rrule:
            raise NotSupported("rrule cannot be set on this server yet")
        columns: dict[str, Any] = {}
        if patch.title is not UNSET:
            columns["title"] = clean_name(patch.title, "title")
        if patch.description is not UNSET:
            columns["description"] = patch.description or ""
        if patch.starts_at is not UNSET:
            columns["starts_at"] = _checked_start(patch.starts_at)
        if patch.duration_min is not UNSET:
            columns["duration_min"] = patch.duration_min
        if patch.timezone is not UNSET:
            columns["timezone"] = self._checked_zone(patch.timezone)
        if patch.settings is not UNSET:
            columns["settings"] = {} if patch.settings is None else stored(patch.settings, before.settings)
        return {name: value for name, value in columns.items() if value != getattr(before, name)}

    def _checked_zone(self, zone: str | None) -> str | None:
        if zone is not None and zone not in self._zones:
            raise BadMessage("timezone is not an IANA name")
        return zone


def roles_in(viewer: Viewer, meeting: Meeting) -> frozenset[AnyRole]:
    """All roles that the viewer has towards this meeting."""
    own: frozenset[AnyRole] = frozenset({"host"}) if viewer.user == meeting.owner_id else frozenset()
    return viewer.roles | own


def check(viewer: Viewer, meeting: Meeting, action: str) -> None:
    """Raises NotFound where the viewer may not even see the meeting, Forbidden where they may not do this."""
    roles = roles_in(viewer, meeting)
    if not may(roles, "meetings.read"):
        raise NotFound("there is no such meeting")
    if not may(roles, action):
        raise Forbidden("your role in this meeting does not allow this")


def _checked_start(at: datetime | None) -> datetime | None:
    if at is None:
        return None
    if not FIRST_START <= at < LAST_START:
        raise BadMessage(f"starts_at must be between {FIRST_START.year} and {LAST_START.year}")
    return at.astimezone(UTC)
