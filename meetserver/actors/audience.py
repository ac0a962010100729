"""What a room tells its edges: what the log has taken, what need not last, and who is here or away.

A room that begins anew does not know what its former life has told of people: they are unsettled. When one comes back
others are told all there is to show of them, whatever they knew before. Those whose sockets stayed are not told of, as
that would be everybody to everybody; their edges say what they show.
"""

import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from meetserver import limits, wire
from meetserver.actors.attachments import Attachments
from meetserver.actors.batch import Batch
from meetserver.actors.envelopes import Edge, LiveFrame
from meetserver.actors.loading import Fresh
from meetserver.errors import Refusal
from meetserver.framing import text_frame
from meetserver.ids import ParticipantId, RoomId
from meetserver.messages import Context, Tell
from meetserver.presence.messages import ChangedLive
from meetserver.presence.messages import Set as SetPresence
from meetserver.presence.state import UNSEEN
from meetserver.rooms.live import LiveState, forget, react, set_away, with_marks
from meetserver.rooms.messages import Participant
from meetserver.rooms.state import RoomState
from meetserver.rooms.views import Views

log = logging.getLogger(__name__)


class Host(Protocol):
    """What the audience needs of its room."""

    room: RoomId
    epoch: int
    state: RoomState

    def now(self) -> datetime: ...


class Audience:
    """`live` is what is known of people beside the log; `_is_seen`: somebody was shown it as it was then."""

    def __init__(self, host: Host, attachments: Attachments) -> None:
        self._host = host
        self._attachments = attachments
        self._tail: deque[LiveFrame] = deque(maxlen=limits.EDGE_EVENTS)
        self._unsettled: set[ParticipantId] | None = None
        self._views = Views()
        self._is_seen = False
        self.live = LiveState()

    # --- telling

    def tell(self, tells: list[Tell], by: ParticipantId) -> None:
        """Pass on what need not last."""
        for tell in tells:
            frame = text_frame(wire.ephemeral_frame(tell.event, by))
            if tell.to is None:
                self._tell_everybody(frame, by, tell.event.coalesce())
            elif (attachment := self._attachments.get(tell.to)) is not None:
                attachment.edge.direct(attachment.link, frame)

    def _tell_everybody(self, frame: bytes, author: ParticipantId, key: str | None) -> None:
        self._to_edges(lambda edge: edge.ephemeral(self._host.epoch, frame, author, key))

    def publish(self, batch: Batch) -> None:
        """Tell every edge what the log has taken."""
        self._tail.extend(batch.frames)
        self._to_edges(lambda edge: edge.durable(batch.frames))
        for participant in batch.left:
            self.live = forget(self.live, participant)
            self._settle(participant)

    def level(self, edge: Edge) -> None:
        """From now on it hears everything; what it lacks is in the tail, or in the log."""
        edge.attached(self._host.epoch, self._host.state.seq, list(self._tail))

    def _to_edges(self, tell: Callable[[Edge], None]) -> None:
        for edge in self._attachments.edges():
            try:
                tell(edge)
            except Exception:  # the others are to hear all the same
                log.exception("action=edge_failed room=%s", self._host.room)

    def shared_view(self) -> bytes:
        return self._views.shared(self._host.state, self.live)

    def view(self, viewer: ParticipantId) -> bytes:
        """The snapshot for somebody who comes in."""
        self._is_seen = True
        return self._views.view(self._host.state, self.live, viewer)

    def epoch_at(self, seq: int) -> int | None:
        """The epoch of the log's entry at `seq`, as far as that is known here."""
        if seq == 0:
            return 0
        if not self._tail or not self._tail[0].seq <= seq <= self._tail[-1].seq:
            return None
        return self._tail[seq - self._tail[0].seq].epoch

    # --- who is here

    def loaded(self, fresh: Fresh) -> None:
        """The room was loaded, for the first time or anew."""
        self._tail = deque(fresh.tail, maxlen=limits.EDGE_EVENTS)
        self._to_edges(lambda edge: edge.durable(fresh.missed))
        self.live = with_marks(self.live, fresh.marks)
        if self._unsettled is None:
            self._unsettled = set(fresh.state.participants)

    def _settle(self, participant: ParticipantId) -> bool:
        """Whether it was not before."""
        if not self._unsettled or participant not in self._unsettled:
            return False
        self._unsettled.discard(participant)
        return True

    def came(self, who: Participant) -> None:
        """By a ticket, or back by a resume."""
        self._is_seen = True
        if self._settle(who.id):
            shown = self.live.shown.get(who.id, UNSEEN)
            told = ChangedLive(who.id, shown.audio, shown.video, shown.status, away=False, board=shown.board)
            self.tell([Tell(told)], who.id)
        else:
            self.set_away(who, False)

    def stayed(self, who: Participant, shown: SetPresence | None) -> None:
        """Their edge has them, and what they show: they were never away, though this room may have taken them to be."""
        reaction = None if shown is None else react(self.live, self._host.state, shown, self._context_of(who))
        tells: list[Tell] = []
        if reaction is not None and not isinstance(reaction, Refusal):
            self.live, tells = reaction
        if not self._settle(who.id) or self._is_seen:
            self.tell(tells, who.id)
            self.set_away(who, False)

    def went(self, who: Participant) -> None:
        self._settle(who.id)
        self.set_away(who, True)

    def set_away(self, who: Participant, away: bool) -> None:
        """Told of those inside: the queue shows who waits, not whether they are connected."""
        if who.id in self._host.state.participants:
            self.live, tells = set_away(self.live, who.id, away)
            self.tell(tells, who.id)

    def _context_of(self, who: Participant) -> Context:
        host = self._host
        return Context(host.room, who.id, who.session, who.role, who.name, host.now(), "", host.state.participants)
