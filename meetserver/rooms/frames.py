"""What a connection says of itself: hello and its answers, pings, the end. What happens in rooms is in messages.py."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from meetserver import limits
from meetserver.chat.messages import Watermark
from meetserver.ids import ParticipantId, SessionId
from meetserver.messages import Command, Ephemeral, Role
from meetserver.presence.messages import ChangedLive as ChangedPresence


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
    """Answer to hello. With `recovered`, what came after the client's seq follows; else `snapshot` is all there is.
    Who is `waiting` gets neither."""

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
    marks: dict[ParticipantId, Watermark] | UnsetType = UNSET


class Entered(Ephemeral, frozen=True):
    """To whoever waited in the lobby, once they are let in: all there is as of `seq`. Events follow."""

    type: ClassVar[str] = "snapshot"
    state: Literal["joined"]
    role: Role
    epoch: int
    seq: int
    snapshot: Raw


class DurableOk(Struct, frozen=True, omit_defaults=True):
    """Answer to a command with a txn, after its commit."""

    seq: int
    at: str
    message_id: str | None = None
    version: str | None = None


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
