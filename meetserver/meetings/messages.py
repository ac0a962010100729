"""Meetings on the wire: what the /meetings calls take and answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from meetserver import limits
from meetserver.messages import Role
from meetserver.names import LINE_PATTERN, TEXT_PATTERN
from meetserver.network.rules import IpRule

Title = Annotated[str, Meta(min_length=1, max_length=limits.TITLE_CHARS, pattern=LINE_PATTERN)]
Description = Annotated[str, Meta(max_length=limits.DESCRIPTION_CHARS, pattern=TEXT_PATTERN)]
StartsAt = Annotated[datetime, Meta(tz=True, description="RFC 3339, with an offset")]
Minutes = Annotated[int, Meta(ge=1, le=limits.MEETING_MINUTES)]
TimeZone = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_+\-/]+$", description="IANA name")]
MediaMode = Literal["auto", "mesh"]
ChatMode = Literal["all", "hosts"]
WhiteboardMode = Literal["all", "some", "host"]
KeptDays = Annotated[
    int, Meta(ge=1, le=36_500, description="Files go after so many days; the server's setting may be shorter")
]
RetentionDays = Annotated[
    int,
    Meta(
        ge=1,
        le=limits.RETENTION_DAYS,
        description="What happened, and was said, goes after so many days; the server's setting may be shorter",
    ),
]
Passcode = Annotated[str, Meta(max_length=limits.PASSCODE_CHARS)]
PersonName = Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS, pattern=LINE_PATTERN)]
Address = Annotated[str, Meta(max_length=limits.EMAIL_CHARS)]
LinkRole = Literal["participant", "viewer"]
Need = Literal["passcode", "sign_in", "invitation"]


class Settings(Struct, frozen=True, kw_only=True):
    """All settings of a meeting. Those that this server cannot keep yet stand at the one value that it can."""

    lobby: bool = False
    passcode: str | None = None
    locked: bool = False
    only_signed_in: bool = False
    only_invited: bool = False
    chat: bool = True
    chat_mode: ChatMode = "all"
    chat_private: bool = True
    chat_slow_s: Annotated[int, Meta(ge=0, le=limits.CHAT_SLOW_S)] = 0
    chat_search: bool = True
    whiteboard: bool = True
    whiteboard_mode: WhiteboardMode = "all"
    recording: bool = False
    e2ee: bool = False
    media: MediaMode = "auto"
    max_participants: Annotated[int, Meta(ge=1, le=limits.ROOM_MEMBERS)] = 100
    files_kept_days: int | None = None
    retention_days: int | None = None
    ip_rules: tuple[IpRule, ...] = ()


class SettingsWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings to change; null sets one back to its default."""

    lobby: bool | UnsetType | None = UNSET
    passcode: Passcode | UnsetType | None = UNSET
    locked: bool | UnsetType | None = UNSET
    only_signed_in: bool | UnsetType | None = UNSET
    only_invited: bool | UnsetType | None = UNSET
    chat: bool | UnsetType | None = UNSET
    chat_mode: ChatMode | UnsetType | None = UNSET
    chat_private: bool | UnsetType | None = UNSET
    chat_slow_s: Annotated[int, Meta(ge=0, le=limits.CHAT_SLOW_S)] | UnsetType | None = UNSET
    chat_search: bool | UnsetType | None = UNSET
    whiteboard: bool | UnsetType | None = UNSET
    whiteboard_mode: WhiteboardMode | UnsetType | None = UNSET
    recording: bool | UnsetType | None = UNSET
    e2ee: bool | UnsetType | None = UNSET
    media: Annotated[str, Meta(max_length=32, description="`auto` or `mesh`")] | UnsetType | None = UNSET
    max_participants: Annotated[int, Meta(ge=1, le=limits.ROOM_MEMBERS)] | UnsetType | None = UNSET
    files_kept_days: KeptDays | UnsetType | None = UNSET
    retention_days: RetentionDays | UnsetType | None = UNSET
    ip_rules: Annotated[tuple[IpRule, ...], Meta(max_length=limits.MEETING_IP_RULES)] | UnsetType | None = UNSET


class NewInvitee(Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever has an account with this address, verified, has this role in the meeting."""

    email: Address
    name: PersonName | None = None
    role: Role = "participant"


class InviteePatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: PersonName | UnsetType | None = UNSET
    role: Role | UnsetType = UNSET


class InviteeShown(Struct, frozen=True, kw_only=True):
    id: str
    email: str
    name: str | None
    role: Role
    state: Literal["pending"] = "pending"
    """What became of the invitation."""
    created_at: str


class InviteePage(Struct, frozen=True):
    items: list[InviteeShown]
    next: str | None


class NewLink(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest link: whoever has it needs neither passcode nor invitation. `max_uses`: so many joins, then no more."""

    label: Annotated[str, Meta(max_length=limits.NAME_CHARS, pattern=TEXT_PATTERN)] = ""
    role: LinkRole = "participant"
    skips_lobby: bool = False
    max_uses: Annotated[int, Meta(ge=1, le=limits.GUEST_LINK_USES)] | None = None
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class LinkShown(Struct, frozen=True, kw_only=True):
    id: str
    url: str
    label: str
    role: LinkRole
    skips_lobby: bool
    max_uses: int | None
    uses: int
    created_at: str
    expires_at: str | None


class LinkPage(Struct, frozen=True):
    items: list[LinkShown]
    next: str | None


class NewMeeting(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: Title
    description: Description = ""
    starts_at: StartsAt | None = None
    duration_min: Minutes | None = None
    timezone: TimeZone | None = None
    rrule: Annotated[str, Meta(max_length=1000)] | None = None
    settings: SettingsWish = SettingsWish()
    invitees: Annotated[list[NewInvitee], Meta(max_length=limits.INVITEES)] = []


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
    """A meeting as its hosts and cohosts see it."""

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


class MeetingListed(MeetingShown, frozen=True, kw_only=True):
    """`people`: how many are in its room, as of a few seconds ago; null while nobody can say."""

    people: int | None


class MeetingPage(Struct, frozen=True):
    items: list[MeetingListed]
    next: str | None


class Door(Struct, frozen=True):
    """What anybody with the meeting's link may know before joining."""

    title: str
    host_name: str
    needs: list[Need]
    """What is asked of whoever comes: a guest link does for passcode and invitation."""


class JoinWish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guest says a name; a user may say another than the account's."""

    name: PersonName | None = None
    passcode: Passcode | None = None
    link: Annotated[str, Meta(max_length=64, description="The secret at the end of a guest link")] | None = None


class Media(Struct, frozen=True):
    mode: Literal["mesh"]


class Admission(Struct, frozen=True):
    """A ticket for the room's socket: single use, short-lived."""

    ticket: str
    ws_url: str
    room_id: str
    ice_servers: list[dict[str, Any]]
    media: Media
