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

from meetserver.chat.state import ChatState, Conversation
from meetserver.errors import MeetError
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId
from meetserver.network.rules import IpRule
from meetserver.rooms.messages import Bar, Participant, Settings
from meetserver.rooms.state import RoomState, in_order
from meetserver.rooms.views import Views, private_view, shared_view, view
from meetserver.whiteboard import state as whiteboard
from meetserver.whiteboard.state import BoardPage, BoardState, Element

__all__ = ["Views", "decode_snapshot", "encode_snapshot", "private_view", "shared_view", "view"]

VERSION: Final = 2
"""1 knew no lobby, no bars, and no settings but the calendar's."""


class _Version(Struct):
    v: int


class _StoredPage(Struct, frozen=True):
    """Elements bottom first."""

    name: str
    next_z: int
    elements: list[Element]


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
    pages: list[_StoredPage]
    configured: Settings | None = None
    ip_rules: tuple[IpRule, ...] = ()
    arrivals: list[int] = []
    waiting: tuple[Participant, ...] = ()
    bars: tuple[Bar, ...] = ()
    dismissed: tuple[SessionId, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_version = msgspec.msgpack.Decoder(_Version)
_stored = msgspec.msgpack.Decoder(_Stored)


def encode_snapshot(state: RoomState) -> bytes:
    private = sorted(state.chat.private.items())
    participants = in_order(state)
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
        [_StoredPage(name, page.next_z, whiteboard.in_order(page)) for name, page in _sorted(state.whiteboard)],
        state.configured,
        state.ip_rules,
        [state.arrivals[who.id] for who in participants],
        state.waiting,
        state.bars,
        state.dismissed,
    )
    return _encode(stored)


def _sorted(board: BoardState) -> list[tuple[str, BoardPage]]:
    return sorted(board.pages.items(), key=lambda item: item[0])


def decode_snapshot(data: bytes) -> RoomState:
    """Raises MeetError for a version that this release cannot read."""
    version = _version.decode(data).v
    if version not in (1, VERSION):
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
        BoardState(Map((page.name, _page(page)) for page in stored.pages)),
        stored.seq,
        stored.epoch,
        stored.at,
        stored.configured if version > 1 else stored.settings,
        stored.ip_rules,
        Map(zip([who.id for who in stored.participants], stored.arrivals or repeat(0), strict=False)),
        stored.waiting,
        stored.bars,
        stored.dismissed,
    )


def _chat(stored: _Stored) -> ChatState:
    private = Map((tuple(members), conversation) for members, conversation in stored.private)
    return ChatState(stored.shared, private, sum(len(c.messages) for _, c in stored.private))


def _page(stored: _StoredPage) -> BoardPage:
    elements = Map((element.id, element) for element in stored.elements)
    return BoardPage(elements, stored.next_z, sum(element.shown_bytes for element in stored.elements))
