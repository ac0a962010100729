"""The durable side of a room: what waits to be decided, the batch under way, and what the log says of both.

A command with a txn is looked for among the receipts before it is decided. The recent ones are at hand; where they may
not be all, the log is asked before a refusal goes out and when it refuses a txn as a duplicate, and always before it is
said that there was nothing to change. A command about what the state has no more waits until that was read (recall.py),
and a message with files for these to be looked up (enclosing.py).
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from meetserver import limits, wire
from meetserver.actors.asking import Asking, key_of
from meetserver.actors.batch import Batch
from meetserver.actors.contexts import context_as, context_of, session_of
from meetserver.actors.door import Door
from meetserver.actors.enclosing import Enclosed
from meetserver.actors.envelopes import (
    Committed,
    FromServer,
    FromSession,
    OpenByTicket,
    Receipt,
    ReceiptsFound,
)
from meetserver.actors.fair_queue import FairQueue
from meetserver.actors.look_ups import LookUps
from meetserver.actors.recall import Recalled
from meetserver.actors.receipts import Receipts, body_hash
from meetserver.actors.senders import most_of, sender_of
from meetserver.actors.sessions import Sessions
from meetserver.errors import (
    BadEntry,
    BadMessage,
    Busy,
    Conflict,
    Duplicate,
    MeetError,
    Refusal,
    StoreError,
    Unauthenticated,
    Unavailable,
)
from meetserver.ids import SERVER, RoomId, SessionId
from meetserver.messages import Context
from meetserver.ports import ChatFiles, Commit, RoomLog
from meetserver.rooms.frames import DurableOk
from meetserver.rooms.reducer import decide
from meetserver.rooms.state import RoomState, waits

log = logging.getLogger(__name__)


class Committer(Protocol):
    def submit(self, commit: Commit, done: Callable[[StoreError | None], None]) -> None: ...


class Host(Protocol):
    """What the writer needs of its room."""

    room: RoomId
    epoch: int
    state: RoomState
    door: Door

    @property
    def sessions(self) -> Sessions: ...

    def tell_control(self, message: Any) -> None: ...
    def background(self, coroutine: Any) -> None: ...
    def now(self) -> datetime: ...
    def new_id(self) -> str: ...
    def refuse(self, work: Any, refusal: Refusal) -> None: ...
    def grant(self, work: Any, ok: DurableOk) -> None: ...
    def open(self, work: OpenByTicket) -> None: ...
    def publish(self, batch: Batch) -> None: ...
    def conclude(self, batch: Batch) -> None: ...
    def lose(self, error: MeetError | None) -> None: ...
    def go_on(self) -> None: ...


class Writer:
    def __init__(self, host: Host, store: RoomLog, committer: Committer, files: ChatFiles) -> None:
        self._host = host
        self._committer = committer
        self._work = FairQueue[Any](limits.DATA_LANE_COMMANDS, sender_of, most_of)
        self._in_flight: Batch | None = None
        self._submitted_at = 0.0
        self._asking = Asking(host, store)
        self._singly = 0
        self._look_ups = LookUps(host, store, files)
        self._recall = self._look_ups.recall
        self.receipts = Receipts()

    def __len__(self) -> int:
        """Commands that have no answer yet."""
        in_flight = len(self._in_flight.works) if self._in_flight else 0
        return len(self._work) + len(self._asking) + len(self._look_ups) + in_flight

    @property
    def commit_age_s(self) -> float:
        """For how long the commit under way has been; 0 when none is."""
        return 0.0 if self._in_flight is None else asyncio.get_running_loop().time() - self._submitted_at

    def enqueue(self, work: Any) -> None:
        """What the room itself wants is never refused: there is at most one leave for each session."""
        is_own = isinstance(work, FromServer) and work.answer is None
        if is_own or self._work.has_room_for(work):
            self._work.put(work)
        else:
            self._host.refuse(work, Busy("the room has too much to do", retry_after_s=1).refusal)

    def enqueue_first(self, work: Any) -> None:
        self._work.put_first([work])

    def start_over(self, receipts: Receipts) -> None:
        """The room was loaded anew: what was under way is decided again, unless the log has it."""
        self.receipts = receipts
        self._recall.forget()
        if self._in_flight is not None:
            self._work.put_first(self._in_flight.works)
            self._in_flight = None

    def take_all(self) -> list[Any]:
        """Everything that has no answer, for whoever answers it instead."""
        in_flight = self._in_flight.works if self._in_flight else ()
        works = [*in_flight, *self._asking.take_all(), *self._look_ups.take_all(), *self._work]
        self._in_flight = None
        self._work.clear()
        return works

    # --- deciding

    def commit_next(self) -> None:
        """Decide what waits and hand it to the log, unless a batch is under way."""
        time = asyncio.get_running_loop().time
        until = time() + limits.DECIDE_SLICE_S
        self._look_ups.ask(is_idle=self._in_flight is None)
        while self._work and self._in_flight is None:
            batch = self._next_batch(until)
            if batch.entries:
                self._in_flight, self._submitted_at = batch, time()
                self._committer.submit(batch.commit(), lambda error: self._host.tell_control(Committed(error)))
            else:
                for answer in batch.answers:
                    answer()
                if time() > until:
                    self._host.go_on()
                    break
        self._look_ups.ask(is_idle=self._in_flight is None)
        self._asking.ask()

    def _next_batch(self, until: float) -> Batch:
        batch, time = Batch(self._host.room, self._host.epoch, self._host.state), asyncio.get_running_loop().time
        while self._work and len(batch.entries) < limits.COMMIT_BATCH_ENTRIES:
            if not self._decide(batch, self._work.peek()):
                break
            self._work.take()
            if self._singly:
                self._singly -= 1
                break
            if time() > until:
                break
        return batch

    def _decide(self, batch: Batch, work: Any) -> bool:
        """False: not in this batch."""
        key = key_of(work)
        if key is not None:
            if key in batch.receipts:
                return False
            if (receipt := self.receipts.get(key)) is not None:
                self._repeat(work, receipt)
                return True
        if isinstance(work, OpenByTicket) and self._host.sessions.get(work.join.session) is not None:
            batch.works.append(work)
            batch.answers.append(lambda: self._reopen(work))
            return True
        if self._put_off(batch, work):
            return True
        context = self._context(batch, work)
        decision = context if isinstance(context, Refusal) else self._ask_reducer(batch.state, work, context)
        if isinstance(decision, Refusal):
            self._refuse_unless_repeated(batch, work, decision)
            return True
        assert not isinstance(context, Refusal)
        if not decision:
            batch.works.append(work)
            batch.answers.append(lambda: self._grant_unless_repeated(work))
            return True
        hash_ = body_hash(work.command) if key is not None else None
        txn = None if key is None else key[1]
        receipt = batch.append(decision, context.by, context.at, txn, hash_, context.user)
        self._recall.noted(batch.entries[-len(decision) :])
        batch.works.append(work)
        if key is not None:
            batch.receipts[key] = receipt
        if isinstance(work, OpenByTicket):
            batch.open(session_of(work, is_waiting=waits(batch.state, work.join.participant) is not None))
            batch.answers.append(lambda: self._host.open(work))
        else:
            batch.answers.append(lambda: self._host.grant(work, _ok(receipt)))
        return True

    def _ask_reducer(self, state: RoomState, work: Any, context: Context) -> Any:
        command = work.join if isinstance(work, OpenByTicket) else work.command
        if isinstance(work, OpenByTicket):
            refusal = self._host.door.turned_away(state, work.join, work.address, work.join.roles)
            if refusal is not None:
                return refusal
        try:
            return decide(state, command, context)
        except Exception:
            log.exception("action=command_failed room=%s type=%s", self._host.room, command.type)
            return Refusal("internal", "the server failed at this command")

    def _put_off(self, batch: Batch, work: Any) -> bool:
        """Whether it waits for what it names to be looked up, or was refused: as too many do, or whatever is found."""
        outcome = self._refused_without_files(batch, work) or self._look_ups.put_off(batch.state, work)
        if isinstance(outcome, Refusal):
            self._refuse_unless_repeated(batch, work, outcome)
        return outcome is not False

    def _refused_without_files(self, batch: Batch, work: Any) -> Refusal | None:
        """What is claimed for a private message is nobody else's then: so not for one that is refused anyway."""
        bare = self._look_ups.enclosing.bare(batch.state, work)
        if bare is None:
            return None
        context = self._context(batch, bare)
        decision = context if isinstance(context, Refusal) else self._ask_reducer(batch.state, bare, context)
        return decision if isinstance(decision, Refusal) else None

    def recalled(self, message: Recalled) -> None:
        self._go_on(self._recall.answered(message), message.error)

    def enclosed(self, message: Enclosed) -> None:
        self._go_on(self._look_ups.enclosing.answered(message), message.error)

    def _go_on(self, works: list[Any], error: MeetError | None) -> None:
        """With what was looked up for these, or without them where nobody could be asked."""
        if error is None:
            self._work.put_first(works)
            return
        for work in works:
            self._host.refuse(work, Unavailable("the database cannot be asked right now", retry_after_s=1).refusal)

    def _context(self, batch: Batch, work: Any) -> Context | Refusal:
        host, state = self._host, batch.state
        if isinstance(work, FromSession):
            found = self._look_ups.found(state, work)
            return context_of(state, work, host.now(), host.new_id(), self._keys_in(batch), found)
        if isinstance(work, FromServer) and work.by is not None:
            return context_as(state, work.by, host.now(), host.new_id(), self._keys_in(batch))
        if isinstance(work, OpenByTicket):
            join = work.join
            by, session, role, name = join.participant, join.session, join.role, join.name
        else:
            by, session, role, name = SERVER, SessionId(""), work.role, "server"
        known = self._keys_in(batch)
        return Context(host.room, by, session, role, name, host.now(), host.new_id(), state.participants, keys_of=known)

    def _keys_in(self, batch: Batch) -> Callable[[SessionId], tuple[str, ...]]:
        """Also of sessions that the batch itself opens."""

        def keys_of(session: SessionId) -> tuple[str, ...]:
            opened = batch.keys.get(session)
            return self._host.sessions.keys_of(session) if opened is None else opened

        return keys_of

    def _no_change(self, state: RoomState) -> DurableOk:
        return DurableOk(state.seq, wire.timestamp(state.at or self._host.now()))

    # --- repetitions

    def _repeat(self, work: FromSession, receipt: Receipt) -> None:
        if receipt.body_hash == body_hash(work.command):
            self._host.grant(work, _ok(receipt))
        else:
            self._host.refuse(work, Conflict("this txn was used for another command").refusal)

    def _reopen(self, work: OpenByTicket) -> None:
        """A join that was committed before its answer got lost."""
        if self._host.sessions.has_token(work.join.session, work.token):
            self._host.open(work)
        else:
            self._host.refuse(work, Unauthenticated("the ticket was used already").refusal)

    def _refuse_unless_repeated(self, batch: Batch, work: Any, refusal: Refusal) -> None:
        """What is refused now may have been granted before: an ended room still knows who ended it."""
        if self.receipts.is_complete or key_of(work) is None:
            batch.works.append(work)
            batch.answers.append(lambda: self._host.refuse(work, refusal))
        else:
            self._asking.put(work, refusal)

    def _grant_unless_repeated(self, work: Any) -> None:
        """What changes nothing now may be what was done before. No commit has shown that the room is still ours."""
        if key_of(work) is None:
            self._host.grant(work, self._no_change(self._host.state))
        else:
            self._asking.put(work, None)

    def receipts_found(self, message: ReceiptsFound) -> None:
        for key, receipt in message.found.items():
            self.receipts.add(key, receipt)
        if message.is_for_batch:
            self._after_duplicate(message)
            return
        for work, refusal in self._asking.answered():
            if (known := self.receipts.get((work.participant, work.txn or ""))) is not None:
                self._repeat(work, known)
            elif message.error is not None:
                self._host.refuse(work, Unavailable("the log cannot be asked right now", retry_after_s=1).refusal)
            elif refusal is None:
                self._host.grant(work, self._no_change(self._host.state))
            else:
                self._host.refuse(work, refusal)
        self._asking.ask()

    # --- the log's answer

    def committed(self, error: StoreError | None) -> None:
        batch = self._in_flight
        assert batch is not None
        match error:
            case None:
                self._in_flight = None
                self._recall.settled()
                for key, receipt in batch.receipts.items():
                    self.receipts.add(key, receipt)
                self._host.publish(batch)
                for answer in batch.answers:
                    answer()
                self._host.conclude(batch)
            case Duplicate():
                self._host.background(self._asking.look_up(batch.works, is_for_batch=True))
            case BadEntry():
                self._again(batch, BadMessage("this cannot be stored").refusal)
            case _:
                self._host.lose(error)

    def _after_duplicate(self, message: ReceiptsFound) -> None:
        batch = self._in_flight
        if batch is None:
            return
        if message.error is not None:
            self._host.lose(message.error)
        elif message.found:
            self._requeue(batch)
        else:
            self._again(batch, Unauthenticated("the ticket was used already").refusal)

    def _again(self, batch: Batch, refusal: Refusal) -> None:
        """One of the batch is at fault: alone it is refused, else each is tried alone."""
        if len(batch.works) == 1:
            self._recall.take_back(self._host.state.seq)
            self._in_flight = None
            self._host.refuse(batch.works[0], refusal)
        else:
            self._singly = len(batch.works)
            self._requeue(batch)

    def _requeue(self, batch: Batch) -> None:
        self._recall.take_back(self._host.state.seq)
        self._in_flight = None
        self._work.put_first(batch.works)


def _ok(receipt: Receipt) -> DurableOk:
    return DurableOk(receipt.seq, wire.timestamp(receipt.at), **receipt.extra)
