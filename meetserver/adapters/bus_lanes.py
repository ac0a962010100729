"""The publishing side of the bus over Redis: a connection for each node that has slots we publish to.

All messages of a slot are in one lane at any time, so that their order holds also when the slot moves.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from redis.asyncio import Connection
from redis.crc import key_slot
from redis.exceptions import ResponseError

from meetserver import limits
from meetserver.adapters.bus_nodes import Nodes
from meetserver.adapters.redis_address import Address

log = logging.getLogger(__name__)


class Outgoing(NamedTuple):
    channel: str
    message: bytes
    moves: int = 0
    """How often a node has sent it on to another."""

    @property
    def slot(self) -> int:
        return key_slot(self.channel.encode())


class Lane:
    """What waits for one node."""

    def __init__(self, nodes: Nodes, on_moved: "OnMoved") -> None:
        self.is_connected = False
        self.is_idle = asyncio.Event()
        self.is_idle.set()
        self._nodes = nodes
        self._on_moved = on_moved
        self._queue: deque[Outgoing] = deque()
        self._queued_bytes = 0
        self._has_queued = asyncio.Event()
        self._has_told = False

    def put(self, outgoing: Outgoing) -> None:
        self._queue.append(outgoing)
        self._queued_bytes += len(outgoing.message)
        while self._queued_bytes > limits.BUS_QUEUE_BYTES:
            self._queued_bytes -= len(self._queue.popleft().message)
        self._has_queued.set()
        self.is_idle.clear()

    def take_all(self) -> deque[Outgoing]:
        taken, self._queue = self._queue, deque()
        self._queued_bytes = 0
        return taken

    async def publish_on(self, connection: Connection) -> None:
        """A bus_nodes.Use: what is put in one turn of the loop is sent together at its end."""
        self.is_connected = True
        self._has_told = False
        try:
            while True:
                if not self._queue:
                    self.is_idle.set()
                    self._has_queued.clear()
                    await self._has_queued.wait()
                await self._send(connection, self._take_batch())
        finally:
            self.is_connected = False

    def _take_batch(self) -> list[Outgoing]:
        batch = [self._queue.popleft() for _ in range(min(len(self._queue), limits.BUS_BATCH_MESSAGES))]
        self._queued_bytes -= sum(len(outgoing.message) for outgoing in batch)
        return batch

    async def _send(self, connection: Connection, batch: list[Outgoing]) -> None:
        # A batch whose connection is lost is not sent again: half of it may have arrived.
        packed = connection.pack_commands([("SPUBLISH", channel, message) for channel, message, _ in batch])
        await connection.send_packed_command(packed, check_health=False)
        places: dict[int, Address] = {}
        moved: list[Outgoing] = []
        for outgoing in batch:
            try:
                await connection.read_response()
            except ResponseError as error:
                if place := self._nodes.moved(error, connection):
                    places.update([place])
                    moved.append(outgoing)
                elif not self._has_told:
                    self._has_told = True
                    log.warning('action="bus refused" error=%r', str(error))
        if places:
            # Only when all answers are here: until then new ones of these slots queue up behind those that come back.
            self._on_moved(self, places, moved)


OnMoved: TypeAlias = Callable[[Lane, Mapping[int, Address], Iterable[Outgoing]], None]


class Lanes:
    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._home = Lane(nodes, self._move)
        """For all slots of which no node has said yet that they are elsewhere."""
        self._learned: dict[Address, Lane] = {}
        self._lane_of: dict[int, Lane] = {}
        nodes.start(nodes.stay(self._home.publish_on), "bus: publish")

    @property
    def is_up(self) -> bool:
        return all(lane.is_connected for lane in self._all)

    def put(self, outgoing: Outgoing) -> None:
        """Never waits. What is above limits.BUS_QUEUE_BYTES for one node goes, oldest first."""
        lane = self._lane_of.get(outgoing.slot, self._home) if self._lane_of else self._home
        lane.put(outgoing)

    async def wait_sent(self) -> None:
        while busy := [lane for lane in self._all if not lane.is_idle.is_set()]:
            await busy[0].is_idle.wait()

    @property
    def _all(self) -> tuple[Lane, ...]:
        return self._home, *self._learned.values()

    def _move(self, lane: Lane, places: Mapping[int, Address], moved: Iterable[Outgoing]) -> None:
        for slot, address in places.items():
            self._lane_of[slot] = self._at(address)
        for outgoing in moved:
            if outgoing.moves < limits.BUS_MOVES:  # else two nodes each think that it is the other's
                self.put(outgoing._replace(moves=outgoing.moves + 1))
        for waiting in lane.take_all():
            (self.put if waiting.slot in places else lane.put)(waiting)

    def _at(self, address: Address) -> Lane:
        lane = self._learned.get(address)
        if lane is None:
            lane = self._learned[address] = Lane(self._nodes, self._move)
            self._nodes.start(self._keep(address, lane), f"bus: publish to {address.host}:{address.port}")
        return lane

    async def _keep(self, address: Address, lane: Lane) -> None:
        await self._nodes.visit(address, lane.publish_on)
        # Whose its slots are now, any other node knows.
        del self._learned[address]
        self._lane_of = {slot: other for slot, other in self._lane_of.items() if other is not lane}
        for outgoing in lane.take_all():
            self.put(outgoing)
        lane.is_idle.set()
