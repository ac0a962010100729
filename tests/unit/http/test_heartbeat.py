"""Once a second the heartbeat sums up what clients have not taken."""

import asyncio
from typing import cast

from meetserver.actors.pressure import Pressure
from meetserver.http.connection import SocketConnection
from meetserver.http.heartbeat import LOOK_EVERY_S, Heartbeat
from tests.simulation.virtual_time import run_virtual


class Connection:
    def __init__(self, unsent: int) -> None:
        self.unsent = unsent
        self.seen_at = 0.0
        self.pinged_at = None

    def unsent_bytes(self) -> int:
        return self.unsent


def given(unsent: int) -> SocketConnection:
    return cast(SocketConnection, Connection(unsent))


def test_what_is_unsent_is_summed_up_and_forgotten_when_all_have_gone() -> None:
    async def run() -> None:
        pressure = Pressure()
        heartbeat, connections = Heartbeat(pressure), [given(70_000), given(5)]
        for connection in connections:
            heartbeat.add(connection)
        await asyncio.sleep(LOOK_EVERY_S + 0.1)
        assert pressure.unsent_bytes == 70_005
        heartbeat.remove(connections[0])
        await asyncio.sleep(LOOK_EVERY_S)
        assert pressure.unsent_bytes == 5
        heartbeat.remove(connections[1])
        assert pressure.unsent_bytes == 0

    run_virtual(run())
