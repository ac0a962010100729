"""What every Cache keeps to; what the one in Redis does when Redis goes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from meetserver import limits
from meetserver.adapters.cache import KEY_PREFIX, RedisCache, open_cache
from meetserver.adapters.memory.cache import MemoryCache
from meetserver.config import Config
from meetserver.errors import ConfigError
from meetserver.ports import Cache
from tests.contract.eventually import eventually
from tests.servers.valkey import ValkeyServer
from tests.servers.valkey_cluster import ValkeyCluster

LONG_S = 60.0
ODD = b"\x00\r\n$-1\xff" * 1000


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests does not make Redis look dead."""
    monkeypatch.setattr(limits, "CACHE_TIMEOUT_S", 5.0)


@pytest.fixture(params=["memory", "redis", "cluster"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    if request.param == "memory":
        yield MemoryCache()
        return
    request.getfixturevalue("patient")
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
    else:
        cluster = request.getfixturevalue("redis_cluster")
        for node in cluster.nodes:
            node.ask("FLUSHALL")
        url = cluster.url
    cache = RedisCache(url)
    yield cache
    await cache.close()


async def test_what_was_added_is_there_and_what_was_not_is_not(cache: Cache) -> None:
    for n in range(20):
        await cache.add(f"key/{n}", b"%d" % n + ODD, LONG_S)
    assert [await cache.get(f"key/{n}") for n in range(20)] == [b"%d" % n + ODD for n in range(20)]
    assert await cache.get("key/20") is None


async def test_who_adds_comes_second_and_who_puts_does_not(cache: Cache) -> None:
    await cache.add("key", b"one", LONG_S)
    await cache.add("key", b"two", LONG_S)
    assert await cache.get("key") == b"one"
    await cache.put("key", b"three", LONG_S)
    assert await cache.get("key") == b"three"


async def test_what_is_over_is_gone(cache: Cache) -> None:
    await cache.add("added", b"one", 0.01)
    await cache.put("put", b"one", 0.01)
    await eventually(lambda: _is_gone(cache, "added"))
    await eventually(lambda: _is_gone(cache, "put"))
    await cache.add("added", b"two", LONG_S)
    assert await cache.get("added") == b"two"


async def test_what_was_forgotten_is_not_added_again_for_a_while(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    await cache.add("there", b"before", LONG_S)
    await cache.forget(["there", "not there"])
    for key in ("there", "not there"):
        await cache.add(key, b"before", LONG_S)
        assert await cache.get(key) is None
    await cache.put("there", b"after", LONG_S)
    assert await cache.get("there") == b"after", "whoever puts knows what is now"
    monkeypatch.setattr(limits, "CACHE_FORGET_S", 0.01)
    await cache.forget(["not there"])

    async def is_added() -> bool:
        await cache.add("not there", b"after", LONG_S)
        return await cache.get("not there") == b"after"

    await eventually(is_added)


async def _is_gone(cache: Cache, key: str) -> bool:
    return await cache.get(key) is None


# --- memory


async def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CACHE_MEMORY_BYTES", 20_000)
    cache = MemoryCache()
    for n in range(1000):
        await cache.add(f"key/{n}", bytes([1]) * 300, LONG_S)
    assert cache._entries.bytes <= 20_000
    assert await cache.get("key/999") is not None
    await cache.add("large", bytes([1]) * 2000, LONG_S)
    assert await cache.get("large") is None


# --- Redis away


async def test_a_redis_that_is_away_has_nothing_and_is_used_when_it_is_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CACHE_AWAY_S", 0.01)
    with ValkeyServer() as server:
        cache = RedisCache(server.url)

        async def keeps() -> bool:
            await cache.put("key", b"one", LONG_S)
            return await cache.get("key") == b"one"

        await eventually(keeps)
        server.kill()
        assert await cache.get("key") is None
        await cache.forget(["key"])
        await cache.add("key", b"one", LONG_S)
        server.start()
        await eventually(keeps)
        await cache.close()
    assert any("cache_away" in record.message for record in caplog.records)


async def test_a_frozen_redis_keeps_nobody_waiting(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = asyncio.get_running_loop().time
    with ValkeyServer() as server:
        monkeypatch.setattr(limits, "CACHE_TIMEOUT_S", 0.2)
        cache = RedisCache(server.url)
        await cache.put("key", b"one", LONG_S)
        server.freeze()
        began = now()
        assert await asyncio.gather(*(cache.get("key") for _ in range(100))) == [None] * 100
        assert now() - began < 1
        began = now()
        for _ in range(100):
            assert await cache.get("key") is None
        assert now() - began < limits.CACHE_TIMEOUT_S, "it is left alone"
        server.thaw()
        await cache.close()


@pytest.mark.usefixtures("patient")
async def test_a_cluster_whose_slots_move_is_followed(redis_cluster: ValkeyCluster) -> None:
    name = f"{KEY_PREFIX}moving"
    source = redis_cluster.owner(name)
    cache = RedisCache(redis_cluster.url)
    for owner in (*(node for node in redis_cluster.nodes if node is not source), source):
        await cache.put("moving", b"one", LONG_S)
        assert await cache.get("moving") == b"one"
        redis_cluster.owner(name).ask("FLUSHALL")
        redis_cluster.move(name, owner)
    await cache.close()


# --- settings


async def test_without_redis_it_is_this_process_s_memory() -> None:
    async with open_cache(Config()) as cache:
        assert isinstance(cache, MemoryCache)


async def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="MEET_REDIS_URL"):
        async with open_cache(Config(redis_url="http://localhost")):
            pass
