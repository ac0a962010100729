"""Who is connected to a room, who is away, who is back: the side of a room that faces its edges."""

from collections import deque
from collections.abc import Coroutine
from typing import Any, Protocol

from meetserver import limits, wire
from meetserver.actors import hello
from meetserver.actors.attachments import Attachments
from meetserver.actors.batch import Batch
from meetserver.actors.envelopes import (
    Detached,
    Edge,
    EpochChecked,
    FromServer,
    Hello,
    IdleOver,
    LinkId,
    LiveFrame,
    OpenByResume,
    OpenByTicket,
    Reattach,
    WindowOver,
)
from meetserver.actors.loading import Fresh
from meetserver.errors import Conflict, MeetError, Refusal, RoomEnded, Unavailable
from meetserver.framing import text_frame
from meetserver.ids import ParticipantId, RoomId, SessionId
from meetserver.messages import Tell
from meetserver.ports import OpenSession, RoomLog
from meetserver.presence.messages import ChangedLive
from meetserver.rooms.live import LiveState, forget, set_away
from meetserver.rooms.messages import Leave, LeaveReason, Participant
from meetserver.rooms.state import RoomState
from meetserver.rooms.views import Views


class Host(Protocol):
    """What the attendance needs of its room."""

    room: RoomId
    epoch: int
    state: RoomState

    def tell_control(self, message: Any) -> None: ...
    def background(self, coroutine: Coroutine[Any, Any, Any]) -> None: ...
    def refuse(self, work: Any, refusal: Refusal) -> None: ...
    def enqueue(self, work: FromServer) -> None: ...
    def why_over(self) -> Refusal: ...


class Attendance:
    """`sessions` are the open ones, connected or not; `live` is what is known of people beside the log."""

    def __init__(self, host: Host, store: RoomLog, resume_window_s: float) -> None:
        self._host = host
        self._store = store
        self._resume_window_s = resume_window_s
        self._attachments = Attachments()
        self._views = Views()
        self._tail: deque[LiveFrame] = deque(maxlen=limits.EDGE_EVENTS)
        self.live = LiveState()
        self.sessions: dict[str, OpenSession] = {}
        self._attempts = 0
        self._newest_attempt: dict[SessionId, int] = {}

    def __len__(self) -> int:
        """Connected sessions."""
        return len(self._attachments)

    def close(self) -> None:
        self._attachments.close()

    # --- telling

    def tell(self, tells: list[Tell], by: ParticipantId) -> None:
        """Pass on what need not last."""
        for tell in tells:
            frame = text_frame(wire.ephemeral_frame(tell.event, by))
            if tell.to is None:
                for edge in self._attachments.edges():
                    edge.ephemeral(self._host.epoch, frame, by, tell.event.coalesce())
            elif (attachment := self._attachments.get(tell.to)) is not None:
                attachment.edge.direct(attachment.link, frame)

    def publish(self, batch: Batch) -> None:
        """Tell every edge what the log has taken."""
        self.sessions |= {row.session: row for row in batch.opened}
        self._tail.extend(batch.frames)
        for edge in self._attachments.edges():
            edge.durable(batch.frames)
        for participant in batch.left:
            self.live = forget(self.live, participant)

    def shared_view(self) -> bytes:
        return self._views.shared(self._host.state, self.live)

    # --- coming

    def loaded(self, fresh: Fresh) -> None:
        """The room was loaded, for the first time or anew: whoever is not connected has the full window from now."""
        self.sessions = fresh.sessions
        self._tail = deque(fresh.tail, maxlen=limits.EDGE_EVENTS)
        for edge in self._attachments.edges():
            edge.durable(fresh.missed)
        for session, participant in fresh.state.sessions.items():
            if self._attachments.get(session) is None:
                self._begin_absence(session, participant)

    def open(self, work: OpenByTicket) -> None:
        """The join is committed: the newcomer gets everything as of now."""
        participant = self._host.state.participants.get(work.join.participant)
        if participant is None:
            self._host.refuse(work, RoomEnded("the meeting ended as you came").refusal)
            return
        self._attach(work.edge, work.link, participant.session)
        self._set_away(participant.id, False)  # a join whose first answer got lost
        work.edge.opened(work.link, self._fresh(work.command_id, work.token, participant))

    def check_resume(self, request: OpenByResume) -> None:
        """A resume is good when the log's entry at the client's seq is one that the client can have seen."""
        if not hello.is_token_of(self.sessions.get(request.session), request.token):
            self._host.refuse(request, self._host.why_over())
            return
        self._attempts += 1
        self._newest_attempt[request.session] = self._attempts
        known = self._epoch_at(request.seq)
        if known is not None or request.seq > self._host.state.seq:
            self.resume(request, self._attempts, known)
        else:
            self._host.background(self._ask_epoch(request, self._attempts))

    def _epoch_at(self, seq: int) -> int | None:
        if seq == 0:
            return 0
        if not self._tail or not self._tail[0].seq <= seq <= self._tail[-1].seq:
            return None
        return self._tail[seq - self._tail[0].seq].epoch

    async def _ask_epoch(self, request: OpenByResume, attempt: int) -> None:
        try:
            epoch = await self._store.epoch_at(self._host.room, request.seq)
        except MeetError:
            self._host.refuse(request, Unavailable("the log cannot be asked right now", retry_after_s=1).refusal)
        else:
            self._host.tell_control(EpochChecked(request, attempt, epoch))

    def resume(self, request: OpenByResume, attempt: int, epoch: int | None) -> None:
        """`epoch` is that of the log's entry at the client's seq; None: there is none."""
        state = self._host.state
        participant = state.participants.get(state.sessions.get(request.session, ParticipantId("")))
        if participant is None or request.session not in self.sessions:
            self._host.refuse(request, self._host.why_over())
            return
        if self._newest_attempt.get(request.session) != attempt:
            self._host.refuse(request, Conflict("this session was resumed elsewhere").refusal)
            return
        self._attach(request.edge, request.link, participant.session)
        self._set_away(participant.id, False)
        if epoch is not None and epoch <= request.epoch and request.seq <= state.seq:
            answer = hello.resumed_hello(
                request.command_id, request.token, participant, state, self.live, self._host.epoch, request.seq
            )
        else:
            answer = self._fresh(request.command_id, request.token, participant)
        request.edge.opened(request.link, answer)

    def _fresh(self, command_id: int | str, token: str, participant: Participant) -> Hello:
        host = self._host
        return hello.fresh_hello(command_id, token, participant, host.state, self.live, host.epoch, self._views)

    def reattach(self, message: Reattach) -> None:
        """An edge tells who is connected to it, to a room that began anew. They were never away; who is not among
        them may have gone meanwhile."""
        for link, session in message.links.items():
            row = self.sessions.get(session)
            if row is None:
                message.edge.closed(link, self._host.why_over())
            else:
                self._attach(message.edge, link, session)
                self.live, _ = set_away(self.live, row.participant, False)
        for session, participant in self._host.state.sessions.items():
            if self._attachments.get(session) is None:
                self.tell([Tell(ChangedLive(participant, away=True))], participant)

    def _attach(self, edge: Edge, link: LinkId, session: SessionId) -> None:
        older = self._attachments.get(session)
        if older is not None and (older.edge is not edge or older.link != link):
            older.edge.closed(older.link, Conflict("this session was resumed elsewhere").refusal)
        is_new_edge = not self._attachments.has_edge(edge)
        self._attachments.add(session, edge, link)
        if is_new_edge:
            edge.attached(self._host.epoch, self._host.state.seq, list(self._tail))

    # --- going

    def detached(self, message: Detached) -> None:
        attachment = self._attachments.get(message.session)
        if attachment is None or attachment.link != message.link or attachment.edge is not message.edge:
            return
        self._attachments.remove(message.session)
        participant = self._host.state.sessions.get(message.session)
        if participant is None:
            return
        if message.bye:
            self._leave(message.session, participant, "bye")
        else:
            self._begin_absence(message.session, participant)

    def _leave(self, session: SessionId, participant: ParticipantId, reason: LeaveReason) -> None:
        """From here on the session cannot be resumed, though the leave is not committed yet."""
        self.sessions.pop(session, None)
        self._host.enqueue(FromServer(Leave(participant, reason)))

    def _begin_absence(self, session: SessionId, participant: ParticipantId) -> None:
        self._attachments.begin_absence(
            session, self._resume_window_s, lambda *absence: self._host.tell_control(WindowOver(*absence))
        )
        self._set_away(participant, True)

    def _set_away(self, participant: ParticipantId, away: bool) -> None:
        self.live, tells = set_away(self.live, participant, away)
        self.tell(tells, participant)

    def window_over(self, message: WindowOver) -> None:
        participant = self._host.state.sessions.get(message.session)
        if participant is not None and self._attachments.is_absent(message.session, message.absence):
            self._leave(message.session, participant, "timeout")

    def close_session(self, session: SessionId, refusal: Refusal) -> None:
        """The session is over for good."""
        self.sessions.pop(session, None)
        self._newest_attempt.pop(session, None)
        self._attachments.end_absence(session)
        if (attachment := self._attachments.remove(session)) is not None:
            attachment.edge.closed(attachment.link, refusal)

    def close_ended(self, refusal: Refusal) -> None:
        """After the room was loaded anew: sessions may have ended in what it did not know."""
        for session in self._attachments.sessions():
            if session not in self._host.state.sessions:
                self.close_session(session, refusal)

    @property
    def is_empty(self) -> bool:
        """Nobody is here or may come back."""
        return not self._attachments and not self._host.state.participants

    def watch_idle(self, idle_s: float) -> None:
        """Have the room told when it has been empty for this long."""
        if self.is_empty:
            self._attachments.begin_idle(idle_s, lambda: self._host.tell_control(IdleOver()))
        else:
            self._attachments.end_idle()
