"""A room as its log makes it: who is here, what was said, what was drawn. Frozen; its maps are persistent ones."""

from datetime import datetime

from immutables import Map
from msgspec import Struct

from meetserver.chat.state import ChatState
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId
from meetserver.rooms.messages import Participant, Settings
from meetserver.whiteboard.state import BoardState


class RoomState(Struct, frozen=True):
    """`seq`, `epoch` and `at` are those of the last entry folded in; 0, 0 and None before the first.

    `sessions` is the way back from a session to its participant, in step with `participants`.
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

    @property
    def rules(self) -> Settings:
        """The settings, or the defaults as long as none were made."""
        return self.settings or Settings()


def empty(room: RoomId, meeting: MeetingId) -> RoomState:
    return RoomState(room, meeting)


def in_order(state: RoomState) -> list[Participant]:
    """Who came first stands first."""
    return sorted(state.participants.values(), key=lambda p: (p.joined_at, p.id))
