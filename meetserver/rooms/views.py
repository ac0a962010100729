"""A room's state as clients get it: JSON, small enough for one frame, private messages only for those they are for.

A room is looked at once per newcomer, and a newcomer changes it; so `Views` keeps each part as long as the state object
that it was made of is the same one, and a join encodes the roster anew and nothing else.
"""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import replace

from meetserver import limits
from meetserver.chat import state as chat
from meetserver.chat.messages import Watermark
from meetserver.chat.state import ChatState
from meetserver.e2ee.state import Share, shares_for
from meetserver.ids import MeetingId, ParticipantId, RoomId
from meetserver.rooms import talk
from meetserver.rooms.chat_view import chat_page_of
from meetserver.rooms.live import LiveState, marks_of
from meetserver.rooms.messages import Participant, Settings
from meetserver.rooms.state import RoomState, in_order
from meetserver.whiteboard import state as whiteboard
from meetserver.whiteboard.messages import Sheet, VersionShown
from meetserver.whiteboard.open_steps import OpenSteps, open_steps
from meetserver.whiteboard.state import BoardPage, BoardState

ENVELOPE_BYTES: Final = 8 * 1024
"""Room for the rest of the frame that a snapshot stands in: title, settings, session, presence."""

MARK_BYTES: Final = 120
"""One mark, encoded."""

_PAGES: Final = b'{"pages":{'
_encode = msgspec.json.Encoder().encode


class Room(Struct, frozen=True):
    """What was up to the seq `expired_until` is not kept any more; 0: all is."""

    id: RoomId
    meeting: MeetingId
    title: str
    settings: Settings
    ended: bool
    expired_until: int


class Keys(Struct, frozen=True):
    """Of an encrypted chat: the members' identity keys, and the newest shares that are for the viewer, oldest first."""

    keys: dict[ParticipantId, str]
    shares: list[Share]


class Board(Struct, frozen=True):
    """`pages`: the elements of each page with any, bottom first, as `{"id", "element", "z"}`. `order` has all pages,
    `sheets` the properties of those made on purpose, `versions` what was kept, oldest first. A new element stands at
    `next_z`."""

    pages: dict[str, Raw]
    order: tuple[str, ...]
    sheets: dict[str, Sheet]
    versions: list[VersionShown]
    next_z: int


class Link(Struct, frozen=True):
    """Stands for a part that is too big for a frame: get it over HTTP, as of `seq` or later."""

    href: str
    seq: int


class Snapshot(Struct, frozen=True):
    """Parts are encoded already; `waiting` is the lobby's queue, a list of Participant; `marks` say how far in the log
    each participant's client has got, and they have read (in a room of at most limits.ROSTER_MEMBERS); `steps`, what
    the viewer may take back of the whiteboard, where there is any."""

    room: Room
    participants: Raw | Link
    waiting: Raw
    chat: Raw
    whiteboard: Raw | Link
    marks: dict[ParticipantId, Watermark]
    e2ee: Raw | UnsetType = UNSET
    steps: OpenSteps | UnsetType = UNSET


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
        own = talk.selves(state, viewer)
        has_own = chat.has_private(state.chat, own) or state.e2ee.shares or viewer in state.whiteboard.steps.people
        if not has_own:
            return self.shared(state, live)
        return self._snapshot(state, live, chat_page_of(state.chat, chat.page_for(state.chat, own)), viewer)

    def whole(self, state: RoomState, live: LiveState) -> bytes:
        """What everybody may see, whatever its size."""
        roster = self.participants(state, live)
        chat_page, board = self._shared_chat(state.chat), self.board(state.whiteboard)
        return _encode(_snapshot(state, roster, self._queue(state), chat_page, board, {}, _keys(state)))

    def _snapshot(
        self, state: RoomState, live: LiveState, chat_page: Raw, viewer: ParticipantId | None = None
    ) -> bytes:
        """The larger of board and roster gives way to a link until it fits; the others are bounded by themselves."""
        queue, keys = self._queue(state), _keys(state, viewer)
        steps = _steps(state, viewer)
        budget = limits.SNAPSHOT_BYTES - ENVELOPE_BYTES - len(chat_page) - len(queue)
        budget -= 0 if steps is UNSET else len(_encode(steps))
        budget -= 0 if keys is UNSET else len(keys)
        is_crowded = len(state.participants) > limits.ROSTER_MEMBERS
        marks = {} if is_crowded else marks_of(state, live)
        budget -= MARK_BYTES * len(marks)
        sizes = {
            "participants": budget + 1 if is_crowded else len(self.participants(state, live)),
            "whiteboard": state.whiteboard.size_bytes + len(_encode(_about(state.whiteboard))),
        }
        links = {part: _link(state, part) for part in _too_big(sizes, budget)}
        roster = links.get("participants") or self.participants(state, live)
        board = links.get("whiteboard") or self.board(state.whiteboard)
        return _encode(replace(_snapshot(state, roster, queue, chat_page, board, marks, keys), steps=steps))

    def participants(self, state: RoomState, live: LiveState) -> Raw:
        """Who is here, by order of coming."""
        made = self._roster
        if made is None or made[0] is not state.participants or made[1] is not live.shown:
            roster = Raw(_encode([_as_shown(who, live) for who in in_order(state)]))
            made = self._roster = (state.participants, live.shown, roster)
        return made[2]

    def _queue(self, state: RoomState) -> Raw:
        if self._waiting is None or self._waiting[0] is not state.waiting:
            self._waiting = (state.waiting, Raw(_encode(state.waiting)))
        return self._waiting[1]

    def _shared_chat(self, state: ChatState) -> Raw:
        if self._chat is None or self._chat[0] is not state:
            self._chat = (state, chat_page_of(state, chat.shared_page(state)))
        return self._chat[1]

    def board(self, board: BoardState) -> Raw:
        """All pages, each bottom first, and what there is to say about them."""
        self._pages = {name: self._page(name, page) for name, page in sorted(board.pages.items(), key=_name)}
        elements = {name: Raw(shown) for name, (_, shown) in self._pages.items()}
        return Raw(_encode(Board(elements, *_about(board))))

    def _page(self, name: str, page: BoardPage) -> tuple[BoardPage, bytes]:
        made = self._pages.get(name)
        return made if made is not None and made[0] is page else (page, whiteboard.shown(page))


def shared_view(state: RoomState, live: LiveState) -> bytes:
    """The state as everybody may see it, within SNAPSHOT_BYTES. A room that is asked often keeps a `Views`."""
    return Views().shared(state, live)


def private_view(state: RoomState, participant: ParticipantId) -> bytes | None:
    """The chat page of this participant's private messages; None when there are none."""
    page = chat.private_page(state.chat, talk.selves(state, participant))
    return bytes(chat_page_of(state.chat, page)) if page.messages else None


def view(state: RoomState, live: LiveState, viewer: ParticipantId) -> bytes:
    """The state as this participant may see it, within SNAPSHOT_BYTES."""
    return Views().view(state, live, viewer)


def whole_view(state: RoomState, live: LiveState) -> bytes:
    """The state as everybody may see it, whatever its size: what `GET …/state` answers."""
    return Views().whole(state, live)


Part: TypeAlias = Literal["whiteboard", "participants"]
"""What a link may lead to."""


def part_pieces(state: RoomState, part: Part) -> Iterator[bytes]:
    """What the link to this part leads to, as the log alone has it. Each is made when asked for, and some are empty."""
    return _board_pieces(state.whiteboard) if part == "whiteboard" else iter([Views().participants(state, LiveState())])


def _board_pieces(board: BoardState) -> Iterator[bytes]:
    """`Views.board`, which does not keep a large board's JSON."""
    about = _encode(Board({}, *_about(board)))
    yield about[: len(_PAGES)]
    comma = b""
    for name, page in sorted(board.pages.items(), key=_name):
        yield comma + _encode(name) + b":"
        yield from whiteboard.shown_slices(page)
        comma = b","
    yield about[len(_PAGES) :]


def _snapshot(
    state: RoomState,
    roster: Raw | Link,
    queue: Raw,
    chat_page: Raw,
    board: Raw | Link,
    marks: dict[ParticipantId, Watermark],
    keys: Raw | UnsetType,
) -> Snapshot:
    room = Room(state.room, state.meeting, state.title, state.rules, state.ended, state.expired)
    return Snapshot(room, roster, queue, chat_page, board, marks, keys)


def _keys(state: RoomState, viewer: ParticipantId | None = None) -> Raw | UnsetType:
    if not state.rules.e2ee:
        return UNSET
    shares = [] if viewer is None else shares_for(state.e2ee, viewer)
    return Raw(_encode(Keys(state.e2ee.members, shares)))


def _steps(state: RoomState, viewer: ParticipantId | None) -> OpenSteps | UnsetType:
    if viewer is None or viewer not in state.whiteboard.steps.people:
        return UNSET
    return open_steps(state.whiteboard, viewer)


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
    return replace(who, audio=shown.audio, video=shown.video, status=shown.status, away=shown.away, board=shown.board)


def _about(board: BoardState) -> tuple[tuple[str, ...], dict[str, Sheet], list[VersionShown], int]:
    sheets = {name: board.sheets[name] for name in board.order}
    return board.all_pages, sheets, [version.about for version in board.versions], board.next_z


def _name(item: tuple[str, BoardPage]) -> str:
    return item[0]
