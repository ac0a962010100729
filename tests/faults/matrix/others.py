"""How those fare whom a fault does not mean."""

from collections.abc import Collection

from tests.faults.history import Acked, Invoked
from tests.faults.load import Person
from tests.faults.matrix.table import quantile


def p99_ms(people: Collection[Person], since_s: float, until_s: float) -> float:
    """Of the commands given in that time: milliseconds until the ok."""
    took = [seconds for person in people for seconds in _latencies(person, since_s, until_s)]
    return quantile(took, 0.99) * 1000


def _latencies(person: Person, since_s: float, until_s: float) -> list[float]:
    records = person.history.records
    given = {r.txn: r.at_s for r in records if isinstance(r, Invoked) and since_s <= r.at_s < until_s}
    return [r.at_s - given[r.txn] for r in records if isinstance(r, Acked) and r.txn in given]
