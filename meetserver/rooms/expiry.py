"""What is left of a room's past, in its state and in its log, when its meeting keeps it for so long only.

The present stays: who is here, the settings, what stands on the board and its versions, who must not come in.
"""

from typing import Final

from msgspec.structs import replace

from meetserver import wire
from meetserver.chat import expiry as chat
from meetserver.errors import Refusal
from meetserver.messages import Event
from meetserver.ports import Entry
from meetserver.rooms.catalog import decode_event
from meetserver.rooms.erasure import nameless_bar, of_deleted
from meetserver.rooms.messages import Barred, Expire, Expired
from meetserver.rooms.state import RoomState

AHEAD: Final = Refusal("bad_message", "what has not happened cannot expire")


def expire(state: RoomState, command: Expire) -> list[Event] | Refusal:
    if command.until > state.seq:
        return AHEAD
    return [Expired(command.until)] if command.until > state.expired else []


def expired(state: RoomState, event: Expired) -> RoomState:
    until = max(state.expired, event.until)
    return replace(state, expired=until, chat=chat.expire(state.chat, until))


def base_of(state: RoomState) -> RoomState:
    """What a log that begins after this state builds upon."""
    return expired(state, Expired(state.seq))


def remnant(entry: Entry) -> Entry | None:
    """An entry about a message that has expired, or one of ports.LASTING, as it is to stand in the log; None: as it is.
    Raises MeetError for an entry that this release cannot read."""
    event = decode_event(entry.type, entry.v, entry.data)
    if isinstance(event, Barred):
        return replace(entry, data=wire.encode(Barred(nameless_bar(event.bar))), v=event.version)
    return of_deleted(entry)
