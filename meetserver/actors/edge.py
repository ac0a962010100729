"""A room as one process's sockets see it: the sessions connected here, and the newest frames for who is behind.

It knows nothing of what a room decides. Commands go to the owner, which may be started anew or move: what the
owner has not answered is sent again to its successor, with the same txn.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from meetserver import limits, wire
from meetserver.actors.catch_up import CatchUp
from meetserver.actors.envelopes import (
    Detached,
    FromSession,
    Hello,
    LinkId,
    LiveFrame,
    OpenByResume,
    OpenByTicket,
    Reattach,
)
from meetserver.actors.fanout import Output
from meetserver.actors.gaps import Gaps
from meetserver.actors.mailbox import MailboxFull
from meetserver.actors.pressure import UNWATCHED, Pressure
from meetserver.actors.ring import Ring
from meetserver.actors.session import Connection, Session
from meetserver.actors.shedding import shed_frame
from meetserver.close_codes import RESYNC, TOO_SLOW
from meetserver.errors import BadMessage, Busy, Refusal, Timeout, Unavailable
from meetserver.framing import text_frame
from meetserver.ids import ParticipantId, RoomId, SessionId
from meetserver.messages import Command
from meetserver.ports import RoomLog
from meetserver.presence.messages import Set as SetPresence
from meetserver.rooms.frames import ResumePoint
from meetserver.rooms.messages import Join

log = logging.getLogger(__name__)

TICK_S = 0.05
"""How often those who are behind, and what has no answer, are looked at; not at all when there are none."""


class Owner(Protocol):
    """Where the room is: `tell` and `tell_control` raise MailboxFull."""

    def tell(self, message: Any) -> None: ...
    def tell_control(self, message: Any) -> None: ...


class EdgeRoom:
    """`on_empty` is called when the last session has gone."""

    def __init__(
        self,
        room: RoomId,
        owner: Owner,
        store: RoomLog,
        background: Callable[[Coroutine[Any, Any, Any]], None],
        on_empty: Callable[["EdgeRoom"], None],
        pressure: Pressure = UNWATCHED,
    ) -> None:
        self.room = room
        self._owner = owner
        self._on_empty = on_empty
        self._pressure = pressure
        self._sessions: dict[LinkId, Session] = {}
        self._live: dict[LinkId, Session] = {}
        self._output = Output(self._live, self._fall_behind)
        self._ring = Ring()
        self._applied: int | None = None
        self._epoch = 0
        self._gaps = Gaps(self, store, background)
        self._catch_up = CatchUp(self, self._ring, store, background)
        self._tick: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._sessions)

    @property
    def applied(self) -> int | None:
        """The seq up to which the ring has everything; None: no room was heard yet."""
        return self._applied

    # --- from the sockets

    def open_by_ticket(
        self,
        link: LinkId,
        connection: Connection,
        command_id: int | str,
        join: Join,
        token: str,
        ticket: str,
        *,
        address: str = "",
        auth_session: str | None = None,
    ) -> Session:
        request = OpenByTicket(self, link, command_id, join, token, ticket, address, auth_session)
        return self._open(link, connection, request)

    def open_by_resume(
        self,
        link: LinkId,
        connection: Connection,
        command_id: int | str,
        session: SessionId,
        point: ResumePoint,
        *,
        address: str = "",
    ) -> Session:
        request = OpenByResume(self, link, command_id, session, point.token, point.epoch, point.seq, address)
        return self._open(link, connection, request)

    def _open(self, link: LinkId, connection: Connection, request: OpenByTicket | OpenByResume) -> Session:
        session = self._sessions[link] = Session(link, connection, request)
        self._ask_to_open(session)
        self.watch()
        return session

    def _ask_to_open(self, session: Session) -> None:
        tell = self._owner.tell if isinstance(session.request, OpenByTicket) else self._owner.tell_control
        try:
            tell(session.request)
        except MailboxFull:
            self.refused(session.link, Busy("the room has too much to do", retry_after_s=1).refusal)

    def command(self, session: Session, command_id: int | str, command: Command, txn: str | None) -> None:
        """Have the room carry it out; the reply comes by itself."""
        if session.hello is None:
            return
        needs_txn = command.is_durable if isinstance(command, SetPresence) else command.durable
        if needs_txn and txn is None:
            refusal = BadMessage(f"{command.type} changes durable state and needs a txn").refusal
        elif command_id in session.unanswered:
            refusal = BadMessage("this id belongs to a command that has no answer yet").refusal
        elif len(session.unanswered) >= limits.UNANSWERED_COMMANDS:
            refusal = Busy("too many commands have no answer yet", retry_after_s=1).refusal
        elif (shed := self._pressure.sheds(command)) is not None:
            session.connection.write(shed_frame(command_id, shed))
            return
        else:
            self._send(session, command_id, command, txn if needs_txn else None)
            return
        session.connection.write(text_frame(wire.error_frame(command_id, refusal)))

    def _send(self, session: Session, command_id: int | str, command: Command, txn: str | None) -> None:
        assert session.hello is not None
        place = session.hello
        session.commands += 1
        message = FromSession(
            self, session.link, place.session, place.participant, command_id, session.commands, command, txn
        )
        session.unanswered[command_id] = (message, asyncio.get_running_loop().time())
        self._pass_on(message)
        self.watch()

    def _pass_on(self, message: FromSession) -> None:
        try:
            self._owner.tell(message)
        except MailboxFull:
            self._refuse(message, Busy("the room has too much to do", retry_after_s=1).refusal)

    def _refuse(self, message: FromSession, refusal: Refusal) -> None:
        reply = text_frame(wire.error_frame(message.command_id, refusal))
        self.replied(message.link, message.command_id, message.number, reply)

    def detach(self, session: Session, *, bye: bool = False) -> None:
        """The socket is gone, or said bye."""
        was_here = self._forget(session)
        if was_here and session.hello is not None:
            self._tell_detached(Detached(self, session.link, session.hello.session, bye))
        if was_here and not self._sessions:
            self._on_empty(self)

    def _tell_detached(self, message: Detached) -> None:
        """A bye goes behind what was said before it; a room too busy for that learns of it all the same."""
        try:
            if message.bye:
                self._owner.tell(message)
                return
        except MailboxFull:
            log.warning("action=bye_overtakes room=%s", self.room)
        self._owner.tell_control(message)

    def _forget(self, session: Session) -> bool:
        session.mode = "closed"
        session.unanswered.clear()
        self._live.pop(session.link, None)
        return self._sessions.pop(session.link, None) is not None

    # --- from the room

    def attached(self, epoch: int, seq: int, tail: list[LiveFrame]) -> None:
        self._epoch = epoch
        if self._applied is None:
            self._ring.replace(tail)
            self._applied = seq
            self._output.start_at(seq)
        else:
            self.durable(tail)
            if self._applied < seq:
                self._gaps.pull(seq)

    def opened(self, link: LinkId, hello: Hello) -> None:
        session = self._sessions.get(link)
        if session is None:
            self._owner.tell_control(Detached(self, link, hello.session))
        elif session.mode == "opening":
            self._let_in(session, hello)
            session.opened.set()
        else:  # it was asked twice, as the room failed meanwhile; what the client was told first holds
            session.hello = hello

    def admitted(self, link: LinkId, hello: Hello) -> None:
        session = self._sessions.get(link)
        if session is not None and session.mode == "waiting":
            self._let_in(session, hello)

    def _let_in(self, session: Session, hello: Hello) -> None:
        """To where the room says: into its lobby, where nothing is heard, or to `after_seq`, from where it goes on."""
        session.hello = hello
        session.connection.write(hello.reply)
        if hello.is_waiting:
            session.mode = "waiting"
            return
        session.cursor = hello.after_seq
        session.mode = "behind"
        session.is_resuming = True
        session.lag_since = asyncio.get_running_loop().time()
        self._catch_up.advance(session)

    def refused(self, link: LinkId, refusal: Refusal) -> None:
        if (session := self._sessions.get(link)) is not None:
            frame = text_frame(wire.error_frame(session.request.command_id, refusal))
            session.connection.write(frame)
            self.closed(link, refusal)

    def replied(self, link: LinkId, command_id: int | str, number: int, reply: bytes) -> None:
        session = self._sessions.get(link)
        waiting = None if session is None else session.unanswered.get(command_id)
        if session is not None and waiting is not None and waiting[0].number == number:
            del session.unanswered[command_id]
            if isinstance(command := waiting[0].command, SetPresence):
                session.shows(command)
            session.connection.write(reply)

    def durable(self, frames: list[LiveFrame]) -> None:
        for frame in frames:
            if self._applied is None or frame.seq <= self._applied:
                continue
            if frame.seq > self._applied + 1:
                self._gaps.pull(frame.seq)
                return
            self._apply(frame)

    def _apply(self, frame: LiveFrame) -> None:
        self._ring.append(frame)
        self._applied = frame.seq
        self._epoch = max(self._epoch, frame.epoch)
        if frame.to is None:
            self._output.durable(frame.frame, frame.seq)
        else:
            readers = [s for s in self._live.values() if s.hello is not None and frame.is_for(s.hello.participant)]
            self._output.private(frame.frame, frame.seq, readers)

    def ephemeral(self, epoch: int, frame: bytes, author: ParticipantId, key: str | None) -> None:
        if epoch >= self._epoch and not self._pressure.sheds_told(key):
            self._output.ephemeral(frame, author, key)

    def direct(self, link: LinkId, frame: bytes) -> None:
        session = self._sessions.get(link)
        if session is None or session.is_full:
            return
        if session.mode == "live":
            self._output.private(frame, None, [session])
        else:
            session.connection.write(frame)

    def closed(self, link: LinkId, refusal: Refusal) -> None:
        if (session := self._sessions.get(link)) is not None:
            self._output.complete()
            self.end(session, refusal)

    def owner_restarted(self) -> None:
        """The room began anew, here or elsewhere: say who is here, and send again what has no answer."""
        links = {
            link: (s.hello.session, s.hello.generation) for link, s in self._sessions.items() if s.hello is not None
        }
        waiting = frozenset(link for link, session in self._sessions.items() if session.mode == "waiting")
        shown = {link: session.shown for link, session in self._sessions.items() if session.shown is not None}
        self._owner.tell_control(Reattach(self, links, waiting, shown))
        for session in list(self._sessions.values()):
            if session.mode == "opening":
                self._ask_to_open(session)
            for message, _ in list(session.unanswered.values()):
                self._pass_on(message)

    def lost_track(self) -> None:
        """What is missing here cannot be had from the log."""
        self.close_all(None, code=RESYNC)

    def close_all(self, refusal: Refusal | None, *, code: int, farewell: bytes | None = None) -> None:
        """Close every socket here: the shard drains, the room is quarantined."""
        self._output.complete()
        for session in list(self._sessions.values()):
            if farewell is not None and session.hello is not None:  # nobody hears anything before that is answered
                session.connection.write(farewell)
            self.end(session, refusal, code=code)

    # --- who is behind

    def _fall_behind(self, session: Session, at_seq: int) -> None:
        session.mode = "behind"
        session.cursor = at_seq
        session.is_resuming = False
        session.lag_since = asyncio.get_running_loop().time()
        self._live.pop(session.link, None)
        self.watch()

    def level(self, session: Session) -> None:
        """It has all that the room has: from here on it hears what all hear."""
        self._output.flush()
        session.mode = "live"
        session.after_fanout = self._output.number
        session.lag_since = None
        self._live[session.link] = session

    # --- the clock

    def watch(self) -> None:
        """Look after a tick who is behind, and what has no answer."""
        if self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(TICK_S, self._look)

    def _look(self) -> None:
        self._tick = None
        now = asyncio.get_running_loop().time()
        is_needed = False
        for session in list(self._sessions.values()):
            if session.mode == "behind":
                self._catch_up.advance(session)
                if session.lag_since is not None and now - session.lag_since > limits.LAG_S:
                    self.end(session, None, code=TOO_SLOW)
            elif session.mode == "opening" and now - session.since > limits.ANSWER_TIMEOUT_S:
                self.refused(session.link, Unavailable("the room cannot be reached", retry_after_s=1).refusal)
            self._give_up_unanswered(session, now)
            is_needed = is_needed or session.mode in ("behind", "opening") or bool(session.unanswered)
        if is_needed:
            self.watch()

    def _give_up_unanswered(self, session: Session, now: float) -> None:
        while session.unanswered:
            message, since = next(iter(session.unanswered.values()))
            if now - since <= limits.ANSWER_TIMEOUT_S:
                return
            self._refuse(message, Timeout("the room did not answer in time; the same txn may be sent again").refusal)

    def end(self, session: Session, refusal: Refusal | None, *, code: int | None = None) -> None:
        """Out of the members first: nothing may be written after the close frame."""
        if session.mode == "closed":
            return
        self.detach(session)
        session.opened.set()
        session.connection.close(refusal, code=code)

    def close(self) -> None:
        self._output.close()
        if self._tick is not None:
            self._tick.cancel()
