"""The links to all live shards, over one inbox channel a shard: joins what one turn of the loop sends into one message
for each, compares notes once a second, and finds dead links.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.cluster.link import Host, Link, decode_packet
from meetserver.cluster.parcels import Parcel
from meetserver.errors import MeetError
from meetserver.ids import RoomId, ShardId
from meetserver.ports import Bus, Clock, Lease

log = logging.getLogger(__name__)

LOOK_S = 0.05
"""How often links are looked at: an acknowledgement may be this late."""


class Members(Protocol):
    """A membership, as far as links need it."""

    shard: ShardId
    members: tuple[Lease, ...]


class Upper(Protocol):
    """What lies above the links."""

    def link_up(self, link: Link) -> None: ...
    def link_reset(self, link: Link) -> None: ...
    def link_has(self, link: Link, parcel: Parcel) -> None: ...
    def link_compares(self, link: Link, rooms: list[tuple[RoomId, int, int]], is_whole: bool) -> None: ...
    def rooms_of(self, peer: ShardId) -> list[tuple[RoomId, int, int]]:
        """(room, epoch, seq) of the rooms here that this peer has an edge in."""


class Peers(Host):
    """Implements `link.Host`. Without other members it does nothing at all."""

    def __init__(self, bus: Bus, members: Members, clock: Clock) -> None:
        self._bus = bus
        self._members = members
        self._clock = clock
        self._links: dict[ShardId, Link] = {}
        self._to_send: dict[ShardId, Link] = {}
        self._wanted = asyncio.Event()
        self._next_rooms: dict[ShardId, int] = {}
        self._tasks = Background()
        self._end_inbox: Callable[[], Awaitable[None]] | None = None
        self._upper: Upper | None = None

    async def start(self, upper: Upper) -> None:
        self._upper = upper
        self._end_inbox = await self._bus.subscribe(inbox_of(self._members.shard), self._receive)
        self._tasks.start(self._send())
        self._tasks.start(self._watch())
        self.follow()

    async def close(self) -> None:
        if self._end_inbox is not None:
            await self._end_inbox()
        with contextlib.suppress(MeetError):
            await self._send_now()
        await self._tasks.close()

    def follow(self) -> None:
        """Have a link to each live shard, and to no other."""
        live = {lease.shard for lease in self._members.members} - {self._members.shard}
        for shard in [shard for shard in self._links if shard not in live]:
            link = self._links.pop(shard)
            self._to_send.pop(shard, None)
            link.reset("its shard is gone")
            self._to_send.pop(shard, None)
        for shard in sorted(live - self._links.keys()):
            self._open(shard)

    def _open(self, shard: ShardId) -> Link:
        loop = asyncio.get_running_loop()
        link = self._links[shard] = Link(self._members.shard, shard, self, self._life, loop.time)
        link.say()
        return link

    def _life(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def link(self, shard: ShardId) -> Link | None:
        return self._links.get(shard)

    @property
    def up(self) -> list[Link]:
        """Links that work."""
        return [link for link in self._links.values() if link.is_up]

    # --- link.Host

    def link_up(self, link: Link) -> None:
        log.info("action=link_up peer=%s", link.peer)
        if self._upper is not None:
            self._upper.link_up(link)

    def link_reset(self, link: Link) -> None:
        if self._upper is not None:
            self._upper.link_reset(link)

    def link_has(self, link: Link, parcel: Parcel) -> None:
        if self._upper is not None:
            try:
                self._upper.link_has(link, parcel)
            except Exception:  # one parcel's trouble is not the others'
                log.exception("action=parcel_failed peer=%s type=%s", link.peer, type(parcel).__name__)

    def link_compares(self, link: Link, rooms: list[tuple[RoomId, int, int]], is_whole: bool) -> None:
        if self._upper is not None:
            self._upper.link_compares(link, rooms, is_whole)

    def link_wants_out(self, link: Link) -> None:
        self._to_send[link.peer] = link
        self._wanted.set()

    # --- the bus

    def _receive(self, message: bytes) -> None:
        try:
            packet = decode_packet(message)
        except msgspec.DecodeError as error:
            log.error("action=packet_not_understood error=%s", error)
            return
        if (link := self._links.get(packet.shard)) is not None:
            link.receive(packet)

    async def _send(self) -> None:
        while True:
            await self._wanted.wait()
            await self._send_now()

    async def _send_now(self) -> None:
        self._wanted.clear()
        to_send, self._to_send = self._to_send, {}
        for link in to_send.values():
            for packet in link.packets():
                await self._bus.publish(inbox_of(link.peer), packet)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        exchange_at = loop.time()
        while True:
            await asyncio.sleep(LOOK_S)
            for link in list(self._links.values()):
                link.look()
            if loop.time() >= exchange_at:
                exchange_at = loop.time() + limits.LINK_EXCHANGE_S
                for link in list(self._links.values()):
                    await self._bus.publish(inbox_of(link.peer), link.exchange(*self._rooms_for(link.peer)))

    def _rooms_for(self, peer: ShardId) -> tuple[list[tuple[RoomId, int, int]], bool]:
        """At most LINK_EXCHANGE_ROOMS of them, in turns; and whether that is all."""
        rooms = [] if self._upper is None else self._upper.rooms_of(peer)
        if len(rooms) <= limits.LINK_EXCHANGE_ROOMS:
            return rooms, True
        start = self._next_rooms.get(peer, 0) % len(rooms)
        self._next_rooms[peer] = start + limits.LINK_EXCHANGE_ROOMS
        return (rooms[start:] + rooms[:start])[: limits.LINK_EXCHANGE_ROOMS], False


def inbox_of(shard: ShardId) -> str:
    return f"meet.inbox.{shard}"
