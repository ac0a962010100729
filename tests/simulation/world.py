"""A meetserver without sockets and disks: router, rooms and edges as they are, the log in memory, delays by seed."""

import asyncio
import random
from collections.abc import Callable

from meetserver.access import AnyRole
from meetserver.actors.pressure import Pressure
from meetserver.actors.room import RoomActor
from meetserver.actors.supervisor import Supervisor
from meetserver.adapters.memory.bus import MemoryBus
from meetserver.adapters.memory.chat_files import MemoryChatFiles
from meetserver.adapters.memory.clock import LoopClock
from meetserver.adapters.memory.random import SeededRandom
from meetserver.adapters.memory.room_log import MemoryRoomLog
from meetserver.cluster.committer import Committer
from meetserver.cluster.router import Router
from meetserver.errors import Refusal
from meetserver.ids import RoomId
from meetserver.wire import timestamp
from tests.faults.history import LogEntry, content_of
from tests.simulation.members import Alone

SLOWEST_STATEMENT_S = 0.030


class Crash:
    """A message that no room handles: its actor ends by an exception."""


class World:
    def __init__(self, seed: int = 0, *, slowest_statement_s: float = SLOWEST_STATEMENT_S) -> None:
        self.chance = random.Random(seed)
        self.random = SeededRandom(seed)
        self.clock = LoopClock()
        self.slowest_statement_s = slowest_statement_s
        self.log = MemoryRoomLog(self._pause)
        self.files = MemoryChatFiles()
        self.starts = 0
        self.admits: Callable[[str, frozenset[AnyRole]], Refusal | None] = lambda _address, _roles: None
        self.facts: list[tuple[str, str | None]] = []
        """What rooms told of what people caused in them: type and account."""
        self.turned_away: list[tuple[str, str, str | None]] = []
        """Whom rooms did not let in for their address: whose rules, address and account."""
        self.pressure = Pressure()
        self._committers: list[Committer] = []
        self._start()

    async def _pause(self) -> None:
        if self.slowest_statement_s:
            await asyncio.sleep(self.chance.uniform(0, self.slowest_statement_s / 2))

    def _start(self) -> None:
        self.starts += 1
        self.committer = Committer(self.log)
        self._committers.append(self.committer)
        self.supervisor = Supervisor(close_timeout_s=1)
        self.router = Router(
            self.log, self.make_actor, self.supervisor, Alone(), MemoryBus(), self.clock, self.pressure, lambda: None
        )

    def make_actor(self, room: RoomId) -> RoomActor:
        return RoomActor(
            room,
            Alone.shard,
            store=self.log,
            committer=self.committer,
            files=self.files,
            clock=self.clock,
            random=self.random,
            admits=lambda address, roles: self.admits(address, roles),  # noqa: PLW0108  (it may be set later)
            on_fact=lambda _, event, user: self.facts.append((event.type, user)),
            on_turned_away=lambda _, user, address, whose: self.turned_away.append((whose, address, user)),
            pressure=self.pressure,
        )

    def given_room(self, name: str = "room", **settings: object) -> RoomId:
        self.log.create(RoomId(name), title="Weekly", settings=settings)
        return RoomId(name)

    def actor(self, room: RoomId) -> RoomActor:
        """The one that runs it now."""
        ref = self.router.rooms.get(room)
        assert ref is not None
        return ref.actor

    def crash(self, room: RoomId) -> None:
        """The room's actor fails, as by a bug; one that does not run cannot."""
        if (ref := self.router.rooms.get(room)) is not None:
            ref.tell_control(Crash())

    async def kill_and_restart(self) -> None:
        """The process dies: what it knew is gone, statements under way may still land. Its successor starts."""
        dead = self.router
        self._start()
        await dead.close()
        await self.router.start()

    async def close(self) -> None:
        await self.router.drain()
        await self.router.close()
        for committer in self._committers:
            await committer.close()

    def logs(self) -> dict[str, list[LogEntry]]:
        return {
            room: [
                LogEntry(
                    entry.epoch,
                    entry.seq,
                    entry.by,
                    entry.type,
                    content_of(entry.type, entry.by, timestamp(entry.at), entry.data),
                    entry.txn,
                    None if entry.to is None else frozenset(entry.to),
                )
                for entry in row.entries
            ]
            for room, row in self.log.rooms.items()
        }
