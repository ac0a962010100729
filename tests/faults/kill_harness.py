"""kill -9 of the server in the middle of people chatting and drawing, again and again; then the checker.

    python -m tests.faults.kill_harness --rounds 20 --database sqlite|postgres

prints a report as JSON and exits with 1 when a promise was broken.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator

import msgspec
from msgspec import Struct

from tests.faults.checker import Violation, check, seconds_to_first_ack
from tests.faults.history import Acked, Entered, History, Invoked, LogEntry
from tests.faults.load import Load, Shape, load
from tests.faults.log_reader import read_logs
from tests.servers.meetserver import MeetServer
from tests.servers.postgres import PostgresServer

BACK_WITHIN_S = 2.0
"""From the start of the process to the first new ack in the last of its rooms."""
ALL_BACK_TIMEOUT_S = 30.0
SETTLE_TIMEOUT_S = 60.0


class Round(Struct, frozen=True):
    """Seconds from the start of the new process until /readyz said yes, until each room had acked a command that was
    given after the start, and until all clients were back."""

    ready_s: float
    rooms_back_s: float
    clients_back_s: float
    missing: list[str] = []
    """Who was not back, or back without an ack, after ALL_BACK_TIMEOUT_S."""


class Report(Struct):
    """What a run showed."""

    database: str
    shape: Shape
    rounds: list[Round]
    given: int = 0
    acked: int = 0
    entries: int = 0
    resumed: int = 0
    recovered: int = 0
    refusals: dict[str, int] = {}
    violations: list[Violation] = []
    slowest_rooms_back_s: float = 0.0
    slowest_ready_s: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether the promises were kept, times included."""
        in_time = self.slowest_rooms_back_s <= BACK_WITHIN_S
        is_all_back = not any(round_.missing for round_ in self.rounds)
        return (
            is_all_back
            and not self.violations
            and self.resumed == self.recovered
            and in_time
            and "internal" not in self.refusals
        )


async def run(server: MeetServer, database: str, rounds: int, shape: Shape, calm_s: float = 1.5) -> Report:
    """`calm_s`: load between two kills, at most twice as much."""
    chance = random.Random(0)
    async with load(server.base_url, shape) as running:
        running.go()
        report = Report(database, shape, [])
        for _ in range(rounds):
            await asyncio.sleep(calm_s * (1 + chance.random()))
            report.rounds.append(await _kill_and_start(server, running))
        await running.rest(SETTLE_TIMEOUT_S)
        logs = await read_logs(server.environment)
        await running.saw_all(logs, SETTLE_TIMEOUT_S)
        _sum_up(report, running, logs)
    return report


async def _kill_and_start(server: MeetServer, running: Load) -> Round:
    await asyncio.to_thread(server.kill)
    started_s = time.monotonic()
    ready_s = await asyncio.to_thread(server.start)
    missing = await running.missing_since(started_s, ALL_BACK_TIMEOUT_S)
    back = seconds_to_first_ack((person.history for person in running.people), started_s)
    came = [person.came_back[-1] - started_s for person in running.people if person.came_back]
    rooms_back_s = ALL_BACK_TIMEOUT_S if missing else max(back.values())
    return Round(round(ready_s, 3), round(rooms_back_s, 3), round(max(came, default=0), 3), missing)


def _sum_up(report: Report, running: Load, logs: dict[str, list[LogEntry]]) -> None:
    histories = [person.history for person in running.people]
    report.violations = check(histories, {history.room: logs[history.room] for history in histories})
    report.given = _count(histories, Invoked)
    report.acked = _count(histories, Acked)
    report.entries = sum(map(len, logs.values()))
    back = [record for history in histories for record in history.records if isinstance(record, Entered)]
    report.resumed = sum(record.must_recover for record in back)
    report.recovered = sum(record.recovered for record in back)
    report.refusals = dict(running.refusals)
    report.slowest_rooms_back_s = max((round_.rooms_back_s for round_ in report.rounds), default=0.0)
    report.slowest_ready_s = max((round_.ready_s for round_ in report.rounds), default=0.0)


def _count(histories: list[History], kind: type[Struct]) -> int:
    return sum(isinstance(record, kind) for history in histories for record in history.records)


@contextlib.contextmanager
def server_on(database: str) -> Iterator[MeetServer]:
    """A meetserver on `sqlite`, or on a `postgres` of its own that keeps what a production server keeps."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(PostgresServer(fsync=True)).url if database == "postgres" else ""
        yield stack.enter_context(MeetServer(url))


@contextlib.asynccontextmanager
async def started_server_on(database: str) -> AsyncIterator[MeetServer]:
    """The same, without blocking the loop."""
    stack = server_on(database)
    server = await asyncio.to_thread(stack.__enter__)
    try:
        yield server
    finally:
        await asyncio.to_thread(stack.__exit__, None, None, None)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--clients", type=int, default=Shape().clients)
    parser.add_argument("--rooms", type=int, default=Shape().rooms)
    parser.add_argument("--rate", type=float, default=Shape().rate_per_s, help="commands a second, all together")
    options = parser.parse_args()
    shape = Shape(options.clients, options.rooms, options.rate)
    async with started_server_on(options.database) as server:
        report = await run(server, options.database, options.rounds, shape)
        if not report.holds:
            sys.stderr.write(server.log[-20000:])
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(report)).decode() + "\n")
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
