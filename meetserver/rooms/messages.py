"""The room itself on the wire: coming and going, roles, the end. The union of all commands is in catalog.py, what is
about a connection in frames.py."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from meetserver import limits
from meetserver.access import ServerRole
from meetserver.ids import ParticipantId, SessionId, UserId
from meetserver.messages import DurableCommand, Event, Role
from meetserver.network.rules import IpRule
from meetserver.presence.messages import Pen

Id = Annotated[str, Meta(min_length=1, max_length=64)]
MaxParticipants = Annotated[int, Meta(ge=1, le=limits.ROOM_MEMBERS)]
MediaKind = Literal["audio", "video", "screen"]
ChatMode = Literal["all", "hosts"]
WhiteboardMode = Literal["all", "some", "host"]
ChatSlow = Annotated[int, Meta(ge=0, le=limits.CHAT_SLOW_S)]
RetentionDays = Annotated[int, Meta(ge=1, le=limits.RETENTION_DAYS)]
LeaveReason = Literal["bye", "timeout", "removed", "ended", "signed_out"]


class SetRole(DurableCommand, frozen=True):
    """Host only. The last host cannot be taken away."""

    type: ClassVar[str] = "participant.set_role"
    participant: Id
    role: Role


class LetDraw(DurableCommand, frozen=True):
    """Where `whiteboard_mode` is "some": let this participant draw, or no more. It ends when they leave."""

    type: ClassVar[str] = "participant.let_draw"
    participant: Id
    on: bool = True


class End(DurableCommand, frozen=True):
    """End the meeting for everybody (host, cohost)."""

    type: ClassVar[str] = "room.end"


class Lock(DurableCommand, frozen=True):
    """Let nobody else in but hosts and cohosts, or again everybody."""

    type: ClassVar[str] = "room.lock"
    locked: bool = True


class ChangeSettings(DurableCommand, frozen=True):
    """Change these for this room, until the calendar entry changes the same ones; what is left out stays."""

    type: ClassVar[str] = "room.settings"
    lobby: bool | None = None
    locked: bool | None = None
    chat: bool | None = None
    chat_mode: ChatMode | None = None
    chat_private: bool | None = None
    chat_slow_s: ChatSlow | None = None
    whiteboard: bool | None = None
    whiteboard_mode: WhiteboardMode | None = None
    max_participants: MaxParticipants | None = None


class Admit(DurableCommand, frozen=True):
    """Let somebody in who waits in the lobby, or with `all` everybody for whom there is a place."""

    type: ClassVar[str] = "participant.admit"
    participant: Id | None = None
    all: bool = False


class Deny(DurableCommand, frozen=True):
    """Send somebody away who waits in the lobby; they may ask again."""

    type: ClassVar[str] = "participant.deny"
    participant: Id


class Mute(DurableCommand, frozen=True):
    """Ask somebody's client to stop sending."""

    type: ClassVar[str] = "participant.mute"
    participant: Id
    kind: MediaKind = "audio"


class Remove(DurableCommand, frozen=True):
    """Send somebody out, in all their tabs; the same account or browser does not come in again."""

    type: ClassVar[str] = "participant.remove"
    participant: Id


class Ban(DurableCommand, frozen=True):
    """As a removal, and guests from their address do not come in either."""

    type: ClassVar[str] = "participant.ban"
    participant: Id


class Unban(DurableCommand, frozen=True):
    """Lift a ban, or what is left of a removal."""

    type: ClassVar[str] = "participant.unban"
    ban: Id


class Join(DurableCommand, frozen=True):
    """Internal, from a ticket: never accepted from the wire. `keys` tell this person from others; `roles` are those
    that they have in the whole server, at which rules about addresses look beside the one in the room."""

    type: ClassVar[str] = "participant.join"
    participant: ParticipantId
    session: SessionId
    name: str
    role: Role
    user: UserId | None = None
    keys: tuple[str, ...] = ()
    passes_lobby: bool = False
    roles: tuple[ServerRole, ...] = ()


class Leave(DurableCommand, frozen=True):
    """Internal: a bye, a resume window that ran out, an account's session that was ended."""

    type: ClassVar[str] = "participant.leave"
    participant: ParticipantId
    reason: LeaveReason


class Erase(DurableCommand, frozen=True):
    """Internal: an account and its data are erased, and this is who it was here."""

    type: ClassVar[str] = "participant.erase"
    participants: tuple[ParticipantId, ...]


class Expire(DurableCommand, frozen=True):
    """Internal: what happened up to this seq is not kept any longer."""

    type: ClassVar[str] = "room.expire"
    until: int


class Participant(Struct, frozen=True, omit_defaults=True):
    """Somebody in the room, as events and snapshots show them. `user` is the account, None for a guest; raised hands
    take their turns in the order of `hand_seq`. `may_draw`: where only some may; `board`: the tool in hand."""

    id: ParticipantId
    session: SessionId
    name: str
    role: Role
    joined_at: str
    user: UserId | None = None
    hand: bool = False
    hand_at: str | None = None
    screen: bool = False
    audio: bool = False
    video: bool = False
    status: str = ""
    away: bool = False
    hand_seq: int | None = None
    may_draw: bool = False
    board: Pen | None = None


class Joined(Event, frozen=True):
    type: ClassVar[str] = "participant.joined"
    participant: Participant


class Left(Event, frozen=True):
    """Out of the room, or out of its lobby."""

    type: ClassVar[str] = "participant.left"
    participant: ParticipantId
    reason: LeaveReason


class RoleSet(Event, frozen=True):
    type: ClassVar[str] = "participant.role_set"
    participant: ParticipantId
    role: Role


class DrawLet(Event, frozen=True):
    """Whether the participant draws where only some may."""

    type: ClassVar[str] = "participant.may_draw"
    participant: ParticipantId
    on: bool


class Waiting(Event, frozen=True):
    """Somebody asks to be let in; they stand last in the queue."""

    type: ClassVar[str] = "participant.waiting"
    participant: Participant


class Admitted(Event, frozen=True):
    """Out of the queue; `participant.joined` follows."""

    type: ClassVar[str] = "participant.admitted"
    participant: ParticipantId


class Denied(Event, frozen=True):
    """Out of the queue, and not let in."""

    type: ClassVar[str] = "participant.denied"
    participant: ParticipantId


class Muted(Event, frozen=True):
    """What an honest client does when it is its own participant: stop sending this."""

    type: ClassVar[str] = "participant.muted"
    participant: ParticipantId
    kind: MediaKind


class Removed(Event, frozen=True):
    """Sent out; `participant.left` follows for each of their sessions. `ban` is what lets them in again if lifted."""

    type: ClassVar[str] = "participant.removed"
    participant: ParticipantId
    ban: str


class Banned(Event, frozen=True):
    """Sent out for good; `participant.left` follows for each of their sessions."""

    type: ClassVar[str] = "participant.banned"
    participant: ParticipantId
    ban: str


class Unbanned(Event, frozen=True):
    """They may come in again."""

    type: ClassVar[str] = "participant.unbanned"
    ban: str


class Erased(Event, frozen=True):
    """These participants' names are `erased` from now on, and what they said is empty."""

    type: ClassVar[str] = "participant.erased"
    participants: tuple[ParticipantId, ...]


class Expired(Event, frozen=True):
    """Messages up to this seq are gone, with all that was said about them, and so is the log. The present stays: who is
    here, the settings, the board and its versions."""

    type: ClassVar[str] = "room.expired"
    until: int


class Bar(Struct, frozen=True):
    """Who must not come in again: whoever has one of these keys. `by` and `at` say who decided so, and when;
    `participant` who it was when they were sent away."""

    id: str
    name: str
    kind: Literal["removed", "banned"]
    keys: tuple[str, ...]
    by: ParticipantId
    at: str
    participant: ParticipantId = ParticipantId("")


class Barred(Event, frozen=True):
    """What a removal or a ban holds against, for the server alone."""

    type: ClassVar[str] = "participant.barred"
    internal: ClassVar[bool] = True
    bar: Bar


class Ended(Event, frozen=True):
    type: ClassVar[str] = "room.ended"


class Settings(Struct, frozen=True, omit_defaults=False):
    """What a meeting's settings are to the room that holds it. `chat_mode` "hosts": others only read;
    `chat_slow_s`: seconds between two messages of anybody but hosts and cohosts. `whiteboard_mode`: who draws beside
    hosts and cohosts: "all" but viewers, "some" (`participant.let_draw`), or with "host" nobody. `retention_days`: for
    how long what happens is kept. `chat_search`: whether the chat's past can be searched."""

    chat: bool = True
    chat_mode: ChatMode = "all"
    chat_private: bool = True
    chat_slow_s: ChatSlow = 0
    whiteboard: bool = True
    whiteboard_mode: WhiteboardMode = "all"
    media: Literal["auto", "mesh"] = "auto"
    max_participants: MaxParticipants = 100
    lobby: bool = False
    locked: bool = False
    only_signed_in: bool = False
    only_invited: bool = False
    e2ee: bool = False
    retention_days: RetentionDays | None = None
    chat_search: bool = True


class Configure(DurableCommand, frozen=True):
    """Internal: title, settings and address rules as the calendar entry has them."""

    type: ClassVar[str] = "room.configure"
    title: str
    settings: Settings
    ip_rules: tuple[IpRule, ...] = ()


class Changed(Event, frozen=True):
    """`settings` as they are now; `configured`, if it is there, as the calendar entry has them."""

    type: ClassVar[str] = "room.changed"
    title: str
    settings: Settings
    configured: Settings | None = None


class Guarded(Event, frozen=True):
    """The meeting's address rules, for the server alone."""

    type: ClassVar[str] = "room.guarded"
    internal: ClassVar[bool] = True
    ip_rules: tuple[IpRule, ...] = ()
