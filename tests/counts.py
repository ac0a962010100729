"""Says at the end of a run how much the tests that walk through something have walked through.

A test says it by `record_property("counted", "630 cells of route and role")`.
"""

import pytest


class Counts:
    """The plug-in."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self._lines += [f"{report.nodeid}: {value}" for name, value in report.user_properties if name == "counted"]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in sorted(self._lines):
            terminalreporter.write_line(line)
