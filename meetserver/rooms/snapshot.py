"""A room's state as bytes for its log: everything, private messages included. What clients get is in views.py.

MessagePack, since a whiteboard's elements are JSON bytes already and need no second look: a list of everything but
these elements, and of slices of them, each packed by itself, so that a large board is packed and unpacked in turns. The
same state gives the same bytes. A newer release reads older versions; an unknown one is refused.
"""

from datetime import datetime
from itertools import repeat
from typing import Final

import msgspec
from immutables import Map
from msgspec import Struct

from meetserver.chat.messages import Message
from meetserver.chat.state import ChatState, Conversation, Gone
from meetserver.e2ee.state import KeyState
from meetserver.errors import MeetError
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId
from meetserver.network.rules import IpRule
from meetserver.ports import Loaded
from meetserver.rooms.messages import Bar, Participant, Settings
from meetserver.rooms.reducer import fold
from meetserver.rooms.state import RoomState, empty, in_order
from meetserver.rooms.views import Views, private_view, shared_view, view
from meetserver.turns import Turns, at_once
from meetserver.whiteboard.stored import Slice, StoredBoard, StoredPage, restoring, storing

__all__ = [
    "Views",
    "decode_snapshot",
    "decoding",
    "encode_snapshot",
    "encoding",
    "private_view",
    "refolding",
    "shared_view",
    "view",
]

VERSION: Final = 4
"""1 knew no lobby, no bars, and no settings but the calendar's; 2 of a whiteboard nothing but its elements; 3 had no
slices."""


FOLDED_AT_ONCE: Final = 50
"""Entries of a log, between turns."""


class _Version(Struct):
    v: int


class _Stored(Struct, frozen=True):
    """`private` are the conversations, each with its members; `arrivals` stand in the order of `participants`."""

    v: int
    room: RoomId
    meeting: MeetingId
    title: str
    settings: Settings | None
    ended: bool
    seq: int
    epoch: int
    at: datetime | None
    participants: list[Participant]
    shared: Conversation
    private: list[tuple[list[ParticipantId], Conversation]]
    pages: list[StoredPage]
    configured: Settings | None = None
    ip_rules: tuple[IpRule, ...] = ()
    arrivals: list[int] = []
    waiting: tuple[Participant, ...] = ()
    bars: tuple[Bar, ...] = ()
    dismissed: tuple[SessionId, ...] = ()
    pinned: tuple[Message, ...] = ()
    gone: list[tuple[ParticipantId, Gone]] = []
    spoke: list[tuple[ParticipantId, datetime]] = []
    e2ee: KeyState = KeyState()
    board: StoredBoard | None = None
    expired: int = 0


_encode = msgspec.msgpack.Encoder().encode
_pieces = msgspec.msgpack.Decoder(list[memoryview])
_slice = msgspec.msgpack.Decoder(Slice)
_version = msgspec.msgpack.Decoder(_Version)
_stored = msgspec.msgpack.Decoder(_Stored)


def encode_snapshot(state: RoomState) -> bytes:
    return at_once(encoding(state))


def encoding(state: RoomState) -> Turns[bytes]:
    private, participants = sorted(state.chat.private.items()), in_order(state)
    board = yield from storing(state.whiteboard)
    stored = _Stored(
        VERSION,
        state.room,
        state.meeting,
        state.title,
        state.settings,
        state.ended,
        state.seq,
        state.epoch,
        state.at,
        participants,
        state.chat.shared,
        [(list(members), conversation) for members, conversation in private],
        board.pages,
        state.configured,
        state.ip_rules,
        [state.arrivals[who.id] for who in participants],
        state.waiting,
        state.bars,
        state.dismissed,
        state.chat.pinned,
        sorted(state.chat.gone.items()),
        sorted(state.chat.spoke.items()),
        state.e2ee,
        board.board,
        state.expired,
    )
    pieces = [_encode(stored)]
    for some in board.slices:
        yield
        pieces.append(_encode(some))
    return _encode(pieces)


def decode_snapshot(data: bytes) -> RoomState:
    """Raises MeetError for a version that this release cannot read."""
    return at_once(decoding(data))


def decoding(data: bytes) -> Turns[RoomState]:
    """Raises MeetError for a version that this release cannot read."""
    about, *slices = _pieces.decode(data) if _is_list(data) else [memoryview(data)]
    version = _version.decode(about).v
    if not 1 <= version <= VERSION:
        raise MeetError(f"a snapshot of version {version} needs a newer release")
    stored = _stored.decode(about)
    board = yield from restoring(stored.pages, stored.board, map(_slice.decode, slices))
    return RoomState(
        stored.room,
        stored.meeting,
        stored.title,
        stored.settings,
        stored.ended,
        Map((who.id, who) for who in stored.participants),
        Map((who.session, who.id) for who in stored.participants),
        _chat(stored),
        board,
        stored.seq,
        stored.epoch,
        stored.at,
        stored.configured if version > 1 else stored.settings,
        stored.ip_rules,
        Map(zip([who.id for who in stored.participants], stored.arrivals or repeat(0), strict=False)),
        stored.waiting,
        stored.bars,
        stored.dismissed,
        stored.e2ee,
        stored.expired,
    )


def refolding(room: RoomId, loaded: Loaded) -> Turns[RoomState]:
    """The room as its snapshot and the log after it have it. Raises MeetError as `decoding`, and as `fold`."""
    state = empty(room, loaded.meeting)
    if loaded.snapshot is not None:
        state = yield from decoding(loaded.snapshot.data)
    for first in range(0, len(loaded.entries), FOLDED_AT_ONCE):
        yield
        state = fold(state, loaded.entries[first : first + FOLDED_AT_ONCE])
    return state


def _is_list(data: bytes) -> bool:
    """Whether MessagePack has a list there. Until version 3 it was a map."""
    return 0x90 <= data[0] <= 0x9F or data[0] in (0xDC, 0xDD)


def _chat(stored: _Stored) -> ChatState:
    private = Map((tuple(members), conversation) for members, conversation in stored.private)
    count = sum(len(c.messages) for _, c in stored.private)
    return ChatState(stored.shared, private, count, stored.pinned, Map(stored.gone), Map(stored.spoke))
