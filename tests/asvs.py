"""Counts the OWASP ASVS points that this test run has shown: docs/security/asvs.toml says which tests show which."""

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct, convert

LIST = Path(__file__).parents[1] / "docs" / "security" / "asvs.toml"


class Point(Struct, frozen=True, forbid_unknown_fields=True):
    """A requirement that applies. `tests` are `file::function`; without any it is not shown by a test, and `note` says
    what there is instead, or what is missing."""

    id: str
    says: str
    tests: list[str] = []
    note: str = ""


class LeftOut(Struct, frozen=True, forbid_unknown_fields=True):
    """Requirements that do not apply, and why."""

    ids: list[str]
    because: str


class Listing(Struct, frozen=True, forbid_unknown_fields=True):
    point: list[Point]
    left_out: list[LeftOut]


def listing() -> Listing:
    return convert(tomllib.loads(LIST.read_text()), Listing)


def function_of(node_id: str) -> str:
    """`file::function` of a test: without class and parameters."""
    file, _, rest = node_id.partition("::")
    return f"{file}::{rest.partition('[')[0].rpartition('::')[2]}"


def shown(points: Iterable[Point], passed: set[str], failed: set[str]) -> Iterator[Point]:
    """Points all of whose tests ran and passed, each in all its variants."""
    for point in points:
        if point.tests and all(test in passed and test not in failed for test in point.tests):
            yield point


class AsvsCount:
    """The plug-in: says at the end of a run how many points it has shown."""

    def __init__(self) -> None:
        self._passed: set[str] = set()
        self._failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self._passed.add(function_of(report.nodeid))
        elif not report.passed:
            self._failed.add(function_of(report.nodeid))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        points = listing().point
        count = sum(1 for _ in shown(points, self._passed, self._failed))
        if count:
            terminalreporter.write_line(
                f"OWASP ASVS 5.0 L1+L2: {count} of {len(points)} applicable points shown by a test that ran"
            )
