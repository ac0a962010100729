"""What every Bus keeps to; what the one over Redis does when Redis goes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from meetserver import limits
from meetserver.adapters.bus import RedisBus
from meetserver.adapters.memory.bus import MemoryBus
from meetserver.errors import ConfigError
from meetserver.ports import Bus
from tests.servers.valkey import ValkeyServer


class Heard:
    """What a handler was called with."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self._changed = asyncio.Event()

    def __call__(self, message: bytes) -> None:
        self.messages.append(message)
        self._changed.set()

    async def until(self, is_so: Callable[[list[bytes]], bool]) -> list[bytes]:
        async with asyncio.timeout(10):
            while not is_so(self.messages):
                self._changed.clear()
                await self._changed.wait()
        return self.messages

    async def count(self, count: int) -> list[bytes]:
        return await self.until(lambda messages: len(messages) >= count)


@pytest.fixture(params=["memory", "redis"])
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Bus, Bus]]:
    """Two processes' ends of one bus."""
    here: Bus
    there: Bus
    if request.param == "memory":
        here = MemoryBus()
        there = MemoryBus(here.peers)
    else:
        url = request.getfixturevalue("redis_url")
        here, there = await RedisBus.open(url), await RedisBus.open(url)
    yield here, there
    await here.close()
    await there.close()


async def test_a_message_reaches_every_process_also_the_one_it_is_from(buses: tuple[Bus, Bus]) -> None:
    heard = [Heard(), Heard(), Heard()]
    await buses[0].subscribe("room", heard[0])
    await buses[0].subscribe("room", heard[1])
    await buses[1].subscribe("room", heard[2])
    await buses[0].publish("room", b"\x00hello\r\n")
    assert [await one.count(1) for one in heard] == [[b"\x00hello\r\n"]] * 3


async def test_each_channel_is_its_own(buses: tuple[Bus, Bus]) -> None:
    one, other = Heard(), Heard()
    await buses[1].subscribe("room/1", one)
    await buses[1].subscribe("room/é", other)
    await buses[0].publish("room/1", b"one")
    await buses[0].publish("room/é", b"other")
    assert await one.count(1) == [b"one"]
    assert await other.count(1) == [b"other"]


async def test_messages_arrive_in_the_order_they_were_published(buses: tuple[Bus, Bus]) -> None:
    heard = Heard()
    await buses[1].subscribe("room", heard)
    for number in range(1000):
        await buses[0].publish("room", b"%d" % number)
        if number % 100 == 0:
            await asyncio.sleep(0)
    assert await heard.count(1000) == [b"%d" % number for number in range(1000)]


async def test_nobody_is_called_while_he_publishes(buses: tuple[Bus, Bus]) -> None:
    heard = Heard()
    await buses[0].subscribe("room", heard)
    await buses[0].publish("room", b"hello")
    assert not heard.messages
    await heard.count(1)


async def test_an_ended_subscription_hears_nothing_more(buses: tuple[Bus, Bus]) -> None:
    ended, other = Heard(), Heard()
    end = await buses[1].subscribe("room", ended)
    await buses[1].subscribe("room", other)
    await end()
    await end()
    await buses[0].publish("room", b"hello")
    await other.count(1)
    assert not ended.messages


async def test_a_channel_can_be_subscribed_to_again(buses: tuple[Bus, Bus]) -> None:
    first, second = Heard(), Heard()
    await (await buses[1].subscribe("room", first))()
    await buses[1].subscribe("room", second)
    await buses[0].publish("room", b"hello")
    assert await second.count(1) == [b"hello"]
    assert not first.messages


async def test_a_handler_that_raises_harms_nobody_else(buses: tuple[Bus, Bus]) -> None:
    def fail(_: bytes) -> None:
        raise ValueError

    heard = Heard()
    await buses[1].subscribe("room", fail)
    await buses[1].subscribe("room", heard)
    await buses[0].publish("room", b"one")
    await buses[0].publish("room", b"two")
    assert await heard.count(2) == [b"one", b"two"]


async def test_large_messages_arrive(buses: tuple[Bus, Bus]) -> None:
    heard = Heard()
    await buses[1].subscribe("room", heard)
    await buses[0].publish("room", b"x" * 1_000_000)
    assert (await heard.count(1))[0] == b"x" * 1_000_000


async def test_closing_twice_is_closing(buses: tuple[Bus, Bus]) -> None:
    await buses[0].close()
    await buses[0].close()


# --- over Redis


async def test_what_was_published_goes_out_before_the_bus_closes(redis_url: str) -> None:
    here, there = await RedisBus.open(redis_url), await RedisBus.open(redis_url)
    heard = Heard()
    await there.subscribe("room", heard)
    for _ in range(1000):
        await here.publish("room", b"bye")
    await here.close()
    await heard.count(1000)
    await there.close()


@pytest.fixture
def own_redis() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


async def _reaches(bus: Bus, heard: Heard, word: bytes) -> None:
    """Publish until it is heard: a connection that was lost needs a moment, and what was sent on it is gone."""
    async with asyncio.timeout(10):
        while word not in heard.messages:
            await bus.publish("room", word)
            await asyncio.sleep(0.02)


async def test_when_redis_was_restarted_the_bus_goes_on(own_redis: ValkeyServer) -> None:
    here, there = await RedisBus.open(own_redis.url), await RedisBus.open(own_redis.url)
    heard = Heard()
    await there.subscribe("room", heard)
    await _reaches(here, heard, b"before")
    own_redis.kill()
    await here.publish("room", b"lost")
    own_redis.start()
    await _reaches(here, heard, b"after")
    await here.close()
    await there.close()


async def test_a_redis_that_froze_is_noticed(own_redis: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUS_SILENCE_S", 0.2)
    here = await RedisBus.open(own_redis.url)
    heard = Heard()
    await here.subscribe("room", heard)
    await _reaches(here, heard, b"before")
    own_redis.freeze()
    async with asyncio.timeout(10):
        while here._listening is not None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    own_redis.thaw()
    await _reaches(here, heard, b"after")
    await here.close()


async def test_without_redis_nothing_waits_and_nothing_grows(
    own_redis: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BUS_SILENCE_S", 0.1)
    monkeypatch.setattr(limits, "BUS_SUBSCRIBE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(limits, "BUS_QUEUE_BYTES", 10_000)
    own_redis.stop()
    bus = await RedisBus.open(own_redis.url)
    heard = Heard()
    async with asyncio.timeout(2):
        await bus.subscribe("room", heard)
        for number in range(1000):
            await bus.publish("room", b"%0100d" % number)
    assert len(bus._queue) == 100
    own_redis.start()
    await _reaches(bus, heard, b"after")
    assert b"%0100d" % 0 not in heard.messages
    await bus.close()


@pytest.mark.parametrize("url", ["http://localhost", "redis://localhost:port/"])
async def test_a_url_that_names_no_redis_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="MEET_REDIS_URL"):
        await RedisBus.open(url)
