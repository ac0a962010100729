"""The meeting room: decide, commit, evolve, tell.

This is the actor: its life, its mailbox, who is attached, and what need not last. The durable side (what waits,
the batch under way, receipts) is writer.py. One batch is in flight; meanwhile ephemeral commands run. When the
outcome of a commit is unknown the room loads itself anew under a higher epoch (docs/architecture.md).
"""

import logging
from collections import deque
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

from meetserver import limits, wire
from meetserver.actors import hello
from meetserver.actors.actor import Actor
from meetserver.actors.attachments import Attachments
from meetserver.actors.background import Background
from meetserver.actors.batch import Batch
from meetserver.actors.envelopes import (
    Committed,
    Detached,
    Edge,
    EpochChecked,
    FromServer,
    FromSession,
    IdleOver,
    LinkId,
    LiveFrame,
    OpenByResume,
    OpenByTicket,
    Reattach,
    ReceiptsFound,
    StateWanted,
    Stop,
    WindowOver,
)
from meetserver.actors.loading import Delayed, Fresh, Missing, load_room
from meetserver.actors.receipts import Receipts
from meetserver.actors.snapshots import Snapshots
from meetserver.actors.writer import Committer, Writer, context_of
from meetserver.errors import (
    Conflict,
    MeetError,
    NotFound,
    Refusal,
    RoomEnded,
    Stale,
    Unauthenticated,
    Unavailable,
)
from meetserver.framing import text_frame
from meetserver.ids import MeetingId, ParticipantId, RoomId, SessionId, ShardId
from meetserver.messages import Tell
from meetserver.ports import Clock, OpenSession, Random, RoomLog, RoomReply
from meetserver.presence.messages import Set as SetPresence
from meetserver.rooms.live import LiveState, forget, react, set_away
from meetserver.rooms.messages import DurableOk, Leave
from meetserver.rooms.state import RoomState, empty
from meetserver.rooms.views import Views

log = logging.getLogger(__name__)


class RoomActor(Actor):
    """One room while this process owns it. `run` ends with `end` "idle", "stop", "gone" (no such room) or "stale"
    (owned elsewhere)."""

    def __init__(
        self,
        room: RoomId,
        shard: ShardId,
        *,
        store: RoomLog,
        committer: Committer,
        clock: Clock,
        random: Random,
        resume_window_s: float = limits.RESUME_WINDOW_S,
        idle_s: float = limits.ROOM_IDLE_S,
    ) -> None:
        super().__init__()
        self.room = room
        self._shard = shard
        self._store = store
        self._clock = clock
        self._random = random
        self._resume_window_s = resume_window_s
        self._idle_s = idle_s
        self._tasks = Background()
        self._snapshots = Snapshots(store, room, self._tasks)
        self._writer = Writer(self, store, committer)
        self._views = Views()
        self._attachments = Attachments()
        self.epoch = 0
        self.state: RoomState = empty(room, MeetingId(""))
        self._live = LiveState()
        self.sessions: dict[str, OpenSession] = {}
        self._tail: deque[LiveFrame] = deque(maxlen=limits.EDGE_EVENTS)
        self._early: list[Any] = []
        self._was_loaded = False
        self._is_serving = False
        self._is_stopping = False
        self.end: str = ""

    # --- its life

    async def run(self) -> None:
        try:
            while True:
                self._begin_loading()
                self.end = await self.awake()
                if self.end in ("gone", "stale"):
                    return
                await self._retire()
                if self._is_stopping or not (self.mailbox or self._writer or self._early):
                    return
        finally:
            self._attachments.close()
            await self._tasks.close()

    def rest(self) -> list[Any]:
        """What nobody answered yet, when the actor is gone."""
        return [*self._writer.take_all(), *self._early, *self.mailbox.drain()]

    def _begin_loading(self) -> None:
        self._is_serving = False
        known_seq = self.state.seq if self._was_loaded else None
        self.background(load_room(self._store, self.room, self._shard, self._clock, known_seq, self.tell_control))

    def _loaded(self, fresh: Fresh) -> None:
        self.epoch, self.state, self.sessions = fresh.epoch, fresh.state, fresh.sessions
        self._writer.start_over(Receipts(fresh.entries, is_complete=fresh.is_whole_log))
        self._snapshots.loaded(fresh.state, fresh.entries, fresh.snapshot_bytes)
        self._tail = deque(fresh.tail, maxlen=limits.EDGE_EVENTS)
        if fresh.configure is not None:
            self._writer.enqueue_first(FromServer(fresh.configure))
        self._is_serving = self._was_loaded = True
        for edge in self._attachments.edges():
            edge.durable(fresh.missed)
        for session, participant in self.state.sessions.items():
            if self._attachments.get(session) is None:
                self._begin_absence(session, participant)
        early, self._early = self._early, []
        for message in early:
            self.receive(message)
        self._watch_idle()
        log.info("action=room_loaded room=%s epoch=%d seq=%d", self.room, self.epoch, self.state.seq)

    def _delayed(self) -> None:
        """The database is away: who waits for it is told, and the room goes on with what need not last."""
        refusal = Unavailable("the room cannot store anything right now", retry_after_s=1).refusal
        for work in self._writer.take_all():
            self.refuse(work, refusal)

    def _missing(self) -> None:
        refusal = NotFound("there is no such room").refusal
        for message in self.rest():
            self.refuse(message, refusal)
        self.interrupt("gone")

    def lose(self, error: MeetError | None) -> None:
        """The log did not take a batch: never go on from a guess."""
        log.warning("action=commit_lost room=%s epoch=%d error=%r", self.room, self.epoch, error)
        if isinstance(error, Stale):
            self._is_serving = False
            self.interrupt("stale")
        else:
            self._begin_loading()

    async def _retire(self) -> None:
        self._is_serving = False
        try:
            await self._snapshots.save(self.state)
            await self._store.release(self.room, self.epoch)
        except MeetError as error:
            log.warning("action=room_release_failed room=%s error=%s", self.room, error)

    # --- the mailbox

    def receive(self, message: Any) -> None:
        match message:
            case FromSession():
                self._from_session(message)
            case OpenByTicket() | FromServer():
                self._writer.enqueue(message)
            case Committed():
                self._writer.committed(message.error)
            case ReceiptsFound():
                self._writer.receipts_found(message)
            case Fresh():
                self._loaded(message)
            case Delayed():
                self._delayed()
            case Missing():
                self._missing()
            case Stop():
                self._is_stopping = True
            case Detached():
                self._detached(message)
            case _ if not self._is_serving:
                self._early.append(message)
            case OpenByResume():
                self._check_resume(message)
            case EpochChecked():
                self._resume(message.request, message.epoch)
            case Reattach():
                self._reattach(message)
            case StateWanted():
                if not message.answer.done():
                    message.answer.set_result(self._views.shared(self.state, self._live))
            case WindowOver():
                self._window_over(message)
            case IdleOver():
                self._idle_over()
            case _:
                raise TypeError(f"no room handles {type(message).__name__}")

    def after_batch(self) -> None:
        if self._is_serving:
            self._writer.commit_next()
            if self._is_stopping and not self._writer:
                self.interrupt("stop")

    # --- commands of people

    def _from_session(self, message: FromSession) -> None:
        command = message.command
        if not self._was_loaded and not command.durable:
            self.refuse(message, Unavailable("the room is being loaded", retry_after_s=1).refusal)
            return
        is_durable = command.is_durable if isinstance(command, SetPresence) else command.durable
        refusal = None if command.durable else self._react(message)
        if is_durable:
            self._writer.enqueue(message)
        elif refusal is not None:
            self.refuse(message, refusal)
        else:
            message.edge.replied(message.link, message.command_id, text_frame(wire.ok_frame(message.command_id, {})))

    def _react(self, message: FromSession) -> Refusal | None:
        """The part that need not last: at once, in a state of its own."""
        context = context_of(self.state, message, self.now(), "")
        if isinstance(context, Refusal):
            return context
        try:
            reaction = react(self._live, self.state, message.command, context)
        except Exception:
            log.exception("action=command_failed room=%s type=%s", self.room, message.command.type)
            return Refusal("internal", "the server failed at this command")
        if isinstance(reaction, Refusal):
            return reaction
        self._live, tells = reaction
        self._tell(tells, context.by)
        return None

    def _tell(self, tells: list[Tell], by: ParticipantId) -> None:
        for tell in tells:
            frame = text_frame(wire.ephemeral_frame(tell.event, by))
            if tell.to is None:
                for edge in self._attachments.edges():
                    edge.ephemeral(self.epoch, frame, by, tell.event.coalesce())
            elif (attachment := self._attachments.get(tell.to)) is not None:
                attachment.edge.direct(attachment.link, frame)

    # --- what the writer tells

    def publish(self, batch: Batch) -> None:
        """The log has it: now it is a fact."""
        self.state = batch.state
        self.sessions |= {row.session: row for row in batch.opened}
        self._tail.extend(batch.frames)
        self._snapshots.committed(self.state, batch.entries)
        for edge in self._attachments.edges():
            edge.durable(batch.frames)
        for participant in batch.left:
            self._live = forget(self._live, participant)
        for session in batch.closed:
            self._close_session(session, Unauthenticated("this session is over").refusal)
        if self.state.ended:
            for session, _ in self._attachments.items():
                self._close_session(session, RoomEnded("the meeting has ended").refusal)
        self._watch_idle()

    def _close_session(self, session: SessionId, refusal: Refusal) -> None:
        self.sessions.pop(session, None)
        self._attachments.end_absence(session)
        if (attachment := self._attachments.remove(session)) is not None:
            attachment.edge.closed(attachment.link, refusal)

    def open(self, work: OpenByTicket) -> None:
        participant = self.state.participants[work.join.participant]
        self._attach(work.edge, work.link, participant.session, participant.id)
        work.edge.opened(
            work.link,
            hello.fresh_hello(
                work.command_id, work.token, participant, self.state, self._live, self.epoch, self._views
            ),
        )

    def grant(self, work: Any, ok: DurableOk) -> None:
        if isinstance(work, FromServer):
            if work.answer is not None and not work.answer.done():
                work.answer.set_result(RoomReply(ok.seq, ok.at))
        else:
            work.edge.replied(work.link, work.command_id, text_frame(wire.ok_frame(work.command_id, ok)))

    def refuse(self, work: Any, refusal: Refusal) -> None:
        match work:
            case FromSession():
                work.edge.replied(work.link, work.command_id, text_frame(wire.error_frame(work.command_id, refusal)))
            case OpenByTicket() | OpenByResume():
                work.edge.refused(work.link, refusal)
            case FromServer() if work.answer is not None and not work.answer.done():
                work.answer.set_result(refusal)
            case StateWanted() if not work.answer.done():
                work.answer.cancel()
            case _:
                log.debug("action=unanswered room=%s message=%s", self.room, type(work).__name__)

    # --- coming back, going away

    def _check_resume(self, request: OpenByResume) -> None:
        """A resume is good when the log's entry at the client's seq is one that the client can have seen."""
        if not hello.is_token_of(self.sessions.get(request.session), request.token):
            self.refuse(request, Unauthenticated("there is no such session to resume").refusal)
            return
        known = self._epoch_at(request.seq)
        if known is not None or request.seq > self.state.seq:
            self._resume(request, known)
        else:
            self.background(self._ask_epoch(request))

    def _epoch_at(self, seq: int) -> int | None:
        if seq == 0:
            return 0
        if not self._tail or seq < self._tail[0].seq or seq > self._tail[-1].seq:
            return None
        return self._tail[seq - self._tail[0].seq].epoch

    async def _ask_epoch(self, request: OpenByResume) -> None:
        try:
            epoch = await self._store.epoch_at(self.room, request.seq)
        except MeetError:
            self.refuse(request, Unavailable("the log cannot be asked right now", retry_after_s=1).refusal)
        else:
            self.tell_control(EpochChecked(request, epoch))

    def _resume(self, request: OpenByResume, epoch: int | None) -> None:
        session = self.sessions.get(request.session)
        participant = None if session is None else self.state.participants.get(session.participant)
        if participant is None:
            self.refuse(request, Unauthenticated("this session is over").refusal)
            return
        self._attach(request.edge, request.link, participant.session, participant.id)
        if epoch is not None and epoch <= request.epoch and request.seq <= self.state.seq:
            answer = hello.resumed_hello(
                request.command_id, request.token, participant, self.state, self._live, self.epoch, request.seq
            )
        else:
            answer = hello.fresh_hello(
                request.command_id, request.token, participant, self.state, self._live, self.epoch, self._views
            )
        request.edge.opened(request.link, answer)

    def _reattach(self, message: Reattach) -> None:
        for link, session in message.links.items():
            row = self.sessions.get(session)
            if row is None:
                message.edge.closed(link, Unauthenticated("this session is over").refusal)
            else:
                self._attach(message.edge, link, session, row.participant)

    def _attach(self, edge: Edge, link: LinkId, session: SessionId, participant: ParticipantId) -> None:
        older = self._attachments.get(session)
        if older is not None and (older.edge is not edge or older.link != link):
            older.edge.closed(older.link, Conflict("this session was resumed elsewhere").refusal)
        is_new_edge = not self._attachments.has_edge(edge)
        self._attachments.add(session, edge, link)
        if is_new_edge:
            edge.attached(self.epoch, self.state.seq, list(self._tail))
        self._live, tells = set_away(self._live, participant, False)
        self._tell(tells, participant)

    def _detached(self, message: Detached) -> None:
        attachment = self._attachments.get(message.session)
        if attachment is None or attachment.link != message.link or attachment.edge is not message.edge:
            return
        self._attachments.remove(message.session)
        if (participant := self.state.sessions.get(message.session)) is None:
            return
        if message.bye:
            self._writer.enqueue(FromServer(Leave(participant, "bye")))
        else:
            self._begin_absence(message.session, participant)

    def _begin_absence(self, session: SessionId, participant: ParticipantId) -> None:
        self._attachments.begin_absence(
            session, self._resume_window_s, lambda session, absence: self.tell_control(WindowOver(session, absence))
        )
        self._live, tells = set_away(self._live, participant, True)
        self._tell(tells, participant)

    def _window_over(self, message: WindowOver) -> None:
        participant = self.state.sessions.get(message.session)
        if participant is not None and self._attachments.is_absent(message.session, message.absence):
            self._writer.enqueue(FromServer(Leave(participant, "timeout")))

    # --- sleep

    def _watch_idle(self) -> None:
        if not self._attachments and not self.state.participants:
            self._attachments.when_idle(self._idle_s, lambda: self.tell_control(IdleOver()))

    def _idle_over(self) -> None:
        if not self._attachments and not self._writer and not self.state.participants:
            self.interrupt("idle")

    # --- for the writer

    def background(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._tasks.start(coroutine)

    def now(self) -> datetime:
        return self._clock.now()

    def new_id(self) -> str:
        return self._random.id()
