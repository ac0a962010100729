"""Presence on the wire. A raised hand and a shared screen are durable; microphone, camera and status are not."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from meetserver import limits
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Ephemeral, Event


class Pen(Struct, frozen=True, omit_defaults=True):
    """What somebody has in hand at the whiteboard, and which page they look at."""

    tool: Annotated[str, Meta(max_length=32)] = ""
    color: Annotated[str, Meta(max_length=32)] = ""
    width: Annotated[float, Meta(ge=0, le=limits.BOARD_PEN_WIDTH)] = 0
    page: Annotated[str, Meta(max_length=32)] = ""


class Set(Command, frozen=True):
    """What the sender's client does now; a field left out stays. With `hand` or `screen` it needs a txn."""

    type: ClassVar[str] = "presence.set"
    audio: bool | None = None
    video: bool | None = None
    screen: bool | None = None
    hand: bool | None = None
    status: Annotated[str, Meta(max_length=limits.STATUS_CHARS)] | None = None
    board: Pen | None = None

    @property
    def is_durable(self) -> bool:
        return self.hand is not None or self.screen is not None

    @property
    def is_live(self) -> bool:
        """Whether it has a part that need not last; one that says nothing has."""
        return not self.is_durable or (self.audio, self.video, self.status, self.board) != (None,) * 4


class Changed(Event, frozen=True):
    """Hand or screen of a participant."""

    type: ClassVar[str] = "presence.changed"
    participant: ParticipantId
    hand: bool | None = None
    screen: bool | None = None


class ChangedLive(Ephemeral, frozen=True):
    """Microphone, camera, status, the pen in hand, or away (the socket dropped; the place is kept) of a participant."""

    type: ClassVar[str] = "presence.changed"
    participant: ParticipantId
    audio: bool | None = None
    video: bool | None = None
    status: str | None = None
    away: bool | None = None
    board: Pen | None = None
