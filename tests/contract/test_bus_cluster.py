"""The bus over a Redis Cluster: nodes that die, slots that move, nodes that talk nonsense."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count, pairwise

import pytest
from redis.crc import key_slot
from redis.exceptions import MovedError

from meetserver import limits
from meetserver.adapters.bus import RedisBus
from meetserver.adapters.bus_nodes import Nodes
from tests.contract.fake_node import FakeNode
from tests.contract.heard import Heard, reaches, until
from tests.servers.valkey_cluster import ClusterNode, ValkeyCluster

ROOM = key_slot(b"room")


@pytest.fixture
def cluster() -> Iterator[ValkeyCluster]:
    """One whose nodes may be killed."""
    with ValkeyCluster() as cluster:
        yield cluster


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[RedisBus]:
    bus = await RedisBus.open(url)
    try:
        yield bus
    finally:
        await bus.close()


async def test_a_slot_moves_in_mid_stream(redis_cluster: ValkeyCluster) -> None:
    first, _, third = redis_cluster.nodes
    channel = redis_cluster.channels(1)[0]
    numbers = count()
    async with opened(first.url) as here, opened(third.url) as there:
        heard = Heard()
        await there.subscribe(channel, heard)

        async def some_are_heard() -> None:
            now = len(heard.messages)
            async with asyncio.timeout(30):
                while len(heard.messages) < now + 100:
                    await here.publish(channel, b"%d" % next(numbers))
                    await asyncio.sleep(0.001)

        for owner in (third, first, third, first):
            moving = asyncio.create_task(asyncio.to_thread(redis_cluster.move, channel, owner))
            await some_are_heard()
            await moving
            await some_are_heard()
        assert all(int(one) < int(next_) for one, next_ in pairwise(heard.messages)), "in order, and none twice"
        assert len(heard.messages) > next(numbers) * 0.5
        await until(lambda: here.is_up and there.is_up)


async def test_nodes_that_do_not_know_their_own_address(redis_cluster: ValkeyCluster) -> None:
    _tell_all(redis_cluster.nodes, "CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint")
    try:
        async with opened(redis_cluster.url) as bus:
            for channel in redis_cluster.channels(3):
                heard = Heard()
                await bus.subscribe(channel, heard)
                await reaches(bus, heard, b"hello", channel)
    finally:
        _tell_all(redis_cluster.nodes, "CONFIG", "SET", "cluster-preferred-endpoint-type", "ip")


async def test_a_dead_node_takes_only_its_own_slots_with_it(cluster: ValkeyCluster) -> None:
    dead = cluster.nodes[0]
    own, *others, _, new, other_new = cluster.channels(6)
    heard = {channel: Heard() for channel in (own, *others)}
    async with opened(dead.url) as here, opened(dead.url) as there:
        for channel in heard:
            await there.subscribe(channel, heard[channel])
            await reaches(here, heard[channel], b"before", channel)
        dead.kill()
        await until(lambda: not there.is_up)
        for channel in others:
            await reaches(here, heard[channel], b"meanwhile", channel)
        for channel in (new, other_new):  # whose they are is not known yet, and the URL's node cannot say it
            heard[channel] = Heard()
            await there.subscribe(channel, heard[channel])
            await reaches(here, heard[channel], b"meanwhile", channel)
        dead.start()
        for channel in heard:
            await reaches(here, heard[channel], b"after", channel)
        await until(lambda: here.is_up and there.is_up)


async def test_when_a_replica_takes_over_the_bus_goes_on_with_it(cluster: ValkeyCluster) -> None:
    dead = cluster.nodes[0]
    replica = cluster.replica(dead)
    channel = cluster.channels(1)[0]
    heard = Heard()
    async with opened(cluster.nodes[1].url) as here, opened(cluster.nodes[2].url) as there:
        await there.subscribe(channel, heard)
        await reaches(here, heard, b"before", channel)
        dead.kill()
        await here.publish(channel, b"lost")
        replica.ask("CLUSTER", "FAILOVER", "TAKEOVER")
        await reaches(here, heard, b"after", channel)
        await until(lambda: here.is_up and there.is_up)


# --- limits


async def test_nodes_that_send_on_in_circles_are_not_followed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUS_SUBSCRIBE_TIMEOUT_S", 0.05)
    node = FakeNode(lambda: f"-MOVED {ROOM} 127.0.0.1:{node.port}")
    async with node.serving(), opened(node.url) as bus:
        await bus.publish("room", b"hello")
        await bus._lanes.wait_sent()
        assert node.count(b"SPUBLISH") == 1 + limits.BUS_MOVES
        await bus.subscribe("room", lambda _: None)
        await until(lambda: node.count(b"SSUBSCRIBE") >= 1 + limits.BUS_MOVES)
        assert not bus.is_up
        await bus.subscribe("room", lambda _: None)  # which waits a while, and in vain
        assert node.count(b"SSUBSCRIBE") == 1 + limits.BUS_MOVES


async def test_a_subscription_that_was_sent_in_circles_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUS_SUBSCRIBE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(limits, "BUS_SILENCE_S", 0.2)
    circles = iter([True] * (1 + limits.BUS_MOVES))
    right = FakeNode(lambda: "*3\r\n$10\r\nssubscribe\r\n$4\r\nroom\r\n:1")
    node = FakeNode(lambda: f"-MOVED {ROOM} 127.0.0.1:{(node if next(circles, None) else right).port}")
    async with right.serving(), node.serving(), opened(node.url) as bus:
        await bus.subscribe("room", lambda _: None)
        await until(lambda: bus.is_up)
    assert right.count(b"SSUBSCRIBE") == 1


async def test_where_a_dead_node_was_is_not_asked_over_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUS_VISIT_PAUSE_S", 3600.0)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    node = FakeNode(lambda: ":0" if node.asked[-1][1] == b"other" else f"-MOVED {ROOM} 127.0.0.1:{port}")
    async with node.serving(), opened(node.url) as bus:
        for _ in range(10):
            await bus.publish("room", b"hello")
            await bus.publish("other", b"hello")
            await bus._lanes._home.is_idle.wait()
        assert [words[1] for words in node.asked].count(b"room") == 1
        monkeypatch.setattr(limits, "BUS_SILENCE_S", 0.1)  # so that closing gives up soon


async def test_so_many_nodes_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REDIS_NODES", 3)
    nodes = Nodes("redis://127.0.0.1:1", {})
    connection = nodes._make(None)
    for port in (1, 2, 3, 1, 4):
        nodes.moved(MovedError(f"0 127.0.0.1:{port}"), connection)
    assert [address.port for address in nodes._known] == [3, 1, 4]


def _tell_all(nodes: list[ClusterNode], *command: str) -> None:
    for node in nodes:
        node.ask(*command)
