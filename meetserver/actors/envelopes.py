"""What edges and services put into a room's mailbox, and what a room says to an edge.

All of it is plain values and one `Edge` to answer to, so that a room need not be in the edge's process.
"""

import asyncio
from datetime import datetime
from typing import Protocol, TypeAlias

from msgspec import Struct

from meetserver.errors import MeetError, Refusal, StoreError
from meetserver.ids import ParticipantId, SessionId
from meetserver.messages import Command, Role
from meetserver.ports import Pieces, RoomReply
from meetserver.presence.messages import Set as SetPresence
from meetserver.rooms.messages import Join
from meetserver.rooms.views import Part

LinkId = int
"""A socket at its edge: a session that resumes keeps its id and gets a new link."""

Generation: TypeAlias = tuple[int, int]
"""Which of a session's attachments is the newer: the epoch of the room that let it in, and a number rising in that."""


class LiveFrame(Struct, frozen=True):
    """An entry of the log, framed for sockets once. `to` None: everybody; else its addressees and `by`. `erases`: what
    earlier frames say may not be said any more."""

    epoch: int
    seq: int
    at: datetime
    by: ParticipantId
    frame: bytes
    to: tuple[ParticipantId, ...] | None = None
    erases: bool = False

    def is_for(self, participant: ParticipantId) -> bool:
        return self.to is None or participant == self.by or participant in self.to


class Hello(Struct, frozen=True):
    """A link's place in the room as the room tells its edge. `reply` is the frame of the ok.

    `after_seq` is where the client stands: what the room has beyond it must follow, unless it `is_waiting` in the
    lobby, where nothing does. `auth_session` is the account's session that it was opened with. `generation`: of two
    links that claim the session the one with the higher has it. `person` is the same for all of somebody's tabs.
    """

    session: SessionId
    participant: ParticipantId
    name: str
    role: Role
    after_seq: int
    reply: bytes
    user: str | None = None
    auth_session: str | None = None
    is_waiting: bool = False
    generation: Generation = (0, 0)
    person: str = ""


class Edge(Protocol):
    """A room's view of an edge. Nothing here waits, and nothing raises."""

    def attached(self, epoch: int, seq: int, tail: list[LiveFrame]) -> None:
        """From now on the edge gets what comes after `seq`; `tail` is the newest part of what came before."""

    def opened(self, link: LinkId, hello: Hello) -> None: ...
    def admitted(self, link: LinkId, hello: Hello) -> None:
        """Whoever waited is in: `reply` is the frame with the snapshot. Means nothing to a link that does not wait."""

    def refused(self, link: LinkId, refusal: Refusal) -> None: ...
    def replied(self, link: LinkId, command_id: int | str, number: int, reply: bytes) -> None:
        """`reply` is framed."""

    def durable(self, frames: list[LiveFrame]) -> None: ...
    def ephemeral(self, epoch: int, frame: bytes, author: ParticipantId, key: str | None) -> None:
        """To everybody but its author; of the same author and key the newest wins."""

    def direct(self, link: LinkId, frame: bytes) -> None:
        """To one link alone."""

    def closed(self, link: LinkId, refusal: Refusal) -> None:
        """The session is over for this link: removed, resumed elsewhere, room ended."""


# --- control lane


class OpenByResume(Struct, frozen=True):
    edge: Edge
    link: LinkId
    command_id: int | str
    session: SessionId
    token: str
    epoch: int
    seq: int
    address: str = ""


class EpochChecked(Struct, frozen=True):
    """The epoch of the log's entry at a resume's seq; None when there is none."""

    request: OpenByResume
    attempt: int
    epoch: int | None


class Reattach(Struct, frozen=True):
    """After the room started anew, or could not be reached: the edge's links, as it knows them, and which of them wait
    to be let in. `shown` is the live part of presence, which is in no log, as each link last set it."""

    edge: Edge
    links: dict[LinkId, tuple[SessionId, Generation]]
    waiting: frozenset[LinkId] = frozenset()
    shown: dict[LinkId, SetPresence] = {}


class Detached(Struct, frozen=True):
    """The socket is gone; with `bye` the session is too."""

    edge: Edge
    link: LinkId
    session: SessionId
    bye: bool = False


class EdgeLost(Struct, frozen=True):
    """The edge's process cannot be reached, or has nobody here any more: its links may have gone without a word."""

    edge: Edge


class GraceOver(Struct, frozen=True):
    """A timer: who of these (each with the number of their absence) has not come back is away for all to see."""

    absences: tuple[tuple[SessionId, int], ...]


class WindowOver(Struct, frozen=True):
    """A timer: nobody came back to this session, if `absence` still is its last one."""

    session: SessionId
    absence: int


class IdleOver(Struct, frozen=True):
    """A timer: nobody has been here for a while."""


class Committed(Struct, frozen=True):
    error: StoreError | None


class ReceiptsFound(Struct, frozen=True):
    """Answer of the log: which (by, txn) it has, of the batch under way or of what would be refused.

    `error` when it could not be asked.
    """

    found: dict[tuple[str, str], "Receipt"]
    is_for_batch: bool
    error: MeetError | None = None


class StateWanted(Struct, frozen=True):
    answer: asyncio.Future[bytes | None]


class PartWanted(Struct, frozen=True):
    part: Part
    answer: asyncio.Future[Pieces | None]


class DoorAsked(Struct, frozen=True):
    """Whether a join would be refused, and why; nothing happens."""

    join: Join
    address: str
    answer: asyncio.Future[Refusal | None]


Question: TypeAlias = StateWanted | PartWanted | DoorAsked
"""What a service asks; None is the answer when the room cannot tell."""


class OwnedElsewhere(Struct, frozen=True):
    """The database names a higher epoch than this room's: another process runs it."""


class Stop(Struct, frozen=True):
    """Finish the commit under way and give the room up."""


# --- data lane


class OpenByTicket(Struct, frozen=True):
    """A join: carried as a durable command of the newcomer. The ticket's jti is single use."""

    edge: Edge
    link: LinkId
    command_id: int | str
    join: Join
    token: str
    ticket: str
    address: str = ""
    auth_session: str | None = None


class FromSession(Struct, frozen=True):
    """A command of a session, with the participant that it belongs to. `number` tells it from a later one of the
    same id."""

    edge: Edge
    link: LinkId
    session: SessionId
    participant: ParticipantId
    command_id: int | str
    number: int
    command: Command
    txn: str | None = None


class FromServer(Struct, frozen=True):
    """A command of the server's own: a service's, with an answer, or the room's, without. `session` is whose leave it
    is: it takes its turn behind what that session has said. With `by` it is this participant's, whatever `role` is."""

    command: Command
    role: Role = "host"
    answer: asyncio.Future[RoomReply | Refusal] | None = None
    session: SessionId | None = None
    by: ParticipantId | None = None


class Receipt(Struct, frozen=True):
    """What the ok of a committed command says, and what tells its repetition from another command of that txn."""

    seq: int
    at: datetime
    body_hash: bytes | None
    extra: dict[str, str]
