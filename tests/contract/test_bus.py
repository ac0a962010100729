"""What every Bus keeps to; what the one over Redis does when Redis goes."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from meetserver import limits
from meetserver.adapters.bus import RedisBus
from meetserver.adapters.memory.bus import MemoryBus
from meetserver.errors import ConfigError
from meetserver.ports import Bus
from tests.contract.heard import Heard, reaches, until
from tests.servers.valkey import ValkeyServer


@pytest.fixture(params=["memory", "redis", "cluster"])
async def buses(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Bus, Bus]]:
    """Two processes' ends of one bus; of a cluster each is told of another node."""
    here: Bus
    there: Bus
    if request.param == "memory":
        here = MemoryBus()
        there = MemoryBus(here.peers)
    elif request.param == "redis":
        url = request.getfixturevalue("redis_url")
        here, there = await RedisBus.open(url), await RedisBus.open(url)
    else:
        nodes = request.getfixturevalue("redis_cluster").nodes
        here, there = await RedisBus.open(nodes[0].url), await RedisBus.open(nodes[1].url)
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


async def test_channels_of_all_nodes_keep_their_order(buses: tuple[Bus, Bus]) -> None:
    heard = [Heard() for _ in range(12)]
    for number, one in enumerate(heard):
        await buses[1].subscribe(f"room/{number}", one)
    for number in range(1200):
        await buses[0].publish(f"room/{number % 12}", b"%d" % (number // 12))
        if number % 100 == 0:
            await asyncio.sleep(0)
    for one in heard:
        assert await one.count(100) == [b"%d" % number for number in range(100)]


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


async def test_a_bus_that_carries_is_up_until_it_is_closed(buses: tuple[Bus, Bus]) -> None:
    heard = Heard()
    for number in range(12):
        await buses[1].subscribe(f"room/{number}", heard)
        await buses[1].publish(f"room/{number}", b"hello")
    await heard.count(12)
    await until(lambda: buses[1].is_up)
    await buses[1].close()
    assert not buses[1].is_up


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


async def test_when_redis_was_restarted_the_bus_goes_on(own_redis: ValkeyServer) -> None:
    here, there = await RedisBus.open(own_redis.url), await RedisBus.open(own_redis.url)
    heard = Heard()
    await there.subscribe("room", heard)
    await reaches(here, heard, b"before")
    own_redis.kill()
    await here.publish("room", b"lost")
    await until(lambda: not here.is_up and not there.is_up)
    own_redis.start()
    await reaches(here, heard, b"after")
    await until(lambda: here.is_up and there.is_up)
    await here.close()
    await there.close()


async def test_a_redis_that_froze_is_noticed(own_redis: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUS_SILENCE_S", 0.2)
    here = await RedisBus.open(own_redis.url)
    heard = Heard()
    await here.subscribe("room", heard)
    await reaches(here, heard, b"before")
    own_redis.freeze()
    await until(lambda: not here.is_up)
    own_redis.thaw()
    await reaches(here, heard, b"after")
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
    async with asyncio.timeout(20):  # were each to wait for Redis, they would take 50 s
        await bus.subscribe("room", heard)
        for number in range(1000):
            await bus.publish("room", b"%0100d" % number)
    assert len(bus._lanes._home._queue) == 100
    own_redis.start()
    await reaches(bus, heard, b"after")
    assert b"%0100d" % 0 not in heard.messages
    await bus.close()


async def test_what_redis_refuses_is_said_once_and_tried_again(
    own_redis: ValkeyServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "BUS_SILENCE_S", 0.1)
    monkeypatch.setattr(limits, "BUS_SUBSCRIBE_TIMEOUT_S", 0.05)
    own_redis.ask("ACL", "SETUSER", "default", "resetchannels")
    bus = await RedisBus.open(own_redis.url)
    heard = Heard()
    await bus.subscribe("room", heard)
    assert not bus.is_up
    for _ in range(3):
        await bus.publish("room", b"refused")
        await bus._lanes.wait_sent()
    own_redis.ask("ACL", "SETUSER", "default", "allchannels")
    await reaches(bus, heard, b"after")
    await until(lambda: bus.is_up)
    await bus.close()
    assert len([record for record in caplog.records if "bus refused" in record.message]) == 2, "one each way"


@pytest.mark.parametrize("url", ["http://localhost", "redis://localhost:port/"])
async def test_a_url_that_names_no_redis_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="MEET_REDIS_URL"):
        await RedisBus.open(url)
