"""Signs of life, and how much waits to be read: one look a second at all sockets of the process, instead of timers
for each.
"""

import asyncio

from meetserver import limits
from meetserver.actors.pressure import Pressure
from meetserver.http.connection import SocketConnection

LOOK_EVERY_S = 1.0


class Heartbeat:
    def __init__(self, pressure: Pressure) -> None:
        self._pressure = pressure
        self._connections: set[SocketConnection] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: SocketConnection) -> None:
        self._connections.add(connection)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)

    def remove(self, connection: SocketConnection) -> None:
        self._connections.discard(connection)
        if not self._connections and self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._pressure.unsent_bytes = 0

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._pressure.unsent_bytes = sum(connection.unsent_bytes() for connection in self._connections)
        for connection in list(self._connections):
            if connection.pinged_at is None:
                if now - connection.seen_at >= limits.PING_S:
                    connection.ping(now)
            elif now - connection.pinged_at >= limits.PONG_TIMEOUT_S:
                connection.abort()
        self._timer = loop.call_later(LOOK_EVERY_S, self._look)
