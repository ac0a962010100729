"""What shards say to each other over links: what an edge and an owner say in one process (actors/envelopes.py), with
the room's name in place of the objects, and calls with their answers.
"""

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Raw, Struct

from meetserver.actors import envelopes
from meetserver.actors.envelopes import Generation, LinkId
from meetserver.errors import Refusal
from meetserver.ids import ParticipantId, RoomId, SessionId, ShardId
from meetserver.messages import Role
from meetserver.ports import RoomStatus, ShardStatus
from meetserver.presence.messages import Set as SetPresence
from meetserver.rooms.messages import Join

EndReason: TypeAlias = Literal["moved", "stale", "gone", "quarantined", "slept"]


class _Parcel(Struct, frozen=True, array_like=True, tag=True, tag_field="parcel"):
    pass


# --- from an edge to the room's owner


class Attach(_Parcel, frozen=True):
    """Asks for Attached or NotOwner. `attempt` stands in the answer too; `is_sent`: its last owner sent it here."""

    room: RoomId
    attempt: int
    is_sent: bool = False


class Detach(_Parcel, frozen=True):
    """Nobody is at this edge any more."""

    room: RoomId


class Reattach(_Parcel, frozen=True):
    room: RoomId
    links: dict[LinkId, tuple[SessionId, Generation]]
    waiting: frozenset[LinkId]
    shown: dict[LinkId, SetPresence]


class OpenByTicket(_Parcel, frozen=True):
    room: RoomId
    link: LinkId
    command_id: int | str
    join: Join
    token: str
    ticket: str
    address: str
    auth_session: str | None


class OpenByResume(_Parcel, frozen=True):
    room: RoomId
    link: LinkId
    command_id: int | str
    session: SessionId
    token: str
    epoch: int
    seq: int
    address: str


class Said(_Parcel, frozen=True):
    """A command of a session; `data` as rooms.catalog.decode_command reads it."""

    room: RoomId
    link: LinkId
    session: SessionId
    participant: ParticipantId
    command_id: int | str
    number: int
    type: str
    data: bytes
    txn: str | None


class Gone(_Parcel, frozen=True):
    """A socket is (envelopes.Detached)."""

    room: RoomId
    link: LinkId
    session: SessionId
    bye: bool


# --- from the owner to an edge


class Attached(_Parcel, frozen=True):
    """The owner hears this edge from now on."""

    room: RoomId
    attempt: int


class NotOwner(_Parcel, frozen=True):
    """The edge looks elsewhere: with `owner` if that is known. Also says that the room is gone, or rests."""

    room: RoomId
    attempt: int
    reason: EndReason
    owner: ShardId | None


class Restarted(_Parcel, frozen=True):
    """The room began anew where it was: say who is here, and what has no answer."""

    room: RoomId


class Ended(_Parcel, frozen=True):
    """The room is not here any more."""

    room: RoomId
    reason: EndReason
    owner: ShardId | None


class Level(_Parcel, frozen=True):
    """envelopes.Edge.attached: what was before `seq` stands in the log."""

    room: RoomId
    epoch: int
    seq: int


class Opened(_Parcel, frozen=True):
    room: RoomId
    link: LinkId
    hello: envelopes.Hello
    is_admission: bool


class Refused(_Parcel, frozen=True):
    room: RoomId
    link: LinkId
    refusal: Refusal


class Replied(_Parcel, frozen=True):
    room: RoomId
    link: LinkId
    command_id: int | str
    number: int
    reply: bytes


Frame: TypeAlias = tuple[int, int, datetime, ParticipantId, bytes, tuple[ParticipantId, ...] | None, bool]
"""The fields of envelopes.LiveFrame."""


class Durable(_Parcel, frozen=True):
    room: RoomId
    frames: list[Frame]


class Ephemeral(_Parcel, frozen=True):
    room: RoomId
    epoch: int
    frame: bytes
    author: ParticipantId
    key: str | None


class Direct(_Parcel, frozen=True):
    room: RoomId
    link: LinkId
    frame: bytes


class Closed(_Parcel, frozen=True):
    room: RoomId
    link: LinkId
    refusal: Refusal


# --- calls


class RoomCommand(_Parcel, frozen=True):
    """A service's command (ports.Rooms.ask); answered by a RoomReply."""

    room: RoomId
    type: str
    data: bytes
    role: Role
    by: ParticipantId | None = None


class AdmitQuestion(_Parcel, frozen=True):
    """ports.Rooms.would_admit; answered by a Refusal or null."""

    room: RoomId
    join: Join
    address: str


class StatusQuestion(_Parcel, frozen=True):
    """Answered by a Status."""


class Order(_Parcel, frozen=True):
    """An operator's: drain the shard; move a room, put it to sleep, or to rest."""

    what: Literal["drain", "move", "sleep", "rest"]
    room: RoomId
    shard: ShardId


class Status(Struct, frozen=True, array_like=True):
    shard: ShardStatus
    rooms: list[RoomStatus]


Asked: TypeAlias = RoomCommand | AdmitQuestion | StatusQuestion | Order


class Call(_Parcel, frozen=True):
    """Asks for one Answer of the same number."""

    number: int
    asked: Asked


class Answer(_Parcel, frozen=True):
    """`data` is msgpack; `is_elsewhere`: nothing was done, for the room is not this shard's."""

    number: int
    data: Raw = Raw(b"\xc0")
    refusal: Refusal | None = None
    is_elsewhere: bool = False


ToRoom: TypeAlias = Reattach | OpenByTicket | OpenByResume | Said | Gone
"""For the room, once its edge is attached."""

ToEdge: TypeAlias = Restarted | Ended | Level | Opened | Refused | Replied | Durable | Ephemeral | Direct | Closed
"""For the edge, from the owner that it is attached to."""

Parcel: TypeAlias = Attach | Detach | Attached | NotOwner | ToRoom | ToEdge | Call | Answer

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Parcel)
encode = _encoder.encode


def decode(data: bytes | Raw) -> Parcel:
    """Raises msgspec.ValidationError for what this release does not know."""
    parcel: Parcel = _decoder.decode(data)
    return parcel
