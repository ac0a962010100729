"""What the server says, as types: replies, durable and ephemeral events, and the moment of (re)attaching.

Events decode into the classes of */messages by their type; one that this client does not know, because the
server is newer, is `Unknown` and no error.
"""

import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from meetserver import wire
from meetserver.chat import messages as chat
from meetserver.client.errors import ProtocolViolation, WireRefusal
from meetserver.messages import Command, Ephemeral, Event, Role
from meetserver.presence import messages as presence
from meetserver.rooms import messages as rooms
from meetserver.signaling import messages as signaling
from meetserver.whiteboard import messages as whiteboard

T = TypeVar("T")


class Incoming(Struct, frozen=True):
    """Any frame of the server; which fields are set says which kind it is."""

    re: int | str | UnsetType | None = UNSET
    ok: Raw | UnsetType = UNSET
    error: WireRefusal | UnsetType = UNSET
    type: str = ""
    epoch: int = 0
    seq: int = 0
    at: str = ""
    by: str = ""
    data: Raw = Raw(b"{}")


class Unknown(Struct, frozen=True):
    """Data of an event type that this client does not know."""

    data: dict[str, Any]


class DurableEvent(Struct, frozen=True):
    """An entry of the room's log. `at` is RFC 3339 in UTC; `raw` is `data` as it came, JSON."""

    type: str
    epoch: int
    seq: int
    at: str
    by: str
    data: Event | Unknown
    raw: bytes


class EphemeralEvent(Struct, frozen=True):
    """A fact that does not last; newer ones may have replaced older ones on the way."""

    type: str
    by: str
    data: Ephemeral | Unknown


class Attached(Struct, frozen=True):
    """The client is in the room, at `seq`, for the first time or again.

    With `recovered` nothing was missed: every event since the last one follows, and `presence` (JSON) says what is not
    in the log. Else `snapshot` (JSON) replaces whatever was known; it is empty for who waits in the lobby.
    `is_resumed`: this was not the first time.
    """

    epoch: int
    seq: int
    recovered: bool
    is_resumed: bool
    snapshot: bytes = b""
    presence: bytes = b""


RoomEvent: TypeAlias = Attached | DurableEvent | EphemeralEvent


class Welcome(Struct, frozen=True):
    """First frame of a socket."""

    protocol: str
    server: str = ""
    shard: str = ""
    features: tuple[str, ...] = ()
    limits: dict[str, float] = {}


class HelloOk(Struct, frozen=True):
    """The ok to a hello: who the client is here, and where it stands in the room's log."""

    session: str
    participant: str
    resume_token: str
    role: Role
    epoch: int
    seq: int
    recovered: bool
    state: str = "joined"
    snapshot: Raw = Raw(b"")
    presence: Raw = Raw(b"")

    @property
    def snapshot_json(self) -> bytes:
        """Empty when there is none."""
        return _present(self.snapshot)

    @property
    def presence_json(self) -> bytes:
        """Empty when there is none."""
        return _present(self.presence)


class Admitted(Struct, frozen=True):
    """Data of the `snapshot` frame that ends the waiting in a lobby."""

    epoch: int
    seq: int
    role: Role
    snapshot: Raw
    state: str = "joined"


class Drain(Struct, frozen=True):
    """Data of the `drain` frame: come back no sooner than this."""

    retry_after_ms: float = 0


_decoder = msgspec.json.Decoder(Incoming)
_MODULES = (rooms, presence, chat, whiteboard, signaling)


def _classes(base: type[T], modules: tuple[ModuleType, ...]) -> dict[str, msgspec.json.Decoder[T]]:
    return {
        value.type: msgspec.json.Decoder(value)  # type: ignore[attr-defined]
        for module in modules
        for _, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, base) and value.type  # type: ignore[attr-defined]
    }


_durable = _classes(Event, _MODULES)
_ephemeral = _classes(Ephemeral, _MODULES)
_unknown = msgspec.json.Decoder(dict[str, Any])


def _present(value: Raw) -> bytes:
    return b"" if bytes(value) == b"null" else bytes(value)


def decode_frame(frame: str | bytes) -> Incoming:
    """Raises ProtocolViolation."""
    try:
        return _decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ProtocolViolation(f"a frame that cannot be read: {error}") from error


def decode_data(data: Raw, into: type[T]) -> T:
    """Raises ProtocolViolation."""
    try:
        return msgspec.json.decode(data, type=into)
    except msgspec.DecodeError as error:
        raise ProtocolViolation(f"{into.__name__} that cannot be read: {error}") from error


def durable_event(frame: Incoming) -> DurableEvent:
    """Raises ProtocolViolation."""
    data = _decode_event(frame, _durable)
    return DurableEvent(frame.type, frame.epoch, frame.seq, frame.at, frame.by, data, bytes(frame.data))


def ephemeral_event(frame: Incoming) -> EphemeralEvent:
    """Raises ProtocolViolation."""
    return EphemeralEvent(frame.type, frame.by, _decode_event(frame, _ephemeral))


def _decode_event(frame: Incoming, decoders: Mapping[str, msgspec.json.Decoder[Any]]) -> Any:
    try:
        if frame.type in decoders:
            return decoders[frame.type].decode(frame.data)
        return Unknown(_unknown.decode(frame.data))
    except msgspec.DecodeError as error:
        raise ProtocolViolation(f"{frame.type} that cannot be read: {error}") from error


def command_frame(command_id: int | str, command: Command, txn: str | None) -> bytes:
    """A command as it goes to the server."""
    frame: dict[str, Any] = {"id": command_id, "type": command.type, "data": command}
    if txn is not None:
        frame["txn"] = txn
    return wire.encode(frame)


def needs_txn(command: Command) -> bool:
    """Whether it changes durable state; for some the fields decide."""
    return command.durable or bool(getattr(command, "is_durable", False))
