"""Several listeners on one socket, as several shards are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from meetserver.config import Config
from meetserver.http import listener as module
from meetserver.http.gate import Gate
from meetserver.http.listener import Listener
from meetserver.http.port import bound_socket
from tests.integration.transport.conftest import until


class House:
    """One bound socket, listeners on it, and people who come."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self._socket = stack.enter_context(bound_socket(Config(port=0)))
        self._socket.listen()

    def listener(self, *, is_shared: bool) -> Listener:
        gate = Gate(100, 100, lambda _: True)
        listener = Listener(self._socket, gate, asyncio.Protocol, is_shared=is_shared)
        listener.start()
        self._stack.callback(gate.close)
        self._stack.push_async_callback(listener.close)
        return listener

    async def visit(self) -> None:
        _, writer = await asyncio.open_connection(*self._socket.getsockname())
        self._stack.push_async_callback(writer.wait_closed)
        self._stack.callback(writer.close)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield House(stack)


async def test_who_shares_a_socket_leaves_the_next_one_to_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TURN_S", 1000.0)
    one = house.listener(is_shared=True)
    await house.visit()
    await until(lambda: len(one.gate) == 1)
    await house.visit()
    other = house.listener(is_shared=True)
    await until(lambda: len(other.gate) == 1)
    assert len(one.gate) == 1


async def test_who_is_alone_takes_all_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_S", 1000.0)
    one = house.listener(is_shared=False)
    for _ in range(3):
        await house.visit()
    await until(lambda: len(one.gate) == 3)


async def test_who_stops_accepting_leaves_those_who_wait_to_the_others(house: House) -> None:
    one = house.listener(is_shared=True)
    await house.visit()
    await until(lambda: len(one.gate) == 1)
    await one.stop_accepting()
    await house.visit()
    other = house.listener(is_shared=True)
    await until(lambda: len(other.gate) == 1)
    assert len(one.gate) == 1
