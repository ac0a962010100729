"""All that can be said in a room: the unions that the reducers match on, and the tables that decode by name."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, get_args

import msgspec

from meetserver.chat import messages as chat
from meetserver.e2ee import messages as e2ee
from meetserver.errors import MeetError
from meetserver.messages import Command, Ephemeral, Event, Json
from meetserver.presence import messages as presence
from meetserver.rooms import frames
from meetserver.rooms import messages as rooms
from meetserver.signaling import messages as signaling
from meetserver.whiteboard import messages as whiteboard

Durable: TypeAlias = (
    rooms.Join
    | rooms.Leave
    | rooms.SetRole
    | rooms.LetDraw
    | rooms.End
    | rooms.Mute
    | rooms.Erase
    | rooms.Expire
    | rooms.Admit
    | rooms.Deny
    | rooms.Remove
    | rooms.Ban
    | rooms.Unban
    | rooms.Lock
    | rooms.ChangeSettings
    | rooms.Configure
    | chat.Send
    | chat.Edit
    | chat.Delete
    | chat.React
    | chat.Pin
    | whiteboard.Wish
    | presence.Set
    | e2ee.Publish
    | e2ee.Share
)
"""What `rooms.reducer.decide` decides."""

Passing: TypeAlias = chat.Typing | whiteboard.Preview | whiteboard.PointerMove | signaling.Relayable
"""Passed on and not kept."""

Live: TypeAlias = Passing | presence.Set | chat.Mark
"""What `rooms.live.react` answers at once."""

Fact: TypeAlias = (
    rooms.Joined
    | rooms.Left
    | rooms.RoleSet
    | rooms.DrawLet
    | rooms.Ended
    | rooms.Erased
    | rooms.Expired
    | rooms.Waiting
    | rooms.Admitted
    | rooms.Denied
    | rooms.Removed
    | rooms.Banned
    | rooms.Barred
    | rooms.Unbanned
    | rooms.Muted
    | rooms.Changed
    | rooms.Guarded
    | chat.Sent
    | chat.Edited
    | chat.Deleted
    | chat.Reacted
    | chat.Pinned
    | chat.Unpinned
    | whiteboard.Fact
    | presence.Changed
    | e2ee.Published
    | e2ee.Shared
)
"""What `rooms.reducer.evolve` folds."""

HELLO: Final = frames.Hello
"""The first command of a connection, and of no other moment."""

WIRE_COMMANDS: Final[tuple[type[Command], ...]] = (
    frames.Ping,
    frames.Bye,
    rooms.SetRole,
    rooms.LetDraw,
    rooms.Admit,
    rooms.Deny,
    rooms.Mute,
    rooms.Remove,
    rooms.Ban,
    rooms.Unban,
    rooms.Lock,
    rooms.ChangeSettings,
    rooms.End,
    chat.Send,
    chat.Edit,
    chat.Delete,
    chat.React,
    chat.Pin,
    chat.Mark,
    chat.Typing,
    e2ee.Publish,
    e2ee.Share,
    whiteboard.Apply,
    whiteboard.Undo,
    whiteboard.Redo,
    whiteboard.Clear,
    whiteboard.Save,
    whiteboard.Restore,
    whiteboard.Discard,
    whiteboard.AddPage,
    whiteboard.ChangePage,
    whiteboard.MovePage,
    whiteboard.RemovePage,
    whiteboard.Preview,
    whiteboard.PointerMove,
    presence.Set,
    signaling.Offer,
    signaling.Answer,
    signaling.CandidatesFound,
    signaling.Renegotiate,
    signaling.Close,
)
"""What a client may send after its hello."""

COMMANDS: Final[Mapping[str, type[Command]]] = {
    command.type: command for command in (*get_args(Durable), *get_args(Passing), chat.Mark)
}
"""Whatever an owner may be asked to do, by people or by the server."""

EVENTS: Final[Mapping[str, type[Event]]] = {event.type: event for event in get_args(Fact)}

TOLD: Final[tuple[type[Event], ...]] = tuple(event for event in EVENTS.values() if not event.internal)
"""Events that clients may hear."""

EPHEMERALS: Final[tuple[type[Ephemeral], ...]] = (
    frames.Entered,
    chat.TypingTold,
    chat.Marked,
    whiteboard.Previewed,
    whiteboard.PointerMoved,
    presence.ChangedLive,
    signaling.Offered,
    signaling.Answered,
    signaling.CandidatesTold,
    signaling.RenegotiationAsked,
    signaling.Closed,
)

PLANNED: Final = frozenset({
    "media.stats", "media.publish", "media.subscribe",
    "room.roster",
    "recording.start", "recording.stop",
})  # fmt: skip
"""Commands of the protocol that this version answers with `not_supported`."""

Upcaster: TypeAlias = Callable[[dict[str, Json]], dict[str, Json]]

UPCASTERS: Final[dict[tuple[str, int], Upcaster]] = {}
"""(type, v) to a pure function that makes `data` of version v one of v + 1."""

_decoders: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    type_: msgspec.json.Decoder(event) for type_, event in EVENTS.items()
}


_command_decoders: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    type_: msgspec.json.Decoder(command) for type_, command in COMMANDS.items()
}


def decode_command(type_: str, data: bytes) -> Command:
    """What another process of this release, or of the one before, encoded. Raises MeetError for what is not known."""
    if (decoder := _command_decoders.get(type_)) is None:
        raise MeetError(f"no command is called {type_!r}")
    decoded: Command = decoder.decode(data)
    return decoded


def decode_event(type_: str, version: int, data: bytes) -> Event:
    """An entry's `data` as the event it is. Raises MeetError for what this release cannot read."""
    event = EVENTS.get(type_)
    if event is None or version > event.version:
        raise MeetError(f"the log holds {type_} version {version}, which needs a newer release")
    if version == event.version:
        decoded: Event = _decoders[type_].decode(data)
        return decoded
    return msgspec.convert(_upcast(type_, version, event.version, data), event)


def _upcast(type_: str, version: int, target: int, data: bytes) -> dict[str, Json]:
    raised: dict[str, Json] = msgspec.json.decode(data)
    for step in range(version, target):
        raised = UPCASTERS[type_, step](raised)
    return raised
