"""Meetings on the wire: what the /meetings calls take and answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from meetserver import limits
from meetserver.names import LINE_PATTERN, TEXT_PATTERN

Title = Annotated[str, Meta(min_length=1, max_length=limits.TITLE_CHARS, pattern=LINE_PATTERN)]
Description = Annotated[str, Meta(max_length=limits.DESCRIPTION_CHARS, pattern=TEXT_PATTERN)]
StartsAt = Annotated[datetime, Meta(tz=True, description="RFC 3339, with an offset")]
Minutes = Annotated[int, Meta(ge=1, le=limits.MEETING_MINUTES)]
TimeZone = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_+\-/]+$", description="IANA name")]
MediaMode = Literal["auto", "mesh"]


class Settings(Struct, frozen=True, kw_only=True):
    """All settings of a meeting. Those that this server cannot keep yet stand at the one value that it can."""

    lobby: bool = False
    passcode: str | None = None
    locked: bool = False
    only_signed_in: bool = False
    only_invited: bool = False
    chat: bool = True
    whiteboard: bool = True
    recording: bool = False
    e2ee: bool = False
    media: MediaMode = "auto"
    max_participants: Annotated[int, Meta(ge=1, le=limits.ROOM_MEMBERS)] = 100
    retention_days: int | None = None
    ip_rules: list[dict[str, Any]] = []


class SettingsWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings to change; null sets one back to its default."""

    lobby: bool | UnsetType | None = UNSET
    passcode: Annotated[str, Meta(max_length=200)] | UnsetType | None = UNSET
    locked: bool | UnsetType | None = UNSET
    only_signed_in: bool | UnsetType | None = UNSET
    only_invited: bool | UnsetType | None = UNSET
    chat: bool | UnsetType | None = UNSET
    whiteboard: bool | UnsetType | None = UNSET
    recording: bool | UnsetType | None = UNSET
    e2ee: bool | UnsetType | None = UNSET
    media: Annotated[str, Meta(max_length=32, description="`auto` or `mesh`")] | UnsetType | None = UNSET
    max_participants: Annotated[int, Meta(ge=1, le=limits.ROOM_MEMBERS)] | UnsetType | None = UNSET
    retention_days: Annotated[int, Meta(ge=1, le=36_500)] | UnsetType | None = UNSET
    ip_rules: Annotated[list[dict[str, Any]], Meta(max_length=100)] | UnsetType | None = UNSET


class Invitee(Struct, frozen=True, forbid_unknown_fields=True):
    email: Annotated[str, Meta(max_length=limits.EMAIL_CHARS)]
    name: Annotated[str, Meta(max_length=limits.NAME_CHARS)] | None = None
    role: Annotated[str, Meta(max_length=32)] | None = None


class NewMeeting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Title
    description: Description = ""
    starts_at: StartsAt | None = None
    duration_min: Minutes | None = None
    timezone: TimeZone | None = None
    rrule: Annotated[str, Meta(max_length=1000)] | None = None
    settings: SettingsWish = SettingsWish()
    invitees: Annotated[list[Invitee], Meta(max_length=1000)] = []


class MeetingPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7396): what is left out stays, null clears."""

    title: Title | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    starts_at: StartsAt | UnsetType | None = UNSET
    duration_min: Minutes | UnsetType | None = UNSET
    timezone: TimeZone | UnsetType | None = UNSET
    rrule: Annotated[str, Meta(max_length=1000)] | UnsetType | None = UNSET
    settings: SettingsWish | UnsetType | None = UNSET


class MeetingShown(Struct, frozen=True, kw_only=True):
    """A meeting as its owner sees it."""

    id: str
    room_id: str
    owner_id: str
    join_url: str
    title: str
    description: str
    starts_at: str | None
    duration_min: int | None
    timezone: str | None
    settings: Settings
    version: int
    created_at: str
    updated_at: str


class MeetingPage(Struct, frozen=True):
    items: list[MeetingShown]
    next: str | None


class Door(Struct, frozen=True):
    """What anybody with the meeting's link may know before joining."""

    title: str
    host_name: str
    needs: list[Literal["passcode", "sign_in", "invitation"]]


class JoinWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest says a name; a user may say another than the account's."""

    name: Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS, pattern=LINE_PATTERN)] | None = None
    passcode: Annotated[str, Meta(max_length=200)] | None = None


class Media(Struct, frozen=True):
    mode: Literal["mesh"]


class Admission(Struct, frozen=True):
    """A ticket for the room's socket: single use, short-lived."""

    ticket: str
    ws_url: str
    room_id: str
    ice_servers: list[dict[str, Any]]
    media: Media
