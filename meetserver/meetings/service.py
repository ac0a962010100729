"""Meetings as calendar entries. Only hosts, cohosts and administrators see one; to anybody else it is not there.

What a change means to the live room is told to it by the caller, after the commit.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec import UNSET
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from meetserver import limits
from meetserver.access import AnyRole, may
from meetserver.cache import keys
from meetserver.cache.cached import Cached
from meetserver.cursors import read_cursor, write_cursor
from meetserver.database import Database
from meetserver.errors import BadMessage, Forbidden, NotFound, NotSupported, VersionConflict
from meetserver.ids import MeetingId, RoomId, UserId
from meetserver.meetings import guest_store, store
from meetserver.meetings.guest_store import Invitee
from meetserver.meetings.messages import Door, MeetingPatch, NewMeeting, SettingsWish
from meetserver.meetings.passcodes import with_passcode
from meetserver.meetings.settings import needs, stored
from meetserver.meetings.store import FirstPage, Meeting
from meetserver.names import check_zone, clean_name
from meetserver.ports import Clock, Random, Sealer

# Years in which a meeting can be held: well inside what all clocks and databases can say in every zone.
FIRST_TIME = datetime(1970, 1, 1, tzinfo=UTC)
LAST_TIME = datetime(2200, 1, 1, tzinfo=UTC)


class Viewer(Protocol):
    """Whoever asks: an account, as far as meetings look at it."""

    @property
    def user(self) -> UserId: ...

    @property
    def roles(self) -> frozenset[AnyRole]: ...

    @property
    def verified_key(self) -> str | None:
        """Of the account's address, once its owner has shown that it is theirs."""


class Meetings:
    def __init__(self, database: Database, cached: Cached, sealer: Sealer, clock: Clock, random: Random) -> None:
        self._database = database
        self._cached = cached
        self._sealer = sealer
        self._clock = clock
        self._random = random

    async def create(
        self, owner: UserId, owner_name: str, wish: NewMeeting, invitees: Sequence[Invitee] = ()
    ) -> Meeting:
        """The meeting, with its room. `invitees` are the wish's, made ready. Raises BadMessage, NotSupported."""
        if wish.rrule:
            raise NotSupported("rrule cannot be set on this server yet")
        now = self._clock.now()
        id_ = MeetingId(self._random.id())
        made = Meeting(
            id=id_,
            owner_id=owner,
            title=clean_name(wish.title, "title"),
            description=wish.description,
            starts_at=checked_time(wish.starts_at, "starts_at"),
            duration_min=wish.duration_min,
            timezone=check_zone(wish.timezone),
            settings=self._settings(id_, wish.settings, {}),
            version=1,
            created_at=now,
            updated_at=now,
            room_id=RoomId(self._random.id()),
            owner_name=owner_name,
        )

        async def add(connection: AsyncConnection) -> None:
            await store.insert_with_room(connection, made)
            await guest_store.insert_invitees(connection, id_, invitees)

        await self._database.run(add)
        return made

    async def find(self, id_: MeetingId, viewer: Viewer | None = None) -> Meeting:
        """For the door: whoever has the id may ask to join. The meeting as of less than limits.CACHE_LOCAL_S ago, but
        what the viewer is invited as, as of now. Raises NotFound."""
        found = await self._cached.read(keys.meeting(id_), Meeting, lambda: store.read(self._database, id_))
        invited = None
        if viewer is not None and viewer.verified_key is not None and (found is None or viewer.user != found.owner_id):
            # Also where there is no such meeting: it takes as long as where the viewer may not see it.
            invited = await store.role_invited_with(self._database, id_, viewer.verified_key)
        if found is None:
            raise NotFound("there is no such meeting")
        return found if invited is None else replace(found, invited=invited)

    async def door(self, id_: MeetingId) -> Door:
        """What whoever has the meeting's link may know before joining. Raises NotFound."""

        async def load() -> Door | None:
            found = await store.read(self._database, id_)  # a copy of a copy would be twice as old
            return None if found is None else Door(found.title, found.owner_name, needs(found.settings))

        door = await self._cached.read(keys.door(id_), Door, load)
        if door is None:
            raise NotFound("there is no such meeting")
        return door

    async def read(self, viewer: Viewer, id_: MeetingId) -> Meeting:
        """Raises NotFound, also where the viewer may not see it."""
        return await self.find_for(viewer, id_, "meetings.read")

    async def find_for(self, viewer: Viewer, id_: MeetingId, action: str) -> Meeting:
        """The meeting, if the viewer may do this to it. Raises NotFound, also where they may not see it; Forbidden."""
        found = await self.find(id_, viewer)
        check(viewer, found, action)
        return found

    async def list_own(self, owner: UserId, limit: int, cursor: str | None) -> tuple[list[Meeting], str | None]:
        """A page, newest first, and the cursor of the next one. Raises BadMessage for a cursor that is none."""
        if cursor is not None or limit != limits.PAGE_USUAL_ITEMS:
            return await self._page(owner, limit, cursor)

        async def load() -> FirstPage:
            return FirstPage(*await self._page(owner, limit, None))

        first = await self._cached.read(keys.meetings_of(owner), FirstPage, load)
        assert first is not None
        return first.meetings, first.following

    async def _page(self, owner: UserId, limit: int, cursor: str | None) -> tuple[list[Meeting], str | None]:
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
            before = await self.for_change(connection, viewer, id_, version, "meetings.update")
            columns = self._changed(before, patch)
            if columns:
                columns |= {"version": before.version + 1, "updated_at": self._clock.now()}
                await store.update_columns(connection, id_, **columns)
            after = await store.locked(connection, id_, viewer.verified_key)
            assert after is not None
            return after

        return await self._database.run(change)

    async def check_change(self, viewer: Viewer, id_: MeetingId, version: int | None) -> Meeting:
        """Whether `remove` would be granted: to be asked before the live room is ended."""
        found = await self.find_for(viewer, id_, "meetings.delete")
        if version is not None and version != found.version:
            raise VersionConflict("the meeting was changed meanwhile")
        return found

    async def remove(self, viewer: Viewer, id_: MeetingId, version: int | None) -> None:
        """With its room and all that happened there. Raises NotFound, VersionConflict."""

        async def change(connection: AsyncConnection) -> None:
            await self.for_change(connection, viewer, id_, version, "meetings.delete")
            await store.remove(connection, id_)

        await self._database.run(change)

    async def for_change(
        self, connection: AsyncConnection, viewer: Viewer, id_: MeetingId, version: int | None, action: str
    ) -> Meeting:
        """As `find_for`, within a unit of work. Raises VersionConflict as well."""
        found = await store.locked(connection, id_, viewer.verified_key)
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
            columns["starts_at"] = checked_time(patch.starts_at, "starts_at")
        if patch.duration_min is not UNSET:
            columns["duration_min"] = patch.duration_min
        if patch.timezone is not UNSET:
            columns["timezone"] = check_zone(patch.timezone)
        if patch.settings is not UNSET:
            wish = patch.settings
            columns["settings"] = {} if wish is None else self._settings(before.id, wish, before.settings)
        return {name: value for name, value in columns.items() if value != getattr(before, name)}

    def _settings(self, id_: MeetingId, wish: SettingsWish, before: dict[str, Any]) -> dict[str, Any]:
        return with_passcode(self._sealer, id_, stored(wish, before), wish.passcode)


def roles_in(viewer: Viewer, meeting: Meeting) -> frozenset[AnyRole]:
    """All roles that the viewer has towards this meeting, as `find` found it for them."""
    own: set[AnyRole] = {"host"} if viewer.user == meeting.owner_id else set()
    if meeting.invited is not None:
        own.add(meeting.invited)
    return viewer.roles | own


def check(viewer: Viewer, meeting: Meeting, action: str) -> None:
    """Raises NotFound where the viewer may not even see the meeting, Forbidden where they may not do this."""
    roles = roles_in(viewer, meeting)
    if not may(roles, "meetings.read"):
        raise NotFound("there is no such meeting")
    if not may(roles, action):
        raise Forbidden("your role in this meeting does not allow this")


def checked_time(at: datetime | None, what: str) -> datetime | None:
    """In UTC. Raises BadMessage where not every zone and database could say it."""
    if at is None:
        return None
    if not FIRST_TIME <= at < LAST_TIME:
        raise BadMessage(f"{what} must be between {FIRST_TIME.year} and {LAST_TIME.year}")
    return at.astimezone(UTC)
