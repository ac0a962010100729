"""Who is connected to a room, who is away, who is back: the side of a room that faces its edges."""

from collections import deque
from collections.abc import Coroutine
from typing import Any, Protocol

from meetserver import limits, wire
from meetserver.actors import hello
from meetserver.actors.attachments import Attachments
from meetserver.actors.batch import Batch
from meetserver.actors.door import Door, why_over
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
from meetserver.actors.sessions import Sessions
from meetserver.errors import Conflict, MeetError, Refusal, RoomEnded, Unavailable
from meetserver.framing import text_frame
from meetserver.ids import ParticipantId, RoomId, SessionId
from meetserver.messages import Role, Tell
from meetserver.ports import RoomLog
from meetserver.presence.messages import ChangedLive
from meetserver.rooms.live import LiveState, forget, set_away
from meetserver.rooms.messages import Leave, LeaveReason, Participant
from meetserver.rooms.state import RoomState, everybody, find, of_session
from meetserver.rooms.views import Views


class Host(Protocol):
    """What the attendance needs of its room."""

    room: RoomId
    epoch: int
    state: RoomState
    door: Door

    def tell_control(self, message: Any) -> None: ...
    def background(self, coroutine: Coroutine[Any, Any, Any]) -> None: ...
    def refuse(self, work: Any, refusal: Refusal) -> None: ...
    def enqueue(self, work: FromServer) -> None: ...


class Attendance:
    """`live` is what is known of people beside the log; `_in_lobby` are connected, and have been told to wait."""

    def __init__(self, host: Host, store: RoomLog, resume_window_s: float) -> None:
        self._host = host
        self._store = store
        self._resume_window_s = resume_window_s
        self._attachments = Attachments()
        self._views = Views()
        self._tail: deque[LiveFrame] = deque(maxlen=limits.EDGE_EVENTS)
        self.live = LiveState()
        self.sessions = Sessions()
        self._in_lobby: set[SessionId] = set()
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
        self.sessions.add(batch.opened)
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
        self.sessions.replace(fresh.sessions)
        self._tail = deque(fresh.tail, maxlen=limits.EDGE_EVENTS)
        for edge in self._attachments.edges():
            edge.durable(fresh.missed)
        for who in everybody(fresh.state):
            if self._attachments.get(who.session) is None:
                self._begin_absence(who)
        self.admit()

    def open(self, work: OpenByTicket) -> None:
        """The join is committed: the newcomer gets everything as of now."""
        who = find(self._host.state, work.join.participant)
        if who is None:
            self._host.refuse(work, RoomEnded("the meeting ended as you came").refusal)
            return
        self._attach(work.edge, work.link, who.session)
        self._set_away(who, False)  # a join whose first answer got lost
        work.edge.opened(work.link, self._fresh(work, who))

    def check_resume(self, request: OpenByResume) -> None:
        """A resume is good when the log's entry at the client's seq is one that the client can have seen."""
        if not self.sessions.has_token(request.session, request.token):
            self._host.refuse(request, why_over(self._host.state, request.session))
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
        who, row = of_session(state, request.session), self.sessions.get(request.session)
        if who is None or row is None:
            self._host.refuse(request, why_over(self._host.state, request.session))
            return
        if self._newest_attempt.get(request.session) != attempt:
            self._host.refuse(request, Conflict("this session was resumed elsewhere").refusal)
            return
        if (refusal := self._host.door.turned_away(state, who, request.address, row.roles)) is not None:
            self._host.refuse(request, refusal)
            return
        self._attach(request.edge, request.link, who.session)
        self._set_away(who, False)
        # Who waited in the lobby at that seq has seen nothing of what came before it.
        was_inside = state.arrivals.get(who.id, state.seq + 1) <= request.seq
        if was_inside and epoch is not None and epoch <= request.epoch and request.seq <= state.seq:
            answer = hello.resumed_hello(request, row, who, state, self.live, self._host.epoch)
        else:
            answer = self._fresh(request, who)
        request.edge.opened(request.link, answer)

    def _fresh(self, request: OpenByTicket | OpenByResume, who: Participant) -> Hello:
        """From the beginning, or into the lobby."""
        host, row = self._host, self.sessions.get(who.session)
        assert row is not None
        if who.id in host.state.participants:
            return hello.fresh_hello(request, row, who, host.state, self.live, host.epoch, self._views)
        self._in_lobby.add(who.session)
        return hello.waiting_hello(request, row, who, host.state, host.epoch)

    def admit(self) -> None:
        """Whoever was told to wait, and by now is in the room, gets it as it is now."""
        host, frames = self._host, dict[tuple[Role, bytes], bytes]()
        for session in [session for session in self._in_lobby if session in host.state.sessions]:
            self._in_lobby.discard(session)
            attachment, row = self._attachments.get(session), self.sessions.get(session)
            who = of_session(host.state, session)
            if attachment is None or row is None or who is None:
                continue
            seen = who.role, self._views.view(host.state, self.live, who.id)
            if (frame := frames.get(seen)) is None:
                frame = frames[seen] = hello.snapshot_frame(who.role, host.state, host.epoch, seen[1])
            attachment.edge.admitted(attachment.link, hello.admitted_hello(row, who, host.state, frame))

    def reattach(self, message: Reattach) -> None:
        """An edge tells who is connected to it, to a room that began anew. They were never away; who is not among
        them may have gone meanwhile."""
        for link, session in message.links.items():
            row = self.sessions.get(session)
            if row is None:
                message.edge.closed(link, why_over(self._host.state, session))
            else:
                self._attach(message.edge, link, session)
                self.live, _ = set_away(self.live, row.participant, False)
                if link in message.waiting:
                    self._in_lobby.add(session)
        self.admit()
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
        self._in_lobby.discard(message.session)
        who = of_session(self._host.state, message.session)
        if who is None:
            return
        if message.bye:
            self._leave(who, "bye")
        else:
            self._begin_absence(who)

    def _leave(self, who: Participant, reason: LeaveReason) -> None:
        """From here on the session cannot be resumed, though the leave is not committed yet."""
        self.sessions.leave(who.session)
        self._host.enqueue(FromServer(Leave(who.id, reason)))

    def _begin_absence(self, who: Participant) -> None:
        self._attachments.begin_absence(
            who.session, self._resume_window_s, lambda *absence: self._host.tell_control(WindowOver(*absence))
        )
        self._set_away(who, True)

    def _set_away(self, who: Participant, away: bool) -> None:
        """Told of those inside: the queue shows who waits, not whether they are connected."""
        if who.id in self._host.state.participants:
            self.live, tells = set_away(self.live, who.id, away)
            self.tell(tells, who.id)

    def window_over(self, message: WindowOver) -> None:
        who = of_session(self._host.state, message.session)
        if who is not None and self._attachments.is_absent(message.session, message.absence):
            self._leave(who, "timeout")

    def close_session(self, session: SessionId) -> None:
        """The session is over for good."""
        self.sessions.close(session)
        self._in_lobby.discard(session)
        self._newest_attempt.pop(session, None)
        self._attachments.end_absence(session)
        if (attachment := self._attachments.remove(session)) is not None:
            attachment.edge.closed(attachment.link, why_over(self._host.state, session))

    def close_ended(self) -> None:
        """After the room was loaded anew: sessions may have ended in what it did not know."""
        for session in self._attachments.sessions():
            if of_session(self._host.state, session) is None:
                self.close_session(session)

    @property
    def is_empty(self) -> bool:
        """Nobody is here or may come back."""
        return not self._attachments and not self._host.state.participants and not self._host.state.waiting

    def watch_idle(self, idle_s: float) -> None:
        """Have the room told when it has been empty for this long."""
        if self.is_empty:
            self._attachments.begin_idle(idle_s, lambda: self._host.tell_control(IdleOver()))
        else:
            self._attachments.end_idle()
