"""Somebody's account and data are erased: what stays of them in a room's state, and in its log.

Both are emptied by the same functions, so that a room that was told is as one that is folded from the emptied log.
"""

from collections.abc import Container
from typing import Final

from msgspec.structs import replace

from meetserver import wire
from meetserver.chat import erasure as chat
from meetserver.chat import messages as chat_messages
from meetserver.chat.erasure import ERASED
from meetserver.ids import ParticipantId
from meetserver.messages import Event
from meetserver.ports import Entry
from meetserver.rooms.catalog import decode_event
from meetserver.rooms.messages import Bar, Barred, Erase, Erased, Joined, Left, Participant, Waiting
from meetserver.rooms.state import RoomState, find
from meetserver.whiteboard import steps

TELLING: Final = frozenset({
    chat_messages.Sent.type, chat_messages.Edited.type, chat_messages.Reacted.type, chat_messages.Pinned.type,
    Joined.type, Waiting.type, Barred.type,
})  # fmt: skip
"""Types of entries that say something about a person beside the participant's id."""


def erase(state: RoomState, command: Erase) -> list[Event]:
    """Whoever is still here leaves first. It is written down also when nobody in the state is meant: the room's log
    and its readers know more than its state."""
    present = [p for p in command.participants if find(state, p) is not None]
    return [*(Left(p, "signed_out") for p in present), Erased(command.participants)]


def erased(state: RoomState, event: Erased) -> RoomState:
    return _without_traces(state, frozenset(event.participants))


def _without_traces(state: RoomState, gone: Container[ParticipantId]) -> RoomState:
    bars = tuple(nameless_bar(bar) if bar.participant in gone else bar for bar in state.bars)
    board = state.whiteboard
    for one in board.steps.away:
        board = steps.forget(board, one) if one in gone else board
    return replace(state, chat=chat.erase(state.chat, gone), bars=bars, whiteboard=board)


def without_people(state: RoomState, gone: Container[ParticipantId]) -> RoomState:
    """An earlier state as the emptied log makes it: some of these may have been there then."""
    present = {who.id: _stranger(who) for who in state.participants.values() if who.id in gone}
    return replace(
        _without_traces(state, gone),
        participants=state.participants.update(present),
        waiting=tuple(_stranger(who) if who.id in gone else who for who in state.waiting),
    )


def emptied(entry: Entry, gone: Container[ParticipantId]) -> Entry | None:
    """The entry as it is to stand in the log; None: it says nothing about these participants.

    Raises MeetError for an entry that this release cannot read.
    """
    if entry.type not in TELLING:
        return None
    event = _emptied(decode_event(entry.type, entry.v, entry.data), entry.by, gone)
    if event is None:
        return None
    # What was asked for had a hash of its text; nobody will ask for it again.
    return replace(entry, data=wire.encode(event), v=event.version, body_hash=None)


def _emptied(event: Event, by: ParticipantId, gone: Container[ParticipantId]) -> Event | None:
    match event:
        case Joined(who) | Waiting(who) if who.id in gone:
            return replace(event, participant=_stranger(who))
        case Barred(bar) if bar.participant in gone:
            return Barred(nameless_bar(bar))
        case _:
            return chat.without_people(event, by, gone)


def of_deleted(entry: Entry) -> Entry | None:
    """An entry about a message that was deleted, or the message's own, as it is to stand in the log; None: it says
    nothing. Raises MeetError for an entry that this release cannot read."""
    event = chat.of_deleted(decode_event(entry.type, entry.v, entry.data))
    return None if event is None else replace(entry, data=wire.encode(event), v=event.version, body_hash=None)


def _stranger(who: Participant) -> Participant:
    return replace(who, name=ERASED, user=None, status="")


def nameless_bar(bar: Bar) -> Bar:
    """The keys stay: they tell nobody who it was, and a ban holds against whoever comes back."""
    return replace(bar, name=ERASED)
