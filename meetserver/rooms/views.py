"""A room's state as clients get it: JSON, small enough for one frame, private messages only for those they are for.

A room is looked at once per newcomer, and a newcomer changes it; so `Views` keeps each part as long as the state object
that it was made of is the same one, and a join encodes the roster anew and nothing else.
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat import state as chat
from meetserver.chat.state import ChatState
from meetserver.ids import MeetingId, ParticipantId, RoomId
from meetserver.rooms.live import LiveState
from meetserver.rooms.messages import Participant, Settings
from meetserver.rooms.state import RoomState, in_order
from meetserver.whiteboard import state as whiteboard
from meetserver.whiteboard.state import BoardPage, BoardState

ENVELOPE_BYTES: Final = 8 * 1024
"""Room for the rest of the frame that a snapshot stands in: title, settings, session, presence."""

_encode = msgspec.json.Encoder().encode


class Room(Struct, frozen=True):
    id: RoomId
    meeting: MeetingId
    title: str
    settings: Settings
    ended: bool


class ChatPage(Struct, frozen=True):
    """`chat.messages.Message`s, rising by seq; `more`: there are older ones, at `GET …/messages`."""

    messages: list[Raw]
    more: bool


class Link(Struct, frozen=True):
    """Stands for a part that is too big for a frame: get it over HTTP, as of `seq` or later."""

    href: str
    seq: int


class Snapshot(Struct, frozen=True):
    """Parts are encoded already; `waiting` is the lobby's queue, a list of Participant; `marks` are read marks, for
    which there is no command yet."""

    room: Room
    participants: Raw | Link
    waiting: Raw
    chat: Raw
    whiteboard: Raw | Link
    marks: dict[str, int]


class Views:
    """The views of one room. Holds the parts it has made last, nothing that changes what it answers."""

    def __init__(self) -> None:
        self._roster: tuple[object, object, Raw] | None = None
        self._chat: tuple[ChatState, Raw] | None = None
        self._waiting: tuple[tuple[Participant, ...], Raw] | None = None
        self._pages: dict[str, tuple[BoardPage, bytes]] = {}
        self._shared: tuple[RoomState, LiveState, bytes] | None = None

    def shared(self, state: RoomState, live: LiveState) -> bytes:
        """What everybody may see, within SNAPSHOT_BYTES."""
        made = self._shared
        if made is None or made[0] is not state or made[1] is not live:
            made = self._shared = (state, live, self._snapshot(state, live, self._shared_chat(state.chat)))
        return made[2]

    def view(self, state: RoomState, live: LiveState, viewer: ParticipantId) -> bytes:
        """What this participant may see, within SNAPSHOT_BYTES."""
        if not chat.has_private(state.chat, viewer):
            return self.shared(state, live)
        return self._snapshot(state, live, _chat_page(chat.page_for(state.chat, viewer)))

    def whole(self, state: RoomState, live: LiveState) -> bytes:
        """What everybody may see, whatever its size."""
        roster = self.participants(state, live)
        chat_page, board = self._shared_chat(state.chat), self.board(state.whiteboard)
        return _encode(_snapshot(state, roster, self._queue(state), chat_page, board))

    def _snapshot(self, state: RoomState, live: LiveState, chat_page: Raw) -> bytes:
        """The larger of board and roster gives way to a link until it fits; the chat page is bounded by itself."""
        queue = self._queue(state)
        budget = limits.SNAPSHOT_BYTES - ENVELOPE_BYTES - len(chat_page) - len(queue)
        is_crowded = len(state.participants) > limits.ROSTER_MEMBERS
        sizes = {
            "participants": budget + 1 if is_crowded else len(self.participants(state, live)),
            "whiteboard": state.whiteboard.size_bytes,
        }
        links = {part: _link(state, part) for part in _too_big(sizes, budget)}
        roster = links.get("participants") or self.participants(state, live)
        board = links.get("whiteboard") or self.board(state.whiteboard)
        return _encode(_snapshot(state, roster, queue, chat_page, board))

    def participants(self, state: RoomState, live: LiveState) -> Raw:
        """Who is here, by order of coming."""
        made = self._roster
        if made is None or made[0] is not state.participants or made[1] is not live:
            roster = Raw(_encode([_as_shown(who, live) for who in in_order(state)]))
            made = self._roster = (state.participants, live, roster)
        return made[2]

    def _queue(self, state: RoomState) -> Raw:
        if self._waiting is None or self._waiting[0] is not state.waiting:
            self._waiting = (state.waiting, Raw(_encode(state.waiting)))
        return self._waiting[1]

    def _shared_chat(self, state: ChatState) -> Raw:
        if self._chat is None or self._chat[0] is not state:
            self._chat = (state, _chat_page(chat.shared_page(state)))
        return self._chat[1]

    def board(self, board: BoardState) -> Raw:
        """All pages, each bottom first."""
        self._pages = {name: self._page(name, page) for name, page in sorted(board.pages.items(), key=_name)}
        return Raw(_encode({"pages": {name: Raw(shown) for name, (_, shown) in self._pages.items()}}))

    def _page(self, name: str, page: BoardPage) -> tuple[BoardPage, bytes]:
        made = self._pages.get(name)
        return made if made is not None and made[0] is page else (page, whiteboard.shown(page))


def shared_view(state: RoomState, live: LiveState) -> bytes:
    """The state as everybody may see it, within SNAPSHOT_BYTES. A room that is asked often keeps a `Views`."""
    return Views().shared(state, live)


def private_view(state: RoomState, participant: ParticipantId) -> bytes | None:
    """The chat page of this participant's private messages; None when there are none."""
    page = chat.private_page(state.chat, participant)
    return bytes(_chat_page(page)) if page.messages else None


def view(state: RoomState, live: LiveState, viewer: ParticipantId) -> bytes:
    """The state as this participant may see it, within SNAPSHOT_BYTES."""
    return Views().view(state, live, viewer)


def whole_view(state: RoomState, live: LiveState) -> bytes:
    """The state as everybody may see it, whatever its size: what `GET …/state` answers."""
    return Views().whole(state, live)


def part_view(state: RoomState, live: LiveState, part: str) -> bytes | None:
    """What the link to this part leads to: "whiteboard" or "participants" alone; None for another name."""
    match part:
        case "whiteboard":
            return bytes(Views().board(state.whiteboard))
        case "participants":
            return bytes(Views().participants(state, live))
        case _:
            return None


def _snapshot(state: RoomState, roster: Raw | Link, queue: Raw, chat_page: Raw, board: Raw | Link) -> Snapshot:
    room = Room(state.room, state.meeting, state.title, state.rules, state.ended)
    return Snapshot(room, roster, queue, chat_page, board, {})


def _too_big(sizes: dict[str, int], budget: int) -> list[str]:
    """The parts to leave out, the largest first, until the others fit."""
    left_out: list[str] = []
    total = sum(sizes.values())
    for part in sorted(sizes, key=lambda part: sizes[part], reverse=True):
        if total > budget:
            left_out.append(part)
            total -= sizes[part]
    return left_out


def _link(state: RoomState, part: str) -> Link:
    return Link(f"/api/v1/meetings/{state.meeting}/state?part={part}", state.seq)


def _as_shown(who: Participant, live: LiveState) -> Participant:
    shown = live.shown.get(who.id)
    if shown is None:
        return who
    return replace(who, audio=shown.audio, video=shown.video, status=shown.status, away=shown.away)


def _chat_page(page: chat.Page) -> Raw:
    """The newest messages that fit CHAT_PAGE_BYTES."""
    messages: list[Raw] = []
    left_bytes = limits.CHAT_PAGE_BYTES
    for message in reversed(page.messages):
        encoded = _encode(message)
        left_bytes -= len(encoded) + 1
        if left_bytes < 0:
            break
        messages.append(Raw(encoded))
    has_all = len(messages) == len(page.messages)
    return Raw(_encode(ChatPage(messages[::-1], page.more or not has_all)))


def _name(item: tuple[str, BoardPage]) -> str:
    return item[0]
