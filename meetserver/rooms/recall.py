"""Messages that a room has not at hand any more, made of its log again when a command names one."""

from collections.abc import Iterable

from meetserver.chat.messages import Delete, Edit, Message, Pin, React, Sent, seq_of
from meetserver.chat.revision import CHANGES, message_of, revised
from meetserver.chat.state import find
from meetserver.ids import ParticipantId
from meetserver.messages import Command, Meta
from meetserver.ports import Entry
from meetserver.rooms.catalog import decode_event
from meetserver.rooms.messages import Erased
from meetserver.rooms.state import RoomState


def wanted(state: RoomState, command: Command) -> int | None:
    """The seq of what this command names, where only the log can know it."""
    if not isinstance(command, Edit | Delete | React | Pin):
        return None
    seq = seq_of(command.message_id)
    if seq is None or not state.expired < seq <= state.seq:
        return None
    return None if find(state.chat, seq) is not None else seq


def recalled(entry: Entry | None, about: Iterable[Entry] = ()) -> Message | None:
    """The message that this entry is, after all that was said about it; None: it is none."""
    event = None if entry is None else decode_event(entry.type, entry.v, entry.data)
    if entry is None or not isinstance(event, Sent):
        return None
    message = message_of(event, _meta(entry))
    for one in about:
        message = retold(message, one)
    return message


def retold(message: Message, about: Entry) -> Message:
    """The message after one more entry about it."""
    event = decode_event(about.type, about.v, about.data)
    return revised(message, event, _meta(about)) if isinstance(event, CHANGES) else message


def erased_by(entry: Entry) -> tuple[ParticipantId, ...]:
    """Who is erased from this entry on."""
    if entry.type != Erased.type:
        return ()
    event = decode_event(entry.type, entry.v, entry.data)
    return event.participants if isinstance(event, Erased) else ()


def _meta(entry: Entry) -> Meta:
    return Meta(entry.epoch, entry.seq, entry.at, entry.by)
