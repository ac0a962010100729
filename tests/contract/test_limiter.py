"""What every rate limiter promises; and what becomes of the one in Redis when Redis goes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import redis.asyncio

from meetserver import limits
from meetserver.adapters.limiter import KEY_PREFIX, RedisLimiter, open_limiter
from meetserver.adapters.memory.clock import ManualClock
from meetserver.adapters.memory.limiter import MemoryLimiter
from meetserver.config import Config
from meetserver.errors import ConfigError
from meetserver.limits import Rate
from meetserver.ports import RateLimiter
from tests.servers.valkey import ValkeyServer
from tests.servers.valkey_cluster import ValkeyCluster

FIVE = Rate("five", 5, 60.0)


class Limiter:
    """A limiter whose time can be made to pass."""

    def __init__(self, limiter: RateLimiter, pass_: Callable[[float], Awaitable[None]]) -> None:
        self.port = limiter
        self.time_passes = pass_

    async def hits(self, count: int, rate: Rate = FIVE, key: str = "ann") -> int:
        """How many of so many are allowed."""
        return sum([(await self.port.hit(rate, key)).is_allowed for _ in range(count)])


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy with other tests does not make Redis look dead."""
    monkeypatch.setattr(limits, "LIMITER_TIMEOUT_S", 5.0)


@pytest.fixture(params=["memory", "redis", "cluster"])
async def limiter(request: pytest.FixtureRequest) -> AsyncIterator[Limiter]:
    clock = ManualClock()
    memory = MemoryLimiter(clock)

    async def advance(seconds: float) -> None:
        clock.advance(seconds)

    if request.param == "memory":
        yield Limiter(memory, advance)
        return
    request.getfixturevalue("patient")
    if request.param == "redis":
        urls = [request.getfixturevalue("redis_url")]
    else:
        urls = [node.url for node in request.getfixturevalue("redis_cluster").nodes]
    clients = [redis.asyncio.Redis.from_url(url) for url in urls]
    for client in clients:
        await client.flushdb()

    async def age(seconds: float) -> None:
        """Redis' clock stays; its keys have less time left instead."""
        for client in clients:
            async for key in client.scan_iter(f"{KEY_PREFIX}:*"):
                left_ms = await client.pttl(key) - int(seconds * 1000)
                await (client.pexpire(key, left_ms) if left_ms > 0 else client.delete(key))

    limiter = RedisLimiter(urls[0], memory)
    yield Limiter(limiter, age)
    assert not memory._counters, "it counted in memory although Redis was there"
    await limiter.close()
    for client in clients:
        await client.aclose()


async def test_as_many_as_the_rate_says_and_no_more(limiter: Limiter) -> None:
    assert await limiter.hits(8) == 5


async def test_many_at_once_too(limiter: Limiter) -> None:
    answers = await asyncio.gather(*(limiter.port.hit(FIVE, "ann") for _ in range(50)))
    assert sum(answer.is_allowed for answer in answers) == 5


async def test_keys_and_rates_are_counted_apart(limiter: Limiter) -> None:
    assert await limiter.hits(9) == 5
    assert await limiter.hits(9, key="bob") == 5
    assert await limiter.hits(9, Rate("other", 3, 60.0)) == 3


async def test_what_is_left_is_said(limiter: Limiter) -> None:
    answer = await limiter.port.hit(FIVE, "ann", 2)
    assert (answer.limit, answer.remaining) == (5, 3)
    assert answer.reset_s == pytest.approx(120, abs=1), "until all is there again"
    assert (await limiter.port.peek(FIVE, "ann")).remaining == 3


async def test_what_is_refused_takes_nothing(limiter: Limiter) -> None:
    await limiter.hits(4)
    assert not (await limiter.port.hit(FIVE, "ann", 2)).is_allowed
    assert (await limiter.port.hit(FIVE, "ann")).is_allowed


async def test_a_look_takes_nothing(limiter: Limiter) -> None:
    for _ in range(9):
        assert (await limiter.port.peek(FIVE, "ann")).is_allowed
    assert await limiter.hits(9) == 5
    assert not (await limiter.port.peek(FIVE, "ann")).is_allowed


async def test_who_waits_as_long_as_told_may_go_on(limiter: Limiter) -> None:
    await limiter.hits(5)
    for _ in range(8):
        refused = await limiter.port.hit(FIVE, "ann")
        assert not refused.is_allowed
        assert 0 < refused.reset_s <= 75
        await limiter.time_passes(refused.reset_s / 2)
        assert not (await limiter.port.hit(FIVE, "ann")).is_allowed
        await limiter.time_passes(refused.reset_s / 2 + 0.01)
        assert (await limiter.port.hit(FIVE, "ann")).is_allowed


async def test_in_no_window_are_much_more_than_the_rate_says(limiter: Limiter) -> None:
    allowed = []
    for _ in range(30):
        allowed.append(await limiter.hits(5))
        await limiter.time_passes(12)
    assert max(sum(allowed[n : n + 5]) for n in range(26)) <= 6


async def test_after_two_windows_all_is_there_again(limiter: Limiter) -> None:
    await limiter.hits(5)
    await limiter.time_passes(120)
    assert (await limiter.port.peek(FIVE, "ann")).remaining == 5
    assert await limiter.hits(9) == 5


async def test_what_was_cleared_begins_anew(limiter: Limiter) -> None:
    await limiter.hits(5)
    await limiter.port.clear(FIVE, "ann")
    assert await limiter.hits(9) == 5


# --- memory


async def test_memory_is_bounded_and_forgets_who_was_not_there_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITER_KEYS", 100)
    limiter = MemoryLimiter(ManualClock())
    for n in range(1000):
        await limiter.hit(FIVE, "ann")
        await limiter.hit(FIVE, str(n))
    assert len(limiter._counters) == 100
    assert not (await limiter.hit(FIVE, "ann")).is_allowed


async def test_what_is_over_leaves_memory() -> None:
    clock = ManualClock()
    limiter = MemoryLimiter(clock)
    for n in range(100):
        await limiter.hit(FIVE, str(n))
    clock.advance(120)
    for _ in range(60):
        await limiter.hit(FIVE, "ann")
        await limiter.clear(FIVE, "ann")
    assert not limiter._counters


# --- Redis away


@asynccontextmanager
async def opened(url: str, memory: MemoryLimiter | None = None) -> AsyncIterator[RedisLimiter]:
    limiter = RedisLimiter(url, memory or MemoryLimiter(ManualClock()))
    try:
        yield limiter
    finally:
        await limiter.close()


async def test_memory_counts_while_redis_is_away(caplog: pytest.LogCaptureFixture) -> None:
    with ValkeyServer() as server:
        async with opened(server.url) as redis_limiter:
            limiter = Limiter(redis_limiter, _never)
            assert await limiter.hits(9) == 5
            server.kill()
            assert await limiter.hits(9) == 5
            server.start()
            redis_limiter._nodes._home.silent_until -= limits.LIMITER_AWAY_S + limits.LIMITER_TIMEOUT_S
            assert await limiter.hits(9) == 5, "a new Redis has no memory"
    assert [record.levelname for record in caplog.records if "limiter_in_memory" in record.message] == ["WARNING"]


async def test_a_frozen_redis_keeps_nobody_waiting_for_long() -> None:
    now = asyncio.get_running_loop().time
    with ValkeyServer() as server:
        async with opened(server.url) as redis_limiter:
            await redis_limiter.hit(FIVE, "ann")
            server.freeze()
            started = now()
            answers = await asyncio.gather(*(redis_limiter.hit(FIVE, "ann") for _ in range(200)))
            assert sum(answer.is_allowed for answer in answers) == 5
            assert now() - started < 1
            started = now()
            for _ in range(100):
                await redis_limiter.hit(FIVE, "ann")
            assert now() - started < limits.LIMITER_TIMEOUT_S
            server.thaw()


@pytest.mark.usefixtures("patient")
async def test_a_dead_node_of_a_cluster_takes_only_its_own_keys_with_it() -> None:
    keys = [str(number) for number in range(30)]
    with ValkeyCluster() as cluster:
        for node in cluster.nodes:
            node.ask("CONFIG", "SET", "cluster-require-full-coverage", "no")
        dead = cluster.nodes[0]
        async with opened(dead.url) as redis_limiter:
            limiter = Limiter(redis_limiter, _never)
            for key in keys:
                assert await limiter.hits(4, key=key) == 4
            dead.kill()
            left = [await limiter.hits(4, key=key) for key in keys]
            of_dead = [cluster.owner(f"{KEY_PREFIX}:{{{FIVE.name}/{key}}}") is dead for key in keys]
            assert left == [4 if is_dead else 1 for is_dead in of_dead], "memory had not counted those of the dead one"


@pytest.mark.usefixtures("patient")
async def test_a_cluster_whose_slots_move_is_followed(redis_cluster: ValkeyCluster) -> None:
    key = f"{KEY_PREFIX}:{{{FIVE.name}/moving}}"
    source = redis_cluster.owner(key)
    async with opened(redis_cluster.url, memory := MemoryLimiter(ManualClock())) as redis_limiter:
        limiter = Limiter(redis_limiter, _never)
        for owner in (*(node for node in redis_cluster.nodes if node is not source), source):
            assert await limiter.hits(9, key="moving") == 5
            redis_cluster.owner(key).ask("FLUSHALL")  # else its counts would have to move too
            redis_cluster.move(key, owner)
    assert not memory._counters, "it counted in memory although the cluster was there"


@pytest.mark.usefixtures("patient")
async def test_so_many_nodes_of_a_cluster_are_remembered(
    redis_cluster: ValkeyCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REDIS_NODES", 1)
    async with opened(redis_cluster.url) as redis_limiter:
        for key in range(30):
            assert (await redis_limiter.hit(FIVE, f"remembered {key}")).is_allowed
            assert len(redis_limiter._nodes._learned) <= 1


async def _never(_: float) -> None:
    raise AssertionError("time passes by itself here")


# --- settings


@pytest.mark.parametrize(("factor", "allowed"), [(0.0, 50), (0.01, 1), (0.5, 2), (1.0, 5), (3.0, 15)])
async def test_the_setting_is_a_factor_of_all_rates(factor: float, allowed: int) -> None:
    async with open_limiter(Config(rate_factor=factor), ManualClock()) as limiter:
        assert await Limiter(limiter, _never).hits(50) == allowed


@pytest.mark.usefixtures("patient")
async def test_processes_with_one_redis_count_together(redis_url: str) -> None:
    config = Config(redis_url=redis_url)
    async with open_limiter(config, ManualClock()) as one, open_limiter(config, ManualClock()) as other:
        assert await Limiter(one, _never).hits(3) + await Limiter(other, _never).hits(9) == 5


async def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="MEET_REDIS_URL"):
        async with open_limiter(Config(redis_url="http://localhost"), ManualClock()):
            pass
