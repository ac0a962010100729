"""Who comes to a room, goes, and comes back, through whichever of its edges."""

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import datetime
from typing import Any, Final, Protocol

from meetserver import limits
from meetserver.actors import hello
from meetserver.actors.attachments import Attachment, Attachments
from meetserver.actors.audience import Audience
from meetserver.actors.batch import Batch
from meetserver.actors.door import Door, why_over
from meetserver.actors.envelopes import (
    Detached,
    Edge,
    EpochChecked,
    FromServer,
    Generation,
    GraceOver,
    Hello,
    IdleOver,
    LinkId,
    OpenByResume,
    OpenByTicket,
    OwnedElsewhere,
    Reattach,
    WindowOver,
)
from meetserver.actors.loading import Fresh
from meetserver.actors.sessions import Sessions
from meetserver.errors import Conflict, MeetError, Refusal, RoomEnded, Unavailable
from meetserver.ids import RoomId, SessionId
from meetserver.messages import Role
from meetserver.ports import RoomLog
from meetserver.rooms.messages import Leave, LeaveReason, Participant
from meetserver.rooms.state import RoomState, everybody, find, of_session

NO_LINK: Final = (0, 0)
RESUMED_ELSEWHERE: Final = Conflict("this session was resumed elsewhere").refusal


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
    def now(self) -> datetime: ...


class Attendance:
    """`_in_lobby` are connected, and have been told to wait."""

    def __init__(self, host: Host, store: RoomLog, resume_window_s: float) -> None:
        self._host = host
        self._store = store
        self._resume_window_s = resume_window_s
        self._attachments = Attachments()
        self.audience = Audience(host, self._attachments)
        self.sessions = Sessions()
        self._generation = 0
        self._in_lobby: set[SessionId] = set()
        self._attempts = 0
        self._newest_attempt: dict[SessionId, int] = {}
        self._newest_link: dict[SessionId, Generation] = {}

    def __len__(self) -> int:
        """Connected sessions."""
        return len(self._attachments)

    def close(self) -> None:
        self._attachments.close()

    def publish(self, batch: Batch) -> None:
        """Tell every edge what the log has taken."""
        self.sessions.add(batch.opened)
        self.audience.publish(batch)

    # --- coming

    def loaded(self, fresh: Fresh) -> None:
        """The room was loaded, for the first time or anew: whoever is not connected has the full window from now."""
        for over in [session for session in self._newest_link if session not in fresh.sessions]:
            self._forget(over)
        self.sessions.replace(fresh.sessions)
        self.audience.loaded(fresh)
        self._miss(who for who in everybody(fresh.state) if self._attachments.get(who.session) is None)
        self.admit()

    def open(self, work: OpenByTicket) -> None:
        """The join is committed: the newcomer gets everything as of now."""
        who = find(self._host.state, work.join.participant)
        if who is None:
            self._host.refuse(work, RoomEnded("the meeting ended as you came").refusal)
            return
        generation = self._let_in(work.edge, work.link, who)
        work.edge.opened(work.link, self._fresh(work, who, generation))

    def check_resume(self, request: OpenByResume) -> None:
        """A resume is good when the log's entry at the client's seq is one that the client can have seen."""
        if not self.sessions.has_token(request.session, request.token):
            self._host.refuse(request, why_over(self._host.state, request.session))
            return
        self._attempts += 1
        self._newest_attempt[request.session] = self._attempts
        if (known := self.audience.epoch_at(request.seq)) is not None:
            self.resume(request, self._attempts, known)
        else:
            self._host.background(self._ask_epoch(request, self._attempts))

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
        if epoch is not None and request.seq > state.seq:
            self._is_ahead(request, epoch)
            return
        if who is None or row is None:
            self._host.refuse(request, why_over(self._host.state, request.session))
            return
        if self._newest_attempt.get(request.session) != attempt:
            self._host.refuse(request, RESUMED_ELSEWHERE)
            return
        if (refusal := self._host.door.turned_away(state, who, request.address, row.roles)) is not None:
            self._host.refuse(request, refusal)
            return
        generation = self._let_in(request.edge, request.link, who)
        # Who waited in the lobby at that seq has seen nothing of what came before it.
        was_inside = state.arrivals.get(who.id, state.seq + 1) <= request.seq
        is_in_log = state.expired < request.seq <= state.seq
        if was_inside and epoch is not None and epoch <= request.epoch and is_in_log:
            place = hello.Place(row, who, generation)
            answer = hello.resumed_hello(request, place, state, self.audience.live, self._host.epoch)
        else:
            answer = self._fresh(request, who, generation)
        request.edge.opened(request.link, answer)

    def _is_ahead(self, request: OpenByResume, epoch: int) -> None:
        """The client has seen what the log has, and this room not yet; another owner wrote it, or this one just now."""
        self._host.refuse(request, Unavailable("the room is behind its log", retry_after_s=limits.SEEK_PAUSE_S).refusal)
        if epoch > self._host.epoch:
            self._host.tell_control(OwnedElsewhere())

    def _fresh(self, request: OpenByTicket | OpenByResume, who: Participant, generation: Generation) -> Hello:
        """From the beginning, or into the lobby."""
        host, row = self._host, self.sessions.get(who.session)
        assert row is not None
        place = hello.Place(row, who, generation)
        if who.id in host.state.participants:
            return hello.fresh_hello(request, place, host.state, host.epoch, self.audience.view(who.id))
        self._in_lobby.add(who.session)
        return hello.waiting_hello(request, place, host.state, host.epoch)

    def admit(self) -> None:
        """Whoever was told to wait, and by now is in the room, gets it as it is now."""
        host, frames = self._host, dict[tuple[Role, bytes], bytes]()
        for session in [session for session in self._in_lobby if session in host.state.sessions]:
            self._in_lobby.discard(session)
            attachment, row = self._attachments.get(session), self.sessions.get(session)
            who = of_session(host.state, session)
            if attachment is None or row is None or who is None:
                continue
            seen = who.role, self.audience.view(who.id)
            if (frame := frames.get(seen)) is None:
                frame = frames[seen] = hello.snapshot_frame(who.role, host.state, host.epoch, seen[1])
            place = hello.Place(row, who, attachment.generation)
            attachment.edge.admitted(attachment.link, hello.admitted_hello(place, host.state, frame))

    def reattach(self, message: Reattach) -> None:
        """An edge tells who is connected to it, to a room that began anew or had lost it. They were never away."""
        for link, (session, generation) in message.links.items():
            row, who = self.sessions.get(session), of_session(self._host.state, session)
            if row is None or who is None:
                message.edge.closed(link, why_over(self._host.state, session))
            elif self._attach(session, Attachment(message.edge, link, generation)):
                self.audience.stayed(who, message.shown.get(link))
                if link in message.waiting:
                    self._in_lobby.add(session)
        if self._attachments.has_edge(message.edge):
            self.audience.level(message.edge)
        self.admit()

    def _let_in(self, edge: Edge, link: LinkId, who: Participant) -> Generation:
        self._generation += 1
        generation = self._host.epoch, self._generation
        is_new_edge = not self._attachments.has_edge(edge)
        self._attach(who.session, Attachment(edge, link, generation))
        if is_new_edge:
            self.audience.level(edge)
        self.audience.came(who)
        return generation

    def _attach(self, session: SessionId, attachment: Attachment) -> bool:
        """A session is attached through the newest of the links that claim it, or did before they went; the others are
        closed."""
        if self._newest_link.get(session, NO_LINK) > attachment.generation:
            attachment.edge.closed(attachment.link, RESUMED_ELSEWHERE)
            return False
        self._newest_link[session] = attachment.generation
        other = self._attachments.get(session)
        if other is not None and not other.is_same_link_as(attachment):
            other.edge.closed(other.link, RESUMED_ELSEWHERE)
        self._attachments.add(session, attachment)
        return True

    # --- going

    def detached(self, message: Detached) -> None:
        attachment = self._attachments.get(message.session)
        if attachment is None:  # a bye may have waited for an owner that never saw the link
            if not message.bye or self.sessions.get(message.session) is None:
                return
        elif not attachment.is_through(message.edge, message.link):
            return
        who = self._detach(message.session)
        if who is None:
            return
        if message.bye:
            self._leave(who, "bye")
        else:
            self._begin_absence(who)
            self.audience.went(who)

    def edge_lost(self, edge: Edge) -> None:
        """Its people may be there all the while: an edge that still lives will say so in a moment."""
        people = [self._detach(session) for session in self._attachments.sessions_through(edge)]
        self._miss(who for who in people if who is not None)

    def _detach(self, session: SessionId) -> Participant | None:
        self._attachments.remove(session)
        self._in_lobby.discard(session)
        return of_session(self._host.state, session)

    def _leave(self, who: Participant, reason: LeaveReason) -> None:
        """From here on the session cannot be resumed, though the leave is not committed yet."""
        self.sessions.leave(who.session)
        self._host.enqueue(FromServer(Leave(who.id, reason), session=who.session))

    def _begin_absence(self, who: Participant) -> int:
        return self._attachments.begin_absence(
            who.session, self._resume_window_s, lambda *absence: self._host.tell_control(WindowOver(*absence))
        )

    def _miss(self, people: Iterable[Participant]) -> None:
        """Others are told that they are away unless they come back within the grace; their window counts from now."""
        absences = tuple((who.session, self._begin_absence(who)) for who in people)
        if absences:
            self._host.background(self._after_grace(absences))

    async def _after_grace(self, absences: tuple[tuple[SessionId, int], ...]) -> None:
        await asyncio.sleep(limits.REATTACH_GRACE_S)
        self._host.tell_control(GraceOver(absences))

    def grace_over(self, message: GraceOver) -> None:
        for session, absence in message.absences:
            who = of_session(self._host.state, session)
            if who is not None and self._attachments.is_absent(session, absence):
                self.audience.went(who)

    def window_over(self, message: WindowOver) -> None:
        who = of_session(self._host.state, message.session)
        if who is not None and self._attachments.is_absent(message.session, message.absence):
            self._leave(who, "timeout")

    def close_session(self, session: SessionId) -> None:
        """The session is over for good."""
        self.sessions.close(session)
        self._in_lobby.discard(session)
        self._forget(session)
        self._attachments.end_absence(session)
        if (attachment := self._attachments.remove(session)) is not None:
            attachment.edge.closed(attachment.link, why_over(self._host.state, session))

    def _forget(self, session: SessionId) -> None:
        self._newest_attempt.pop(session, None)
        self._newest_link.pop(session, None)

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
