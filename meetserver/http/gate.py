"""The gate: how many connections there may be, and how long one may take for what it has begun.

Each connection has a seat from its acceptance to its end. When the house is full, who has said nothing for the
longest goes: people say at once what they came for, and who holds thousands of silent connections does not. After
those it is who keeps a connection for later, as browsers do: they open another one when they need it.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Literal, TypeAlias, cast

from aiohttp import web

from meetserver import limits
from meetserver.http.deadlines import Deadlines
from meetserver.network.addresses import address_block

log = logging.getLogger(__name__)

Why: TypeAlias = Literal["full", "address", "silent", "unread", "proxy_header", "tls", "socket_address", "socket_full"]
"""Turned away: as all seats are taken, or all that one address may have; cut: for saying or reading nothing in time,
for a bad PROXY header, for a failed TLS handshake; sockets without a hello: too many of one address, or in all."""


class Refusals:
    """How many were turned away, by reason, and a line in the log about it at most every few seconds."""

    def __init__(self) -> None:
        self.count: Counter[Why] = Counter()
        self._reported: Counter[Why] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, why: Why) -> None:
        self.count[why] += 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(limits.REFUSALS_REPORT_S, self._report)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._report()

    def _report(self) -> None:
        self._timer = None
        fresh = self.count - self._reported
        self._reported = self.count.copy()
        log.warning("action=connections_refused %s", " ".join(f"{why}={many}" for why, many in sorted(fresh.items())))


class Seat:
    """One connection's place. `abort` ends the connection in whatever state it is; `unread` says how many bytes its
    client has not taken."""

    __slots__ = ("abort", "address", "block", "unread")

    def __init__(self, address: str, block: str) -> None:
        self.address = address
        self.block = block
        self.abort: Callable[[], object] = bool
        self.unread: Callable[[], int] = int


class Gate:
    def __init__(self, most: int, most_of_block: int, is_exempt: Callable[[str], bool]) -> None:
        """`most` connections, `most_of_block` of one address (IPv6: of its /64) unless the address `is_exempt`."""
        self.refusals = Refusals()
        self._most = most
        self._most_of_block = most_of_block
        self._is_exempt = is_exempt
        self._seats: set[Seat] = set()
        self._of_block: Counter[str] = Counter()
        self._heads = Deadlines[Seat](limits.HEAD_S, self._silent)
        self._idle = Deadlines[Seat](limits.KEEP_ALIVE_S, self._idle_long)
        self._answers = Deadlines[Seat](limits.ANSWER_READ_S, self._unread)
        self._unread_at: dict[Seat, int] = {}

    def __len__(self) -> int:
        return len(self._seats)

    def admit(self, address: str) -> Seat | None:
        """A seat, whose first request is waited for from now on and whose `abort` is to be set before anything else
        happens; None: close the connection."""
        block = "" if self._is_exempt(address) else address_block(address)
        if block and self._of_block[block] >= self._most_of_block:
            self.refusals.add("address")
            return None
        if len(self._seats) >= self._most and not self._make_room():
            return None
        seat = Seat(address, block)
        self._seats.add(seat)
        if block:
            self._of_block[block] += 1
        self._heads.start(seat)
        return seat

    def leave(self, seat: Seat) -> None:
        """Whether it was still there or not."""
        if seat not in self._seats:
            return
        self._seats.remove(seat)
        self.head_complete(seat)
        self.answer_read(seat)
        if seat.block:
            self._of_block[seat.block] -= 1
            if not self._of_block[seat.block]:
                del self._of_block[seat.block]

    def head_begun(self, seat: Seat) -> None:
        """The first bytes of a request have come: the others must follow."""
        if seat in self._seats:
            self._heads.start(seat)

    def head_complete(self, seat: Seat) -> None:
        self._heads.stop(seat)
        self._idle.stop(seat)

    def request_over(self, seat: Seat) -> None:
        """Its answer may still be on its way."""
        if seat in self._seats:
            self._idle.start(seat)

    def answer_waits(self, seat: Seat) -> None:
        """The client leaves unread what is written to it: it must take a little at least."""
        if seat in self._seats and seat not in self._unread_at:
            self._unread_at[seat] = seat.unread()
            self._answers.start(seat)

    def answer_read(self, seat: Seat) -> None:
        self._answers.stop(seat)
        self._unread_at.pop(seat, None)

    def close(self) -> None:
        self._heads.close()
        self._idle.close()
        self._answers.close()
        self.refusals.close()

    def _make_room(self) -> bool:
        dispensable = self._heads.oldest() or self._idle.oldest()
        self.refusals.add("full")
        if dispensable is None:
            return False
        self._end(dispensable)
        return True

    def _silent(self, seat: Seat) -> None:
        self.refusals.add("silent")
        self._end(seat)

    def _idle_long(self, seat: Seat) -> None:
        """By now it is closed; but that waits for ever for a client which leaves unread what was written before."""
        if seat.unread():
            self.answer_waits(seat)
        self._idle.start(seat)

    def _unread(self, seat: Seat) -> None:
        left = seat.unread()
        taken = self._unread_at.pop(seat) - left
        if not left:
            return
        if taken >= limits.ANSWER_READ_S * limits.ANSWER_BYTES_PER_S:
            self.answer_waits(seat)
        else:
            self.refusals.add("unread")
            self._end(seat)

    def _end(self, seat: Seat) -> None:
        self.leave(seat)
        seat.abort()


class Guard(asyncio.Protocol):
    """Stands between a connection and aiohttp's protocol for it, and tells the gate what happens.

    `request_began` and `request_ended` are the outermost middleware's; in between nothing is waited for here.
    """

    def __init__(self, gate: Gate, seat: Seat, inner: asyncio.Protocol) -> None:
        self._gate = gate
        self._seat = seat
        self._inner = inner
        self._is_between_requests = False
        self._is_socket = False

    @property
    def address(self) -> str:
        """The client's, as a PROXY header says it where one came."""
        return self._seat.address

    def request_began(self) -> None:
        self._is_between_requests = False
        self._gate.head_complete(self._seat)

    def request_ended(self) -> None:
        self._is_between_requests = True
        self._gate.request_over(self._seat)

    def became_socket(self) -> None:
        """A room's socket has rules of its own for who reads too slowly."""
        self._is_socket = True
        self._gate.answer_read(self._seat)

    # --- the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        both_ways = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._seat.abort = both_ways.abort
        self._seat.unread = both_ways.get_write_buffer_size
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._is_between_requests:
            self._is_between_requests = False
            self._gate.head_begun(self._seat)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        if not self._is_socket:
            self._gate.answer_waits(self._seat)
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._gate.answer_read(self._seat)
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gate.leave(self._seat)
        self._inner.connection_lost(exc)


def guard_of(request: web.Request) -> Guard | None:
    """None where no gate stands before the application (in tests), or the connection has ended."""
    protocol = None if request.transport is None else request.transport.get_protocol()
    return protocol if isinstance(protocol, Guard) else None
