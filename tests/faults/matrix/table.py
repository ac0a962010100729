"""The rounds of one version, summed up by row."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from tests.faults.matrix.play import Outcome
from tests.faults.matrix.row import Measure, Row, Within

HEADS = (
    "fault",
    "rounds",
    "violations",
    "bound",
    "first ack p50",
    "p99",
    "max",
    "all clients served p99",
    "away p50",
    "p99",
    "acked",
    "promised",
)
MEASURES: dict[Measure, str] = {
    "rooms": "first ack",
    "people": "all clients served",
    "silence": "room without an ack",
    "away": "client away",
}


class Line(Struct, frozen=True):
    """A row's rounds; `broken` says which of its times were not kept."""

    row: Row
    outcomes: list[Outcome]

    @property
    def failures(self) -> list[str]:
        return [failure for outcome in self.outcomes for failure in outcome.failures]

    @property
    def failed(self) -> int:
        return sum(outcome.failed for outcome in self.outcomes)

    @property
    def broken(self) -> list[str]:
        return [f"{_words(w)}: {_seconds(self.at(w))}" for w in self.row.within if self.at(w) > w.seconds]

    @property
    def holds(self) -> bool:
        return not self.failed and not self.broken

    def at(self, within: Within) -> float:
        return quantile(self.all_of(within.measure), within.quantile)

    def all_of(self, measure: Measure) -> list[float]:
        return [second for outcome in self.outcomes for second in getattr(outcome, measure)]

    def cells(self) -> list[str]:
        rooms, people, away = self.all_of("rooms"), self.all_of("people"), self.all_of("away")
        count = len(self.outcomes)
        return [
            self.row.fault,
            str(count),
            str(self.failed),
            f"{min(1.0, 3 / count):.1%}" if not self.failed else "–",
            *(_seconds(quantile(rooms, share)) for share in (0.5, 0.99, 1.0)),
            _seconds(quantile(people, 0.99)),
            *(_seconds(quantile(away, share)) for share in (0.5, 0.99)),
            f"{sum(outcome.acked for outcome in self.outcomes):,}",
            "; ".join(map(_words, self.row.within)) + (" **broken**" if self.broken else ""),
        ]


def summed(rows: Iterable[Row], outcomes: Sequence[Outcome]) -> list[Line]:
    """A line for each row that was played at all."""
    lines = [Line(row, [outcome for outcome in outcomes if outcome.row == row.name]) for row in rows]
    return [line for line in lines if line.outcomes]


def markdown(lines: Sequence[Line]) -> str:
    table = [list(HEADS), ["---"] * len(HEADS), *(line.cells() for line in lines)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in table)


def text(lines: Sequence[Line]) -> str:
    """The same for a terminal."""
    table = [list(HEADS), *(line.cells() for line in lines)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(HEADS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in table)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed (nearest rank); 0 of none."""
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)] if values else 0.0


def _words(within: Within) -> str:
    what = MEASURES[within.measure]
    return f"{what}{'' if within.quantile == 1 else f' p{within.quantile:.0%}'[:-1]} ≤ {within.seconds:g} s"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s"
