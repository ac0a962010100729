"""A link between two shards: parcels both ways, each once and in order, over a bus that may lose what it carries.

Parcels are numbered, acknowledged, and sent again from the first one that is missing (go-back-N). Each side has a
number for its present life of the link; together the two numbers name the session. When either side begins anew (its
process did, the other fell silent, too much waits) both streams begin anew, and both sides are told: then an edge
says again who is there and what has no answer, and nothing above the link need care for single messages.

No I/O here: packets come in by `receive` and go out by `packets`; `look` is called by a clock.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

import msgspec
from msgspec import Raw, Struct

from meetserver import limits
from meetserver.cluster import parcels
from meetserver.cluster.parcels import Parcel
from meetserver.ids import RoomId, ShardId

log = logging.getLogger(__name__)


class Packet(Struct, frozen=True, array_like=True):
    """`mine` and `yours` name the session, as the sender knows it (0: not yet); `ack` is the last parcel that the
    sender has. `again`: it misses those after `ack`. `rooms`: (room, epoch, seq) of the sender's rooms that the
    receiver has an edge in; all of them if `is_whole`."""

    shard: ShardId
    mine: int
    yours: int
    ack: int
    first: int = 0
    parcels: list[Raw] = []
    again: bool = False
    rooms: list[tuple[RoomId, int, int]] | None = None
    is_whole: bool = False


class Host(Protocol):
    """Who has the link. All of it may send on the link, or reset it."""

    def link_up(self, link: "Link") -> None: ...
    def link_reset(self, link: "Link") -> None:
        """What was under way is lost, either way."""

    def link_has(self, link: "Link", parcel: Parcel) -> None: ...
    def link_compares(self, link: "Link", rooms: list[tuple[RoomId, int, int]], is_whole: bool) -> None: ...
    def link_wants_out(self, link: "Link") -> None:
        """`packets` has something."""


class _Out(Struct):
    number: int
    parcel: bytes
    sent_at: float = 0.0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Packet)


def decode_packet(data: bytes) -> Packet:
    """Raises msgspec.DecodeError."""
    return _decoder.decode(data)


class Link:
    """`life`: a number higher than those of this shard's earlier lives (milliseconds since 1970)."""

    def __init__(
        self, me: ShardId, peer: ShardId, host: Host, life: Callable[[], int], now: Callable[[], float]
    ) -> None:
        self.peer = peer
        self._me = me
        self._host = host
        self._life = life
        self._now = now
        self._mine = life()
        self._theirs = 0
        self.is_up = False
        self.heard_at = now()
        self._says = True
        self._start_streams()

    def _start_streams(self) -> None:
        self._out: deque[_Out] = deque()
        self._unsent_from = 0
        self._bytes = self._bytes_sent = 0
        self._number = self._acked = self._taken = 0
        self._ack_due: float | None = None
        self._asks_again = False

    @property
    def session(self) -> tuple[int, int]:
        """Another one when the link began anew."""
        return self._mine, self._theirs

    # --- sending

    def send(self, parcel: Parcel) -> None:
        """Lost, like all that is under way, when the link begins anew; not taken while it is down."""
        if not self.is_up:
            return
        data = parcels.encode(parcel)
        self._number += 1
        self._out.append(_Out(self._number, data))
        self._bytes += len(data)
        if self._bytes > limits.LINK_BUFFER_BYTES:
            self.reset("too much waits")
        else:
            self._host.link_wants_out(self)

    def say(self) -> None:
        """Send a packet, though it may have no parcel."""
        self._says = True
        self._host.link_wants_out(self)

    def exchange(self, rooms: list[tuple[RoomId, int, int]], is_whole: bool) -> bytes:
        """The packet that compares notes."""
        self._says_taken()
        return _encoder.encode(
            Packet(
                self._me, self._mine, self._theirs, self._taken, rooms=rooms if self.is_up else None, is_whole=is_whole
            )
        )

    def packets(self) -> Iterator[bytes]:
        """What is to be sent now."""
        while self._unsent_from < len(self._out) and self._bytes_sent < limits.LINK_WINDOW_BYTES:
            yield self._packet(self._take_unsent())
        if self._says or self._asks_again:
            yield self._packet([])

    def _take_unsent(self) -> list[_Out]:
        taken: list[_Out] = []
        size = 0
        while self._unsent_from < len(self._out) and size < limits.LINK_PACKET_BYTES:
            one = self._out[self._unsent_from]
            one.sent_at = self._now()
            taken.append(one)
            size += len(one.parcel)
            self._unsent_from += 1
        self._bytes_sent += size
        return taken

    def _packet(self, out: list[_Out]) -> bytes:
        again, self._asks_again = self._asks_again, False
        self._says_taken()
        first = out[0].number if out else 0
        raws = [Raw(one.parcel) for one in out]
        return _encoder.encode(Packet(self._me, self._mine, self._theirs, self._taken, first, raws, again))

    def _says_taken(self) -> None:
        self._says = False
        self._ack_due = None

    def _send_again(self) -> None:
        self._unsent_from = 0
        self._bytes_sent = 0
        if self._out:
            self._host.link_wants_out(self)

    # --- receiving

    def receive(self, packet: Packet) -> None:
        if packet.mine < self._theirs:
            return
        if packet.mine > self._theirs:
            if self._theirs:
                log.info("action=link_began_anew peer=%s by=peer", self.peer)
                self._end_session()
            self._theirs = packet.mine
        self.heard_at = self._now()
        if packet.yours != self._mine:
            self.say()
            return
        session = self.session
        if not self.is_up:
            self.is_up = True
            self.say()
            self._host.link_up(self)
        self._acknowledged(packet)
        if packet.parcels and session == self.session:
            self._take(packet)
        if packet.rooms is not None and session == self.session:
            self._host.link_compares(self, packet.rooms, packet.is_whole)

    def _acknowledged(self, packet: Packet) -> None:
        while self._out and self._out[0].number <= packet.ack:
            one = self._out.popleft()
            self._bytes -= len(one.parcel)
            if self._unsent_from:
                self._unsent_from -= 1
                self._bytes_sent -= len(one.parcel)
        if packet.again:
            self._send_again()
        elif self._unsent_from < len(self._out):
            self._host.link_wants_out(self)

    def _take(self, packet: Packet) -> None:
        if packet.first > self._taken + 1:
            self._asks_again = True
            self._host.link_wants_out(self)
            return
        if self._ack_due is None:
            self._ack_due = self._now() + limits.LINK_ACK_S
        session = self.session
        for raw in packet.parcels[self._taken + 1 - packet.first :]:
            self._taken += 1
            try:
                parcel = parcels.decode(raw)
            except msgspec.ValidationError as error:
                log.error("action=parcel_not_understood peer=%s error=%s", self.peer, error)
                continue
            self._host.link_has(self, parcel)
            if session != self.session:
                return

    # --- time

    def look(self) -> None:
        """Called several times a second: what is due?"""
        now = self._now()
        if now - self.heard_at > limits.LINK_SILENCE_S:
            if self.is_up or self._theirs:
                self.reset("the other side is silent")
            self.heard_at = now
        elif self._unsent_from and now - self._out[0].sent_at > limits.LINK_RESEND_S:
            self._send_again()
        if self._ack_due is not None and now >= self._ack_due:
            self.say()

    def reset(self, why: str) -> None:
        """Begin anew, and forget which life the other side is in."""
        log.warning("action=link_began_anew peer=%s reason=%r", self.peer, why)
        self._mine = max(self._mine + 1, self._life())
        self._theirs = 0
        self._end_session()
        self.say()

    def _end_session(self) -> None:
        was_up, self.is_up = self.is_up, False
        self._start_streams()
        if was_up:
            self._host.link_reset(self)
