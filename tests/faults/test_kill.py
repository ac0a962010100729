"""The short form of the kill harness: what must hold always is asserted, times are not."""

import pytest

from tests.faults.kill_harness import run, started_server_on
from tests.faults.load import Shape
from tests.long import by_length

ROUNDS = by_length(short=1, long=2)


@pytest.mark.faults
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(database: str) -> None:
    async with started_server_on(database) as server:
        report = await run(server, database, rounds=ROUNDS, shape=Shape(), calm_s=0.7)
        assert [round_.missing for round_ in report.rounds] == [[]] * ROUNDS, server.log[-2000:]
        assert report.violations == [], server.log[-2000:]
        assert report.recovered == report.resumed == ROUNDS * report.shape.clients
        assert "internal" not in report.refusals, server.log[-2000:]
        assert report.acked > 0
