"""The envelope: how commands come in and how replies and events go out. One encoder, one place.

A command is decoded in one step into the tagged union that `command_decoder` builds; only when that fails
is it looked at again, to say what is wrong and with which `id`. See docs/protocol.md.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from meetserver import limits
from meetserver.errors import BadMessage, Refusal, UnknownType
from meetserver.messages import Command, Ephemeral, Event
from meetserver.messages import Meta as EventMeta

CommandId = Annotated[int, Meta(ge=-(2**53), le=2**53)] | Annotated[str, Meta(max_length=limits.COMMAND_ID_CHARS)]
Txn = Annotated[str, Meta(min_length=1, max_length=limits.TXN_CHARS)]

C = TypeVar("C", bound=Command)
_encoder = msgspec.json.Encoder()
encode = _encoder.encode


class CommandFrame(Struct, Generic[C], frozen=True):
    """One command as it came: the client's id, the type (as the tag), a txn if it changes durable state."""

    id: CommandId
    data: C
    txn: Txn | None = None


class _Loose(Struct):
    id: Any = None
    type: Any = None


class CommandDecoder:
    """Bytes to a `CommandFrame` of one of `commands`.

    Raises BadMessage or UnknownType; `command_id` of what was raised is the frame's id where it had a usable one.
    """

    def __init__(self, commands: Iterable[type[Command]]) -> None:
        self.frames: dict[str, type[Struct]] = {c.type: _frame_type(c) for c in commands}
        union: Any = None
        for frame in self.frames.values():
            union = frame if union is None else union | frame
        self.union = union
        self._decode = msgspec.json.Decoder(union).decode

    def decode(self, frame: str | bytes) -> CommandFrame[Command]:
        try:
            return self._decode(frame)  # type: ignore[no-any-return]
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise self._explain(frame, error) from None

    def _explain(self, frame: str | bytes, error: Exception) -> BadMessage | UnknownType:
        type_ = type_of(frame)
        refused: BadMessage | UnknownType
        if type_ is None or type_ in self.frames:
            refused = BadMessage(f"the frame cannot be read: {error}"[:300])
        else:
            refused = UnknownType(f"no command is called {type_[:64]!r}")
        refused.command_id = id_of(frame)
        return refused


_loose = msgspec.json.Decoder(_Loose)


def type_of(frame: str | bytes) -> str | None:
    """The `type` of a frame that may be wrong in any other way."""
    try:
        type_ = _loose.decode(frame).type
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return type_ if isinstance(type_, str) else None


def id_of(frame: str | bytes) -> int | str | None:
    """The usable `id` of a frame that may be wrong in any other way."""
    try:
        id_: int | str = msgspec.convert(_loose.decode(frame).id, CommandId)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None
    return id_


def _frame_type(command: type[Command]) -> type[Struct]:
    return msgspec.defstruct(
        f"{command.__module__.split('.')[-2].title()}{command.__name__}",
        [
            ("id", CommandId),
            ("data", command) if _needs_data(command) else ("data", command, msgspec.field(default_factory=command)),
            ("txn", Txn | None, None),
        ],
        frozen=True,
        tag_field="type",
        tag=command.type,
        module=command.__module__,
    )


def _needs_data(command: type[Command]) -> bool:
    return any(field.required for field in msgspec.structs.fields(command))


class _Ok(Struct):
    re: int | str
    ok: Any


class _Error(Struct):
    re: int | str | None
    error: Refusal


class EventFrame(Struct):
    """A durable event as it goes out; `data` is encoded already when it comes from the log."""

    type: str
    epoch: int
    seq: int
    at: str
    by: str
    data: Any


class EphemeralFrame(Struct, omit_defaults=True):
    type: str
    data: Any
    by: str | None = None


def ok_frame(command_id: int | str, ok: Any) -> bytes:
    return encode(_Ok(command_id, ok))


def error_frame(command_id: int | str | None, refusal: Refusal) -> bytes:
    return encode(_Error(command_id, refusal))


def event_frame(event: Event, meta: EventMeta) -> bytes:
    return encode(EventFrame(event.type, meta.epoch, meta.seq, timestamp(meta.at), meta.by, event))


def logged_frame(type_: str, meta: EventMeta, data: bytes) -> bytes:
    """The same bytes as `event_frame`, from what the log holds, without decoding `data`."""
    return encode(EventFrame(type_, meta.epoch, meta.seq, timestamp(meta.at), meta.by, Raw(data)))


def ephemeral_frame(event: Ephemeral, by: str | None = None) -> bytes:
    return encode(EphemeralFrame(event.type, event, by))


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: 2026-11-22T21:24:00.123Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
