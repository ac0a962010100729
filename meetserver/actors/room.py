"""The meeting room: decide, commit, evolve, tell.

This is the actor: its life, its mailbox, and what need not last. The durable side (what waits, the batch under way,
receipts) is writer.py; who is connected, away or back is attendance.py. One batch is in flight; meanwhile ephemeral
commands run. When the outcome of a commit is unknown the room loads itself anew under a higher epoch.
"""

import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from meetserver import limits, wire
from meetserver.actors import answers
from meetserver.actors.actor import Actor
from meetserver.actors.attendance import Attendance
from meetserver.actors.background import Background
from meetserver.actors.batch import Batch
from meetserver.actors.contexts import context_of
from meetserver.actors.door import Admits, Door, OnTurnedAway, untold
from meetserver.actors.enclosing import Enclosed
from meetserver.actors.envelopes import (
    Committed,
    Detached,
    DoorAsked,
    EdgeLost,
    EpochChecked,
    FromServer,
    FromSession,
    GraceOver,
    IdleOver,
    OpenByResume,
    OpenByTicket,
    OwnedElsewhere,
    PartWanted,
    Question,
    Reattach,
    ReceiptsFound,
    StateWanted,
    Stop,
    WindowOver,
)
from meetserver.actors.loading import FIRST_RETRY_S, MAX_RETRY_S, Delayed, Fresh, Missing, load_room
from meetserver.actors.marks import Marks
from meetserver.actors.pressure import UNWATCHED, Pressure
from meetserver.actors.recall import Recalled
from meetserver.actors.receipts import Receipts
from meetserver.actors.sessions import Sessions
from meetserver.actors.shedding import shed_frame
from meetserver.actors.snapshots import Snapshots
from meetserver.actors.writer import Committer, Writer
from meetserver.errors import Busy, MeetError, NotFound, Refusal, Stale, Unavailable
from meetserver.ids import SERVER, MeetingId, RoomId, ShardId, UserId
from meetserver.messages import Event
from meetserver.ports import ChatFiles, Clock, Pieces, Random, RoomLog
from meetserver.presence.messages import Set as SetPresence
from meetserver.rooms.catalog import decode_event
from meetserver.rooms.frames import DurableOk
from meetserver.rooms.live import react
from meetserver.rooms.state import RoomState, empty
from meetserver.rooms.views import part_pieces

log = logging.getLogger(__name__)

LOSSES_BORNE = 2
"""Commits in a row whose outcome may get lost before those who wait are told."""


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
        files: ChatFiles,
        clock: Clock,
        random: Random,
        resume_window_s: float = limits.RESUME_WINDOW_S,
        idle_s: float = limits.ROOM_IDLE_S,
        admits: Admits = lambda _address, _roles: None,
        on_fact: Callable[[RoomId, Event, UserId | None], None] = lambda _room, _event, _user: None,
        on_turned_away: OnTurnedAway = untold,
        pressure: Pressure = UNWATCHED,
    ) -> None:
        """`on_fact` is told every event that somebody in the room caused, with their account; `on_turned_away` as
        in door.py."""
        super().__init__()
        self.room = room
        self._shard = shard
        self._store = store
        self._clock = clock
        self._random = random
        self._idle_s = idle_s
        self._pressure = pressure
        self.door = Door(admits, on_turned_away)
        self._on_fact = on_fact
        self._tasks = Background()
        self.snapshots = Snapshots(store, room, self._tasks)
        self._writer = Writer(self, store, committer, files)
        self.attendance = Attendance(self, store, resume_window_s)
        self._marks = Marks(self, self.attendance.audience, store)
        self.epoch = 0
        self.state: RoomState = empty(room, MeetingId(""))
        self._early: list[Any] = []
        self._was_loaded = False
        self._is_serving = False
        self._is_stopping = False
        self._is_away = False
        self._is_fresh = False
        self._losses = 0
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
            self.attendance.close()
            self._marks.close()
            await self._tasks.close()

    def rest(self) -> list[Any]:
        """What nobody answered yet, when the actor is gone."""
        return [*self._writer.take_all(), *self._early, *self.mailbox.drain()]

    def _begin_loading(self, *, pause_s: float = 0) -> None:
        self._is_serving = False
        known_seq = self.state.seq if self._was_loaded else None
        self.background(
            load_room(self._store, self.room, self._shard, self._clock, known_seq, self.tell_control, pause_s)
        )

    def _loaded(self, fresh: Fresh) -> None:
        self._tell_missed(fresh)
        self.epoch, self.state = fresh.epoch, fresh.state
        self._writer.start_over(Receipts(fresh.entries, is_complete=fresh.is_whole_log))
        self.snapshots.loaded(fresh.state, fresh.entries, fresh.snapshot_bytes)
        if fresh.configure is not None:
            self._writer.enqueue_first(FromServer(fresh.configure))
        self._is_serving = self._was_loaded = self._is_fresh = True
        self._is_away = False
        self.attendance.loaded(fresh)
        early, self._early = self._early, []
        for message in early:
            self.receive(message)
        log.info("action=room_loaded room=%s epoch=%d seq=%d", self.room, self.epoch, self.state.seq)

    def _tell_missed(self, fresh: Fresh) -> None:
        """What was committed with no answer to us."""
        for entry in fresh.entries:
            if self._was_loaded and entry.seq > self.state.seq and entry.by != SERVER:
                who = self.state.participants.get(entry.by)
                event = decode_event(entry.type, entry.v, entry.data)
                self._on_fact(self.room, event, None if who is None else who.user)

    def _delayed(self) -> None:
        """The database is away: who waits for it is told, and the room goes on with what need not last."""
        self._is_away = True
        refusal = Unavailable("the room cannot store anything right now", retry_after_s=1).refusal
        asked = [message for message in self._early if isinstance(message, OpenByResume | Question)]
        self._early = [message for message in self._early if message not in asked]
        for work in [*self._writer.take_all(), *asked]:
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
            return
        self._losses += 1
        if self._losses <= LOSSES_BORNE:
            self._begin_loading()
        else:  # the log can be read and not be written: nobody should wait for that
            self._delayed()
            self._begin_loading(pause_s=min(MAX_RETRY_S, FIRST_RETRY_S * 2**self._losses))

    async def _retire(self) -> None:
        self._is_serving = False
        self._marks.close()
        await self._marks.save()
        try:
            await (self.snapshots.before_handover() if self._is_stopping else self.snapshots.save())
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
            case Recalled():
                self._writer.recalled(message)
            case Enclosed():
                self._writer.enclosed(message)
            case Fresh():
                self._loaded(message)
            case Delayed():
                self._delayed()
            case Missing():
                self._missing()
            case Stop():
                self._is_stopping = True
            case OwnedElsewhere():
                self._is_serving = False
                self.interrupt("stale")
            case Detached() | EdgeLost():
                self._gone(message)
            case _ if self._is_serving:
                self._serve(message)
            case _:
                self._put_off(message)

    def _serve(self, message: Any) -> None:
        """What only a loaded room can do."""
        match message:
            case OpenByResume():
                self.attendance.check_resume(message)
            case EpochChecked():
                self.attendance.resume(message.request, message.attempt, message.epoch)
            case Reattach():
                self.attendance.reattach(message)
            case StateWanted():
                if not message.answer.done():
                    message.answer.set_result(self.attendance.audience.shared_view())
            case PartWanted():
                if not message.answer.done():
                    message.answer.set_result(Pieces(self.state.seq, part_pieces(self.state, message.part)))
            case DoorAsked():
                if not message.answer.done():
                    refusal = self.door.would_refuse(self.state, message.join, message.address, self.now())
                    message.answer.set_result(refusal)
            case WindowOver():
                self.attendance.window_over(message)
            case GraceOver():
                self.attendance.grace_over(message)
            case IdleOver():
                if self.attendance.is_empty and not self._writer:
                    self.interrupt("idle")
            case _:
                raise TypeError(f"no room handles {type(message).__name__}")

    def after_batch(self) -> None:
        if self._is_serving:
            self._writer.commit_next()
            if self._is_fresh:
                self._is_fresh = False
                self.attendance.close_ended()
            if self._is_stopping and not self._writer:
                self.interrupt("stop")
            self.attendance.watch_idle(self._idle_s)
        elif self._is_stopping and self._is_away:
            self.interrupt("stop")

    def _gone(self, message: Detached | EdgeLost) -> None:
        """At once, so that it is seen though the database is away; and again behind a Reattach that waits for that."""
        if isinstance(message, Detached):
            self.attendance.detached(message)
        else:
            self.attendance.edge_lost(message.edge)
        if not self._is_serving:
            self._early.append(message)

    def _put_off(self, message: Any) -> None:
        """Until the room is loaded; not while nobody knows when that will be. What people ask is bounded here, what
        edges and timers tell is by itself."""
        is_asked = isinstance(message, OpenByResume | Question)
        if self._is_away and is_asked:
            self.refuse(message, Unavailable("the room cannot be loaded right now", retry_after_s=1).refusal)
        elif len(self._early) >= limits.DATA_LANE_COMMANDS and is_asked:
            self.refuse(message, Busy("the room has too much to do", retry_after_s=1).refusal)
        else:
            self._early.append(message)

    # --- commands of people

    def _from_session(self, message: FromSession) -> None:
        command = message.command
        if (shed := self._pressure.sheds(command)) is not None:  # an edge elsewhere, less busy, has let it pass
            message.edge.replied(message.link, message.command_id, message.number, shed_frame(message.command_id, shed))
            return
        if not self._was_loaded and not command.durable:
            self.refuse(message, Unavailable("the room is being loaded", retry_after_s=1).refusal)
            return
        is_durable = command.is_durable if isinstance(command, SetPresence) else command.durable
        is_live = command.is_live if isinstance(command, SetPresence) else not command.durable
        refusal = self._react(message) if is_live else None
        if refusal is not None:
            self.refuse(message, refusal)
        elif is_durable:
            self._writer.enqueue(message)
        else:
            answers.reply(message, wire.ok_frame(message.command_id, {}))

    def _react(self, message: FromSession) -> Refusal | None:
        """The part that need not last: at once, in a state of its own."""
        context = context_of(self.state, message, self.now(), "")
        if isinstance(context, Refusal):
            return context
        audience = self.attendance.audience
        try:
            reaction = react(audience.live, self.state, message.command, context)
        except Exception:
            log.exception("action=command_failed room=%s type=%s", self.room, message.command.type)
            return Refusal("internal", "the server failed at this command")
        if isinstance(reaction, Refusal):
            return reaction
        before, (audience.live, tells) = audience.live.marks, reaction
        audience.tell(tells, context.by)
        if audience.live.marks is not before:
            self._marks.changed(context, before)
        return None

    # --- what the writer tells

    def publish(self, batch: Batch) -> None:
        """The log has it: now it is a fact."""
        self._losses = 0
        self.state = batch.state
        self.snapshots.committed(self.state, batch.entries)
        self.attendance.publish(batch)
        for event, user in batch.caused:
            self._on_fact(self.room, event, user)

    def conclude(self, batch: Batch) -> None:
        """Everybody has been told: now those whose session ended may go, and those who waited may come in."""
        for session in batch.closed:
            self.attendance.close_session(session)
        self.attendance.admit()

    def open(self, work: OpenByTicket) -> None:
        self.attendance.open(work)

    def grant(self, work: Any, ok: DurableOk) -> None:
        answers.grant(work, ok)

    def refuse(self, work: Any, refusal: Refusal) -> None:
        answers.refuse(self.room, work, refusal)

    # --- for the writer

    def background(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run what the room waits for; should it fail, so does the room, and begins anew."""
        self._tasks.start(coroutine, self.fail)

    def now(self) -> datetime:
        return self._clock.now()

    def new_id(self) -> str:
        return self._random.id()

    @property
    def sessions(self) -> Sessions:
        return self.attendance.sessions

    # --- for operators

    @property
    def backlog(self) -> int:
        """Commands that have no answer yet."""
        return self.mailbox.depth[1] + len(self._early) + len(self._writer)

    @property
    def commit_age_s(self) -> float:
        """For how long the commit under way has been; 0 when none is."""
        return self._writer.commit_age_s

    # --- for the attendance

    def enqueue(self, work: FromServer) -> None:
        self._writer.enqueue(work)
