"""The listening side of the bus over Redis: a connection for each node that has slots of channels we listen to."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Iterable
from typing import Any

from redis.asyncio import Connection
from redis.crc import key_slot
from redis.exceptions import ResponseError

from meetserver import limits
from meetserver.adapters.bus_nodes import LOST, Nodes, disconnect, end
from meetserver.adapters.redis_address import Address

log = logging.getLogger(__name__)

READS_IN_A_ROW = 256
"""Messages that are taken before others get their turn of the loop."""


class Wanted:
    """A channel that is listened to at one node, as far as is known the right one."""

    def __init__(self, listener: "Listener") -> None:
        self.listener = listener
        self.is_held = asyncio.Event()
        self.moves = 0
        """How often a node has sent us on to another since it was held last."""


class Listeners:
    def __init__(self, nodes: Nodes, deliver: Callable[[str, bytes], None]) -> None:
        self.wanted: dict[str, Wanted] = {}
        self.nodes = nodes
        self.deliver = deliver
        self._home = Listener(self)
        """For all channels of which no node has said yet that they are elsewhere."""
        self._learned: dict[Address, Listener] = {}
        nodes.start(nodes.stay(self._home.listen_on), "bus: listen")

    @property
    def is_up(self) -> bool:
        return self._home.is_connected and all(wanted.is_held.is_set() for wanted in self.wanted.values())

    async def add(self, channel: str) -> asyncio.Event:
        """The answer is set while a node holds the subscription."""
        wanted = self.wanted[channel] = Wanted(self._home)
        await self._home.tell("SSUBSCRIBE", channel)
        return wanted.is_held

    async def remove(self, channel: str) -> None:
        await self.wanted.pop(channel).listener.tell("SUNSUBSCRIBE", channel)

    async def move(self, channels: Iterable[str], address: Address) -> None:
        moving = []
        for channel in channels:
            wanted = self.wanted[channel]
            wanted.is_held.clear()
            wanted.moves += 1
            if (
                wanted.moves <= limits.BUS_MOVES
            ):  # else two nodes each think that it is the other's: `_watch` asks again
                wanted.listener = self._at(address)
                moving.append(channel)
        if moving:
            await self._at(address).tell("SSUBSCRIBE", *moving)

    def _at(self, address: Address) -> "Listener":
        listener = self._learned.get(address)
        if listener is None:
            listener = self._learned[address] = Listener(self)
            self.nodes.start(self._keep(address, listener), f"bus: listen at {address.host}:{address.port}")
        return listener

    async def _keep(self, address: Address, listener: "Listener") -> None:
        await self.nodes.visit(address, listener.listen_on)
        # Whose its channels are now, any other node knows.
        del self._learned[address]
        channels = listener.channels
        for channel in channels:
            self.wanted[channel].listener = self._home
        await self._home.tell("SSUBSCRIBE", *channels)


class Listener:
    """One node's, over one connection or several, one after the other."""

    def __init__(self, all_: Listeners) -> None:
        self._all = all_
        self._connection: Connection | None = None
        self._heard_at = 0.0
        self._has_told = False

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    @property
    def channels(self) -> list[str]:
        return [channel for channel, wanted in self._all.wanted.items() if wanted.listener is self]

    async def tell(self, command: str, *channels: str) -> None:
        """Does nothing without a connection: the next one subscribes to all that is wanted then."""
        if self._connection is not None and channels:
            # One command a channel: a command's channels must all be of one slot.
            packed = self._connection.pack_commands([(command, channel) for channel in channels])
            with contextlib.suppress(*LOST):
                await self._connection.send_packed_command(packed, check_health=False)

    async def listen_on(self, connection: Connection) -> None:
        """A bus_nodes.Use."""
        self._heard_at = asyncio.get_running_loop().time()
        self._connection = connection
        self._has_told = False
        watch = asyncio.create_task(self._watch(connection), name="bus: watch")
        try:
            await self.tell("SSUBSCRIBE", *self.channels)
            await self._read(connection)
        finally:
            self._connection = None
            for channel in self.channels:
                self._all.wanted[channel].is_held.clear()
            await end(watch)

    async def _read(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time
        while True:
            for _ in range(READS_IN_A_ROW):
                try:
                    answer: Any = await connection.read_response(timeout=math.inf)
                except ResponseError as error:
                    await self._refused(error, connection)
                    continue
                finally:
                    self._heard_at = now()
                if answer[0] == b"smessage":
                    self._all.deliver(answer[1].decode(), answer[2])
                elif answer[0] in {b"ssubscribe", b"sunsubscribe"}:
                    await self._changed(answer[1].decode(), is_held=answer[0] == b"ssubscribe")
            await asyncio.sleep(0)

    async def _changed(self, channel: str, *, is_held: bool) -> None:
        wanted = self._all.wanted.get(channel)
        if wanted is None or wanted.listener is not self:
            return
        if is_held:
            wanted.moves = 0
            wanted.is_held.set()
        else:  # the node has given the slot away, and says to whom when it is asked again
            wanted.is_held.clear()
            await self.tell("SSUBSCRIBE", channel)

    async def _refused(self, error: ResponseError, connection: Connection) -> None:
        place = self._all.nodes.moved(error, connection)
        if place is None:
            if not self._has_told:
                log.warning('action="bus refused" error=%r', str(error))
            self._has_told = True
            return
        slot, address = place
        await self._all.move([c for c in self.channels if key_slot(c.encode()) == slot], address)

    async def _watch(self, connection: Connection) -> None:
        """A dead peer sends no goodbye: ask it, and hang up when it says nothing. What it refused, ask for again."""
        while True:
            await asyncio.sleep(limits.BUS_SILENCE_S / 2)
            silent_s = asyncio.get_running_loop().time() - self._heard_at
            if silent_s >= 2 * limits.BUS_SILENCE_S:
                log.warning('action="bus silent" silent_s=%.1f', silent_s)
                await disconnect(connection)
                return
            if silent_s >= limits.BUS_SILENCE_S:
                with contextlib.suppress(*LOST):
                    await connection.send_command("PING", check_health=False)
            missing = [channel for channel in self.channels if not self._all.wanted[channel].is_held.is_set()]
            for channel in missing:
                self._all.wanted[channel].moves = 0
            await self.tell("SSUBSCRIBE", *missing)
