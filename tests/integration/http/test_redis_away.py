"""Redis stops while two real shards are read and written, and comes back."""

from collections.abc import Iterator

import pytest

from tests.faults.cached_reads import site_on, two_shards, watch
from tests.servers.meetserver import MeetServer
from tests.servers.valkey import ValkeyServer


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
def shards(postgres_url: str, valkey: ValkeyServer) -> Iterator[list[MeetServer]]:
    with two_shards(postgres_url, valkey) as running:
        yield running


@pytest.mark.faults
async def test_no_answer_is_older_than_promised_while_redis_stands_still(
    shards: list[MeetServer], valkey: ValkeyServer
) -> None:
    async with site_on(shards) as site:
        seen, away = await watch(site, valkey, calm_s=0.3, away_s=1.2)
    assert seen.failures(away) == []
    assert len(seen.took_ms(away.since_s, away.until_s)) > 10
