"""One room's output: what waits is joined once and written once per live session.

Durable frames go out at the end of the loop's tick, pointers and the like wait a little for company. A fan-out
gives the loop back every 2 ms; those that follow wait behind it, so that each session sees one order.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from meetserver import limits
from meetserver.actors.session import Session
from meetserver.ids import ParticipantId

CHECK_CLOCK_EVERY = 32
"""Writes between two looks at the clock."""


class _Waiting:
    """A frame not written yet. An ephemeral one knows its author, who does not get it."""

    __slots__ = ("author", "frame")

    def __init__(self, frame: bytes, author: ParticipantId | None) -> None:
        self.frame = frame
        self.author = author


class _Fanout:
    __slots__ = ("after_seq", "frames", "next", "number", "own", "sessions")

    def __init__(
        self, number: int, after_seq: int, frames: bytes, own: dict[ParticipantId, bytes], sessions: list[Session]
    ) -> None:
        self.number = number
        self.after_seq = after_seq
        self.frames = frames
        self.own = own
        self.sessions = sessions
        self.next = 0

    def frames_for(self, session: Session) -> bytes:
        if not self.own or session.hello is None:
            return self.frames
        return self.own.get(session.hello.participant, self.frames)


class Output:
    """`fall_behind(session, seq)` is told of each session too full to be written to, which stands at `seq`."""

    def __init__(self, live: dict[int, Session], fall_behind: Callable[[Session, int], None]) -> None:
        self._live = live
        self._fall_behind = fall_behind
        self._waiting: list[_Waiting] = []
        self._newest: dict[tuple[str, str], _Waiting] = {}
        self._flushed_seq = 0
        self._waiting_seq = 0
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._is_soon = False
        self._fanouts: deque[_Fanout] = deque()
        self._is_to_go_on = False
        self.number = 0

    def start_at(self, seq: int) -> None:
        """Nothing up to `seq` goes through here."""
        self._flushed_seq = self._waiting_seq = seq

    def durable(self, frame: bytes, seq: int) -> None:
        self._waiting.append(_Waiting(frame, None))
        self._waiting_seq = seq
        self._flush_soon()

    def ephemeral(self, frame: bytes, author: ParticipantId, key: str | None) -> None:
        """With a key, a newer frame takes the place of the one that still waits."""
        if key is not None and (older := self._newest.get((author, key))) is not None:
            older.frame = frame
            return
        waiting = _Waiting(frame, author)
        self._waiting.append(waiting)
        if key is None:
            self._flush_soon()
            return
        self._newest[author, key] = waiting
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(limits.EPHEMERAL_WINDOW_S, self.flush)

    def private(self, frame: bytes, seq: int | None, sessions: list[Session]) -> None:
        """To these alone, after what waits for all. `seq` is the frame's own if it is durable."""
        self.flush()
        self.number += 1
        self._fanouts.append(_Fanout(self.number, self._flushed_seq, frame, {}, sessions))
        if seq is not None:
            self.start_at(seq)
        self._run()

    def flush(self) -> None:
        """Hand what waits to all who are live now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._is_soon = None, False
        if not self._waiting:
            return
        frames = b"".join([waiting.frame for waiting in self._waiting])
        authors = {waiting.author for waiting in self._waiting if waiting.author is not None}
        own = {author: self._without(author) for author in authors}
        self.number += 1
        self._fanouts.append(_Fanout(self.number, self._flushed_seq, frames, own, list(self._live.values())))
        self._flushed_seq = self._waiting_seq
        self._waiting.clear()
        self._newest.clear()
        self._run()

    def complete(self) -> None:
        """Flush, and write all of it now however long that takes: somebody is about to be closed."""
        self.flush()
        while self._fanouts:
            fanout = self._fanouts.popleft()
            for session in fanout.sessions[fanout.next :]:
                self._write(fanout, session)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fanouts.clear()

    def _without(self, author: ParticipantId) -> bytes:
        return b"".join([waiting.frame for waiting in self._waiting if waiting.author != author])

    def _flush_soon(self) -> None:
        if self._is_soon:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._is_soon = True
        self._timer = asyncio.get_running_loop().call_soon(self.flush)

    def _run(self) -> None:
        if not self._is_to_go_on:
            self._continue()

    def _continue(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + limits.FANOUT_SLICE_S
        self._is_to_go_on = False  # an exception must not silence the room for ever
        while self._fanouts:
            fanout = self._fanouts[0]
            while fanout.next < len(fanout.sessions):
                fanout.next += 1
                self._write(fanout, fanout.sessions[fanout.next - 1])
                if fanout.next % CHECK_CLOCK_EVERY == 0 and loop.time() > until:
                    self._is_to_go_on = True
                    loop.call_soon(self._continue)
                    return
            if self._fanouts:
                self._fanouts.popleft()

    def _write(self, fanout: _Fanout, session: Session) -> None:
        if session.mode != "live" or session.after_fanout >= fanout.number:
            return
        if session.is_full:
            self._fall_behind(session, fanout.after_seq)
        elif frames := fanout.frames_for(session):
            session.connection.write(frames)
