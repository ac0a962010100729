"""Presence on the wire. A raised hand and a shared screen are durable; microphone, camera and status are not."""

from typing import Annotated, ClassVar

from msgspec import Meta

from meetserver import limits
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Ephemeral, Event


class Set(Command, frozen=True):
    """What the sender's client does now; a field left out stays. With `hand` or `screen` it needs a txn."""

    type: ClassVar[str] = "presence.set"
    audio: bool | None = None
    video: bool | None = None
    screen: bool | None = None
    hand: bool | None = None
    status: Annotated[str, Meta(max_length=limits.STATUS_CHARS)] | None = None

    @property
    def is_durable(self) -> bool:
        return self.hand is not None or self.screen is not None

    @property
    def is_live(self) -> bool:
        """Whether it has a part that need not last; one that says nothing has."""
        return not self.is_durable or (self.audio, self.video, self.status) != (None, None, None)


class Changed(Event, frozen=True):
    """Hand or screen of a participant."""

    type: ClassVar[str] = "presence.changed"
    participant: ParticipantId
    hand: bool | None = None
    screen: bool | None = None


class ChangedLive(Ephemeral, frozen=True):
    """Microphone, camera, status, or away (the socket dropped; the place is kept) of a participant."""

    type: ClassVar[str] = "presence.changed"
    participant: ParticipantId
    audio: bool | None = None
    video: bool | None = None
    status: str | None = None
    away: bool | None = None
