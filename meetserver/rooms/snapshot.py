"""A room's state as bytes for its log: everything, private messages included. What clients get is in views.py.

MessagePack, since a whiteboard's elements are JSON bytes already and need no second look. The same state gives the same
bytes. A newer release reads older versions; an unknown one is refused.
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
from meetserver.rooms.messages import Bar, Participant, Settings
from meetserver.rooms.state import RoomState, in_order
from meetserver.rooms.views import Views, private_view, shared_view, view
from meetserver.whiteboard.stored import StoredBoard, StoredPage, board_of, stored_board, stored_pages

__all__ = ["Views", "decode_snapshot", "encode_snapshot", "private_view", "shared_view", "view"]

VERSION: Final = 3
"""1 knew no lobby, no bars, and no settings but the calendar's; 2 of a whiteboard nothing but its elements."""


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


_encode = msgspec.msgpack.Encoder().encode
_version = msgspec.msgpack.Decoder(_Version)
_stored = msgspec.msgpack.Decoder(_Stored)


def encode_snapshot(state: RoomState) -> bytes:
    private = sorted(state.chat.private.items())
    participants, pages = in_order(state), stored_pages(state.whiteboard)
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
        pages,
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
        stored_board(state.whiteboard, pages),
    )
    return _encode(stored)


def decode_snapshot(data: bytes) -> RoomState:
    """Raises MeetError for a version that this release cannot read."""
    version = _version.decode(data).v
    if not 1 <= version <= VERSION:
        raise MeetError(f"a snapshot of version {version} needs a newer release")
    stored = _stored.decode(data)
    return RoomState(
        stored.room,
        stored.meeting,
        stored.title,
        stored.settings,
        stored.ended,
        Map((who.id, who) for who in stored.participants),
        Map((who.session, who.id) for who in stored.participants),
        _chat(stored),
        board_of(stored.pages, stored.board),
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
    )


def _chat(stored: _Stored) -> ChatState:
    private = Map((tuple(members), conversation) for members, conversation in stored.private)
    count = sum(len(c.messages) for _, c in stored.private)
    return ChatState(stored.shared, private, count, stored.pinned, Map(stored.gone), Map(stored.spoke))
