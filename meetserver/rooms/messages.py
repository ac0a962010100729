"""The room itself on the wire: coming and going, roles, the end. The union of all commands is in catalog.py."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from meetserver import limits
from meetserver.ids import ParticipantId, SessionId, UserId
from meetserver.messages import Command, DurableCommand, Ephemeral, Event, Role
from meetserver.presence.messages import ChangedLive as ChangedPresence

Id = Annotated[str, Meta(min_length=1, max_length=64)]
LeaveReason = Literal["bye", "timeout", "removed", "ended"]


class ResumePoint(Struct, frozen=True):
    """Where a client stood: its resume token and the last durable event it has applied."""

    token: Annotated[str, Meta(max_length=200)]
    epoch: Annotated[int, Meta(ge=0, le=2**53)]
    seq: Annotated[int, Meta(ge=0, le=2**53)]


class Hello(Command, frozen=True):
    """The first frame: a ticket from POST …/join, or a resume point."""

    type: ClassVar[str] = "hello"
    ticket: Annotated[str, Meta(max_length=4000)] | None = None
    resume: ResumePoint | None = None


class Ping(Command, frozen=True):
    type: ClassVar[str] = "ping"


class Bye(Command, frozen=True):
    """Leave at once: the session is released."""

    type: ClassVar[str] = "bye"


class SetRole(DurableCommand, frozen=True):
    """Host only. The last host cannot be taken away."""

    type: ClassVar[str] = "participant.set_role"
    participant: Id
    role: Role


class End(DurableCommand, frozen=True):
    """End the meeting for everybody (host, cohost)."""

    type: ClassVar[str] = "room.end"


class Join(DurableCommand, frozen=True):
    """Internal, from a ticket: never accepted from the wire."""

    type: ClassVar[str] = "participant.join"
    participant: ParticipantId
    session: SessionId
    name: str
    role: Role
    user: UserId | None = None


class Leave(DurableCommand, frozen=True):
    """Internal: a bye, a resume window that ran out, a removal."""

    type: ClassVar[str] = "participant.leave"
    participant: ParticipantId
    reason: LeaveReason


class Participant(Struct, frozen=True, omit_defaults=True):
    """Somebody in the room, as events and snapshots show them. `user` is the account, None for a guest."""

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


class Joined(Event, frozen=True):
    type: ClassVar[str] = "participant.joined"
    participant: Participant


class Left(Event, frozen=True):
    type: ClassVar[str] = "participant.left"
    participant: ParticipantId
    reason: LeaveReason


class RoleSet(Event, frozen=True):
    type: ClassVar[str] = "participant.role_set"
    participant: ParticipantId
    role: Role


class Ended(Event, frozen=True):
    type: ClassVar[str] = "room.ended"


class Settings(Struct, frozen=True, omit_defaults=False):
    """What a meeting's settings are to the room that holds it."""

    chat: bool = True
    whiteboard: bool = True
    media: Literal["auto", "mesh"] = "auto"
    max_participants: Annotated[int, Meta(ge=1, le=limits.ROOM_MEMBERS)] = 100


class Configure(DurableCommand, frozen=True):
    """Internal: title and settings as the calendar entry has them."""

    type: ClassVar[str] = "room.configure"
    title: str
    settings: Settings


class Changed(Event, frozen=True):
    type: ClassVar[str] = "room.changed"
    title: str
    settings: Settings


class WelcomeLimits(Struct, frozen=True):
    frame_bytes: int = limits.FRAME_BYTES
    hello_timeout_s: float = limits.HELLO_TIMEOUT_S
    ping_s: float = limits.PING_S
    send_queue_bytes: int = limits.SEND_QUEUE_BYTES


class Welcome(Ephemeral, frozen=True):
    """The server's first frame."""

    type: ClassVar[str] = "welcome"
    protocol: str
    server: str
    shard: str
    features: list[str]
    limits: WelcomeLimits


class HelloOk(Struct, frozen=True, omit_defaults=False):
    """Answer to hello. With `recovered`, what came after the client's seq follows; else `snapshot` is all there is."""

    session: SessionId
    participant: ParticipantId
    resume_token: str
    role: Role
    state: Literal["joined", "waiting"]
    epoch: int
    seq: int
    recovered: bool
    snapshot: Raw | UnsetType = UNSET
    presence: list[ChangedPresence] | UnsetType = UNSET
    marks: dict[str, int] | UnsetType = UNSET


class DurableOk(Struct, frozen=True, omit_defaults=True):
    """Answer to a command with a txn, after its commit."""

    seq: int
    at: str
    message_id: str | None = None


class PingOk(Struct, frozen=True):
    at: str


class Drain(Ephemeral, frozen=True):
    """The shard closes soon: come back after this long, plus some chance, and resume."""

    type: ClassVar[str] = "drain"
    retry_after_ms: int


class Quarantined(Ephemeral, frozen=True):
    """The room failed again and again and rests until an operator releases it."""

    type: ClassVar[str] = "room.quarantined"
    message: str
