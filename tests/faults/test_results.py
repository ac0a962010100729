"""How rounds add up."""

from pathlib import Path

import pytest

from tests.faults.matrix import results
from tests.faults.matrix.owner import KILLED
from tests.faults.matrix.play import Outcome
from tests.faults.matrix.results import Record
from tests.faults.matrix.row import TAKEN_OVER_S
from tests.faults.matrix.table import Line, markdown, quantile, summed, text


def outcome(rooms: list[float], failed: int = 0) -> Outcome:
    return Outcome(KILLED.name, ["I1 client 1: lost"] * failed, failed, rooms=rooms, acked=100)


def test_rounds_of_one_version_add_up_over_runs(tmp_path: Path) -> None:
    file = tmp_path / "rounds.jsonl"
    assert results.read("one", file) == []
    mine = [
        Record("one", results.now(), 200, 20, outcome([1.0])),
        Record("one", results.now(), 200, 20, outcome([2.0])),
    ]
    others = Record("two", results.now(), 200, 20, outcome([3.0]))
    for record in (mine[0], others, mine[1]):
        results.append(record, file)
    assert results.read("one", file) == mine


def test_a_row_holds_when_nothing_failed_in_time() -> None:
    assert Line(KILLED, [outcome([TAKEN_OVER_S])]).holds
    assert not Line(KILLED, [outcome([1.0]), outcome([TAKEN_OVER_S + 0.1])]).holds
    assert not Line(KILLED, [outcome([1.0]), outcome([1.0], failed=1)]).holds


def test_the_table_says_what_was_seen_and_how_sure_that_is() -> None:
    lines = summed([KILLED], [outcome([1.0, 2.0]), outcome([3.0, 4.0])] * 15)
    (_, _, row) = markdown(lines).splitlines()
    assert row.startswith("| owner: SIGKILL | 30 | 0 | 10.0% | 2.00 s | 4.00 s | 4.00 s |")
    assert "3,000" in text(lines)


def test_what_failed_bounds_nothing() -> None:
    (_, _, row) = markdown([Line(KILLED, [outcome([1.0], failed=2)])]).splitlines()
    assert row.startswith("| owner: SIGKILL | 1 | 2 | – |")


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_quantiles_are_of_the_values_themselves(share: float, value: int) -> None:
    assert quantile(range(1, 101), share) == value
    assert quantile([], share) == 0
