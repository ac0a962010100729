"""The matrix of faults: real servers, real load, one fault a round, and the checker after each.

    python -m tests.faults.matrix                  every row, as often as CI does
    python -m tests.faults.matrix --full           what is missing of the full counts; stop it and go on when you like
    python -m tests.faults.matrix --row owner-killed --count 5
    python -m tests.faults.matrix --report         the table of all rounds of this version, as markdown

Exits with 1 when a promise was broken.
"""

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections.abc import AsyncIterator

import msgspec
import uvloop

from tests.faults.cluster import SHARDS
from tests.faults.load import Shape
from tests.faults.matrix import results
from tests.faults.matrix.play import play, scene_for
from tests.faults.matrix.results import Record
from tests.faults.matrix.row import USUAL, Row
from tests.faults.matrix.rows import ROWS
from tests.faults.matrix.scene import Scene
from tests.faults.matrix.table import Line, markdown, quantile, summed, text
from tests.faults.matrix.tmpfs import why_not

BAR = 20


class Run:
    """Rounds of one version, one row after the other."""

    def __init__(self, version: str, options: argparse.Namespace) -> None:
        self._version = version
        self._chance = random.Random(options.seed)
        self._until_s: float = time.monotonic() + options.minutes * 60
        self._shards: int = options.shards

    async def rounds(self, row: Row, count: int) -> None:
        """As many rounds in one cluster; after one that failed, in a fresh one."""
        done: list[Record] = []
        while len(done) < count and not self._is_over():
            async with _reported(row, scene_for(row, self._chance, self._shards)) as scene:
                while len(done) < count and not self._is_over():
                    record = await self._round(row, scene)
                    done.append(record)
                    _show(row, done, count)
                    if record.outcome.failed:
                        kept = await asyncio.to_thread(results.keep_log, record, scene.cluster.log)
                        _say(f"\n{record.outcome.failed} failures: {kept}\n")
                        break
        _say("\n")

    async def _round(self, row: Row, scene: Scene) -> Record:
        outcome = await play(row, scene)
        record = Record(self._version, results.now(), row.shape.clients, row.shape.rooms, outcome)
        results.append(record)
        return record

    def _is_over(self) -> bool:
        return time.monotonic() > self._until_s


@contextlib.asynccontextmanager
async def _reported(row: Row, scene: contextlib.AbstractAsyncContextManager[Scene]) -> AsyncIterator[Scene]:
    _say(f"{row.name:20} starting")
    async with scene as started:
        yield started


def _show(row: Row, done: list[Record], count: int) -> None:
    line = Line(row, [record.outcome for record in done])
    rooms, full = line.all_of("rooms"), BAR * len(done) // count
    _say(
        f"\r{row.name:20} {'█' * full}{'·' * (BAR - full)} {len(done):3}/{count}  first ack p50 "
        f"{quantile(rooms, 0.5):.2f} s  p99 {quantile(rooms, 0.99):.2f} s  {line.outcomes[-1].per_s:.0f}/s  "
        f"{line.failed} violations"
    )


def _say(words: str) -> None:
    sys.stderr.write(words)
    sys.stderr.flush()


def _count(row: Row, options: argparse.Namespace, version: str) -> int:
    if options.count is not None:
        return int(options.count)
    done = sum(record.outcome.row == row.name for record in results.read(version)) if options.full else 0
    return max(0, row.full - done) if options.full else row.ci


def _report(version: str, names: list[str], *, as_markdown: bool) -> int:
    outcomes = [record.outcome for record in results.read(version)]
    lines = summed([ROWS[name] for name in names], outcomes)
    sys.stdout.write(f"version {version}\n\n{(markdown if as_markdown else text)(lines)}\n")
    for line in lines:
        for broken in [*line.failures[:10], *line.broken]:
            sys.stdout.write(f"{line.row.name}: {broken}\n")
    return 0 if all(line.holds for line in lines) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--row", action="append", choices=list(ROWS), help="only these; may be given again")
    parser.add_argument("--count", type=int, help="rounds of each row")
    parser.add_argument("--full", action="store_true", help="as many rounds as are missing of the full counts")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no round after so long")
    parser.add_argument("--report", action="store_true", help="run nothing: print what ran")
    parser.add_argument("--version", default="", help="whose report; by default, of the source as it is")
    parser.add_argument("--shards", type=int, default=SHARDS)
    parser.add_argument("--clients", type=int, default=USUAL.clients)
    parser.add_argument("--rooms", type=int, default=USUAL.rooms)
    parser.add_argument("--rate", type=float, default=USUAL.rate_per_s, help="commands a second, all together")
    parser.add_argument("--seed", type=int, help="of who is struck, and for how long")
    return parser.parse_args()


async def main(options: argparse.Namespace) -> int:
    version = options.version or results.version()
    names = options.row or list(ROWS)
    if options.report:
        return _report(version, names, as_markdown=True)
    run = Run(version, options)
    shape = Shape(options.clients, options.rooms, options.rate)
    for name in names:
        row = ROWS[name]
        if row.needs_disk and why_not():
            _say(f"{name:20} skipped: {why_not()}\n")
        elif count := _count(row, options, version):
            await run.rounds(msgspec.structs.replace(row, shape=shape) if row.shape == USUAL else row, count)
    return _report(version, names, as_markdown=False)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.exit(runner.run(main(_options())))
