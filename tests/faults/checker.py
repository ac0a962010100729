"""The offline checker: do the clients' histories and the rooms' logs agree, as docs/reliability.md promises?

I1 what was acked is in the log at the acked seq, what was refused is not; I2 no txn twice; I3 each client's feed
rises, has all that was addressed to it and nothing else, and a resume in time recovers; I4 one content per seq;
I5 the log has no gap and no entry of an epoch after a higher one's first; I7 what was acked before another command
was given comes before it. I6, the time to the first new ack, is measured by `seconds_to_first_ack`.
Pure: nothing here reads a clock or a database.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from msgspec import Struct

from tests.faults.history import Acked, Broke, Entered, Failed, History, Invoked, LogEntry, Seen

NEED_NOT_CHANGE = frozenset({
    "chat.delete", "chat.react", "chat.pin", "whiteboard.undo", "whiteboard.redo", "whiteboard.clear",
    "whiteboard.move_page", "whiteboard.change_page", "whiteboard.restore",
})  # fmt: skip
"""Commands that are ok without an entry where all is so already, or there is nothing to do."""


class Violation(Struct, frozen=True):
    """A broken promise: which (I1 to I7), in whose history or which room, and what happened."""

    invariant: str
    where: str
    what: str


Logs = Mapping[str, Sequence[LogEntry]]


NONE: Mapping[str, int] = MappingProxyType({})


def check(
    histories: Sequence[History], logs: Logs, after: Mapping[str, int] = NONE, *, expired: Mapping[str, int] = NONE
) -> list[Violation]:
    """All violations; `logs` is by room, each in the order in which the database gives it by seq, with what expired.

    `expired`: up to there a room does not keep what happened, so that who was there last need not be recovered.
    A room in `after` was looked at before up to that seq: its log begins with that entry, its histories after it.
    """
    violations: list[Violation] = []
    for room, log in logs.items():
        by_seq = {entry.seq: entry for entry in log}
        mine = [history for history in histories if history.room == room]
        violations += _check_log(room, log, after.get(room, 1))
        violations += _check_asked(room, mine, [entry for entry in log if entry.seq > after.get(room, 0)])
        violations += _check_order(room, mine)
        for history in mine:
            violations += _check_answers(history, log)
            violations += _check_feed(history, log, by_seq, expired.get(room, 0))
    violations += [
        Violation("I1", history.client, f"room {history.room} has no log")
        for history in histories
        if history.room not in logs
    ]
    return violations


def _check_log(room: str, log: Sequence[LogEntry], first: int) -> Iterator[Violation]:
    keys = Counter((entry.by, entry.txn) for entry in log if entry.txn is not None)
    for (by, txn), count in keys.items():
        if count > 1:
            yield Violation("I2", room, f"txn {txn} of {by} is in the log {count} times")
    if log and log[0].seq != first:
        yield Violation("I5", room, f"the log begins at {log[0].seq}")
    for before, after in pairwise(log):
        if after.seq != before.seq + 1:
            yield Violation("I5", room, f"{after.seq} follows {before.seq}")
        if after.epoch < before.epoch:
            yield Violation("I5", room, f"epoch {after.epoch} at {after.seq} follows epoch {before.epoch}")


def _check_asked(room: str, histories: Sequence[History], log: Sequence[LogEntry]) -> Iterator[Violation]:
    """What was asked for on a former page of the histories is not done again on this one."""
    asked = {record.txn for history in histories for record in history.records if isinstance(record, Invoked)}
    authors = {history.participant for history in histories}
    for entry in log:
        if entry.txn is not None and entry.by in authors and entry.txn not in asked:
            yield Violation("I2", room, f"nobody asked for txn {entry.txn} at {entry.seq} ({entry.type}) just now")


def _check_answers(history: History, log: Sequence[LogEntry]) -> Iterator[Violation]:
    seqs: dict[str, list[int]] = {}
    for entry in log:
        if entry.txn is not None and entry.by == history.participant:
            seqs.setdefault(entry.txn, []).append(entry.seq)
    types = {record.txn: record.type for record in history.records if isinstance(record, Invoked)}
    for record in history.records:
        if isinstance(record, Broke):
            yield Violation("I3", history.client, record.why)
        if isinstance(record, Failed) and record.txn in seqs:
            yield Violation("I1", history.client, f"txn {record.txn} was refused ({record.code}) and is in the log")
        if isinstance(record, Acked):
            found = seqs.get(record.txn, [])
            if record.seq not in found and (found or types.get(record.txn) not in NEED_NOT_CHANGE):
                what = f"txn {record.txn} ({types.get(record.txn)}), acked at {record.seq}, is in the log at {found}"
                yield Violation("I1", history.client, what)


def _check_feed(
    history: History, log: Sequence[LogEntry], by_seq: Mapping[int, LogEntry], expired: int
) -> Iterator[Violation]:
    """Between the seq at which the client entered and the last that it saw, it saw all that it may, in order."""
    for seen in history.records:
        if isinstance(seen, Seen):
            yield from _check_seen(history, seen, by_seq.get(seen.seq))
    was_at = 0
    for record in history.records:
        is_excused = 0 < expired >= was_at
        if isinstance(record, Entered) and record.must_recover and not (record.recovered or is_excused):
            yield Violation("I3", history.client, f"came back in time and was not recovered (at {record.seq})")
        if isinstance(record, Entered | Seen):
            was_at = record.seq
    stretches = list(_stretches(history))
    for number, stretch in enumerate(stretches):
        is_last = number == len(stretches) - 1
        end = log[-1].seq if is_last and history.saw_all and log else stretch[-1]
        yield from _check_stretch(history, stretch, end, log)


def _check_seen(history: History, seen: Seen, entry: LogEntry | None) -> Iterator[Violation]:
    if entry is None:
        yield Violation("I4", history.client, f"saw {seen.seq}, which is not in the log")
        return
    if (seen.epoch, seen.content) != (entry.epoch, entry.content):
        yield Violation("I4", history.client, f"saw something else at {seen.seq} than the log holds")
    if not entry.is_for(history.participant):
        yield Violation("I3", history.client, f"saw {seen.seq}, which was addressed to others")


def _stretches(history: History) -> Iterator[list[int]]:
    """The seqs of each part of the feed that must have no hole: from an entry that did not recover to the next."""
    stretch: list[int] = []
    for record in history.records:
        if isinstance(record, Entered) and not record.recovered:
            if stretch:
                yield stretch
            stretch = [record.seq]
        elif isinstance(record, Seen):
            stretch.append(record.seq)
    if stretch:
        yield stretch


def _check_stretch(history: History, stretch: list[int], end: int, log: Sequence[LogEntry]) -> Iterator[Violation]:
    for before, after in pairwise(stretch):
        if after <= before:
            yield Violation("I3", history.client, f"saw {after} after {before}")
    seen = set(stretch)
    for entry in log:
        is_due = stretch[0] < entry.seq <= end and entry.is_for(history.participant)
        if is_due and entry.seq not in seen:
            yield Violation("I3", history.client, f"never saw {entry.seq} ({entry.type})")


def _check_order(room: str, histories: Sequence[History]) -> Iterator[Violation]:
    """Whatever was acked before a command was given has a lower seq than it: one pass over all clients' time."""
    records = [(history, record) for history in histories for record in history.records]
    given_at = {(history.client, record.txn): record.at_s for history, record in records if isinstance(record, Invoked)}
    acks = sorted(((r.at_s, r.seq) for _, r in records if isinstance(r, Acked)), key=lambda ack: ack[0])
    commands = sorted(
        (given_at.get((history.client, record.txn), record.at_s), record.seq, record.txn)
        for history, record in records
        if isinstance(record, Acked)
    )
    highest, position = 0, 0
    for given, seq, txn in commands:
        while position < len(acks) and acks[position][0] < given:
            highest = max(highest, acks[position][1])
            position += 1
        if seq < highest:
            yield Violation("I7", room, f"txn {txn} got {seq} though {highest} had been acked before it was given")


def seconds_to_first_ack(histories: Iterable[History], since_s: float) -> dict[str, float]:
    """For each room, the time from `since_s` to the first ack of a command that was given after it."""
    first: dict[str, float] = {}
    for history in histories:
        took = _first_ack(history, since_s)
        if took is not None:
            first[history.room] = min(first.get(history.room, took), took)
    return first


def seconds_to_each_ack(histories: Iterable[History], since_s: float) -> dict[str, float]:
    """The same for each client."""
    return {history.client: took for history in histories if (took := _first_ack(history, since_s)) is not None}


def _first_ack(history: History, since_s: float) -> float | None:
    given = {r.txn for r in history.records if isinstance(r, Invoked) and r.at_s >= since_s}
    return min((r.at_s - since_s for r in history.records if isinstance(r, Acked) and r.txn in given), default=None)


def longest_silences(histories: Iterable[History], since_s: float, until_s: float) -> dict[str, float]:
    """For each room, the longest time between two acks, whoever's, within `since_s` to `until_s`."""
    acks: dict[str, list[float]] = {}
    for history in histories:
        times = [r.at_s for r in history.records if isinstance(r, Acked) and since_s < r.at_s < until_s]
        acks.setdefault(history.room, []).extend(times)
    return {
        room: max(after - before for before, after in pairwise([since_s, *sorted(times), until_s]))
        for room, times in acks.items()
    }
