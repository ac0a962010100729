"""A room as its log makes it: who is here, what was said, what was drawn. Frozen; its maps are persistent ones."""

from collections.abc import Iterator
from datetime import datetime

from immutables import Map
from msgspec import Struct

from meetserver.chat.state import ChatState
from meetserver.e2ee.state import KeyState
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId
from meetserver.network.rules import IpRule
from meetserver.rooms.messages import Bar, Participant, Settings
from meetserver.whiteboard.state import BoardState


class RoomState(Struct, frozen=True):
    """`seq`, `epoch` and `at` are those of the last entry folded in; 0, 0 and None before the first.

    `settings` are those that hold, `configured` those of the calendar entry: they differ where somebody in the room
    changed one. `sessions` is the way back from a session to its participant, and `arrivals` the seq at which each came
    in; both in step with `participants`. `waiting` is the lobby's queue, in order; `bars` who must not come in again,
    oldest first; `dismissed` the sessions last turned away. What was up to the seq `expired` is not kept.
    """

    room: RoomId
    meeting: MeetingId
    title: str = ""
    settings: Settings | None = None
    ended: bool = False
    participants: Map[ParticipantId, Participant] = Map()
    sessions: Map[SessionId, ParticipantId] = Map()
    chat: ChatState = ChatState()
    whiteboard: BoardState = BoardState()
    seq: int = 0
    epoch: int = 0
    at: datetime | None = None
    configured: Settings | None = None
    ip_rules: tuple[IpRule, ...] = ()
    arrivals: Map[ParticipantId, int] = Map()
    waiting: tuple[Participant, ...] = ()
    bars: tuple[Bar, ...] = ()
    dismissed: tuple[SessionId, ...] = ()
    e2ee: KeyState = KeyState()
    expired: int = 0

    @property
    def rules(self) -> Settings:
        """The settings, or the defaults as long as none were made."""
        return self.settings or Settings()


def empty(room: RoomId, meeting: MeetingId) -> RoomState:
    return RoomState(room, meeting)


def in_order(state: RoomState) -> list[Participant]:
    """Who came first stands first."""
    return sorted(state.participants.values(), key=lambda p: (p.joined_at, p.id))


def everybody(state: RoomState) -> Iterator[Participant]:
    """In the room and in its lobby."""
    yield from state.participants.values()
    yield from state.waiting


def waits(state: RoomState, participant: ParticipantId) -> Participant | None:
    """Whoever of the lobby this is."""
    return next((who for who in state.waiting if who.id == participant), None)


def find(state: RoomState, participant: ParticipantId) -> Participant | None:
    """Whoever this is, in the room or in its lobby."""
    return state.participants.get(participant) or waits(state, participant)


def of_session(state: RoomState, session: SessionId) -> Participant | None:
    """Whose session this is, in the room or in its lobby."""
    participant = state.sessions.get(session)
    if participant is not None:
        return state.participants.get(participant)
    return next((who for who in state.waiting if who.session == session), None)
