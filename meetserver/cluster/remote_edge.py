"""An edge in another shard, as a room here sees it."""

from collections.abc import Callable

from meetserver.actors import envelopes
from meetserver.actors.envelopes import LinkId, LiveFrame
from meetserver.cluster import parcels
from meetserver.cluster.link import Link
from meetserver.cluster.local_ref import LocalRef
from meetserver.cluster.parcels import EndReason
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId, RoomId, ShardId


class RemoteEdge:
    """Implements `envelopes.Edge`, and what a LocalRef tells its watchers."""

    def __init__(self, room: RoomId, link: Link, ref: LocalRef, forget: Callable[["RemoteEdge"], None]) -> None:
        self.room = room
        self.link = link
        self.ref = ref
        self._forget = forget

    # --- from the room

    def attached(self, epoch: int, seq: int, tail: list[LiveFrame]) -> None:
        """Without the tail: few edges need it, and they have the log."""
        self.link.send(parcels.Level(self.room, epoch, seq))

    def opened(self, link: LinkId, hello: envelopes.Hello) -> None:
        self.link.send(parcels.Opened(self.room, link, hello, is_admission=False))

    def admitted(self, link: LinkId, hello: envelopes.Hello) -> None:
        self.link.send(parcels.Opened(self.room, link, hello, is_admission=True))

    def refused(self, link: LinkId, refusal: Refusal) -> None:
        self.link.send(parcels.Refused(self.room, link, refusal))

    def replied(self, link: LinkId, command_id: int | str, number: int, reply: bytes) -> None:
        self.link.send(parcels.Replied(self.room, link, command_id, number, reply))

    def durable(self, frames: list[LiveFrame]) -> None:
        self.link.send(parcels.Durable(self.room, [_fields(frame) for frame in frames]))

    def ephemeral(self, epoch: int, frame: bytes, author: ParticipantId, key: str | None) -> None:
        self.link.send(parcels.Ephemeral(self.room, epoch, frame, author, key))

    def direct(self, link: LinkId, frame: bytes) -> None:
        self.link.send(parcels.Direct(self.room, link, frame))

    def closed(self, link: LinkId, refusal: Refusal) -> None:
        self.link.send(parcels.Closed(self.room, link, refusal))

    # --- from its LocalRef

    def owner_restarted(self) -> None:
        self.link.send(parcels.Restarted(self.room))

    def owner_ended(self, reason: EndReason, owner: ShardId | None) -> None:
        self._forget(self)
        self.link.send(parcels.Ended(self.room, reason, owner))


def _fields(frame: LiveFrame) -> parcels.Frame:
    return (frame.epoch, frame.seq, frame.at, frame.by, frame.frame, frame.to, frame.erases)


def live_frame(fields: parcels.Frame) -> LiveFrame:
    return LiveFrame(*fields)
