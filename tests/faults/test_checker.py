"""The checker is itself checked: a clean run passes, and each planted bug is caught as what it is."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.faults.checker import check, longest_silences, seconds_to_each_ack, seconds_to_first_ack
from tests.faults.history import Acked, Broke, Entered, Failed, History, Invoked, LogEntry, Record, Seen, content_of

ANN, BOB, EVE = "p-ann", "p-bob", "p-eve"


class Run:
    """A room's log and three clients' histories, all in order; a restart (epoch 2) after entry 6."""

    def __init__(self) -> None:
        self.log = [self._entry(seq) for seq in range(1, 13)]
        self.ann = self._history("ann", ANN)
        self.bob = self._history("bob", BOB)
        self.eve = self._history("eve", EVE)

    def _entry(self, seq: int) -> LogEntry:
        """Odd ones are Ann's, even ones Bob's; 5 is private to Bob, 12 from Bob to Ann."""
        by = ANN if seq % 2 else BOB
        to = {5: frozenset({BOB}), 12: frozenset({ANN})}.get(seq)
        return LogEntry(1 if seq <= 6 else 2, seq, by, "chat.sent", f"content {seq}", f"t{seq}", to)

    def _history(self, client: str, participant: str) -> History:
        records: list[Record] = [Entered(0, recovered=False, must_recover=False, at_s=0)]
        for entry in self.log:
            if entry.seq == 7:
                records.append(Entered(6, recovered=True, must_recover=True, at_s=65))
            if entry.by == participant:
                records.append(Invoked(entry.txn or "", "chat.send", entry.seq * 10))
                records.append(Acked(entry.txn or "", entry.seq, entry.seq * 10 + 5))
            if entry.is_for(participant):
                records.append(Seen(entry.epoch, entry.seq, entry.content, entry.seq * 10 + 6))
        return History(client, "r1", participant, records)

    def violated(self) -> set[str]:
        return {violation.invariant for violation in check([self.ann, self.bob, self.eve], {"r1": self.log})}


def change(items: list[Any], seq: int, kind: type[Any] = LogEntry, /, **fields: Any) -> None:
    """Replace the item of this kind and seq by one with other fields."""
    (place,) = [n for n, item in enumerate(items) if isinstance(item, kind) and item.seq == seq]
    items[place] = msgspec.structs.replace(items[place], **fields)


def drop(items: list[Any], seq: int, kind: type[Any] = LogEntry) -> None:
    items[:] = [item for item in items if not (isinstance(item, kind) and item.seq == seq)]


def test_a_clean_run_passes() -> None:
    assert Run().violated() == set()


def test_an_unknown_command_may_be_in_the_log_or_not() -> None:
    run = Run()
    drop(run.ann.records, 7, Acked)
    run.ann.records.append(Invoked("lost on the way", "chat.send", 200))
    assert run.violated() == set()


def test_what_changes_nothing_is_ok_without_an_entry() -> None:
    run = Run()
    run.ann.records += [Invoked("again", "chat.delete", 200), Acked("again", 12, 205)]
    assert run.violated() == set()
    run.ann.records += [Invoked("said", "chat.edit", 210), Acked("said", 12, 215)]
    assert run.violated() == {"I1"}


def test_a_client_that_left_early_need_not_see_the_rest() -> None:
    run = Run()
    run.eve.records = run.eve.records[:4]
    run.eve.saw_all = False
    assert run.violated() == set()


def test_who_was_away_too_long_starts_from_the_snapshot() -> None:
    run = Run()
    for seq in (7, 8, 9):
        drop(run.eve.records, seq, Seen)
    run.eve.records = [
        Entered(9, recovered=False, must_recover=False, at_s=99) if isinstance(r, Entered) and r.recovered else r
        for r in run.eve.records
    ]
    assert run.violated() == set()


def lost_ack(run: Run) -> None:
    """Acked before the commit, and the commit failed: the last entry is gone for everybody."""
    for records in (run.log, run.ann.records, run.bob.records, run.eve.records):
        drop(records, 12, LogEntry if records is run.log else Seen)


def doubled_txn(run: Run) -> None:
    """A retry was taken for a new command."""
    again = msgspec.structs.replace(run.log[2], seq=13, epoch=2)
    run.log.append(again)
    for history in (run.ann, run.bob, run.eve):
        history.records.append(Seen(again.epoch, again.seq, again.content, 131))


def answered_with_another_seq(run: Run) -> None:
    """The retry's reply was made anew instead of remembered."""
    change(run.ann.records, 3, Acked, seq=4)


def refused_but_done(run: Run) -> None:
    """The commit's outcome was unknown and the client was told no."""
    run.ann.records = [
        Failed(r.txn, "internal", r.at_s) if isinstance(r, Acked) and r.seq == 7 else r for r in run.ann.records
    ]


def swapped_in_the_feed(run: Run) -> None:
    """Two broadcasts overtook each other."""
    seen = [n for n, r in enumerate(run.eve.records) if isinstance(r, Seen) and r.seq in (8, 9)]
    first, second = seen
    run.eve.records[first], run.eve.records[second] = run.eve.records[second], run.eve.records[first]


def seen_twice(run: Run) -> None:
    """The catch-up and the live feed overlapped."""
    run.eve.records.append(run.eve.records[-1])


def missed_in_the_middle(run: Run) -> None:
    """The edge dropped a frame and did not pull it from the log."""
    drop(run.eve.records, 3, Seen)


def missed_at_the_end(run: Run) -> None:
    """A lost last frame makes no gap that the client could see."""
    drop(run.eve.records, 11, Seen)


def false_recovered(run: Run) -> None:
    """Recovered, it said, but what happened during the restart was not sent."""
    drop(run.bob.records, 7, Seen)
    drop(run.bob.records, 8, Seen)


def not_recovered_in_time(run: Run) -> None:
    """The sessions did not outlive the process."""
    run.bob.records = [
        msgspec.structs.replace(r, recovered=False) if isinstance(r, Entered) and r.recovered else r
        for r in run.bob.records
    ]


def other_content_for_one(run: Run) -> None:
    """The event was encoded per recipient, once wrongly."""
    change(run.bob.records, 9, Seen, content="something else")


def phantom_event(run: Run) -> None:
    """Broadcast before the commit, which then failed."""
    for history in (run.ann, run.bob, run.eve):
        history.records.append(Seen(2, 13, "never committed", 131))


def rewritten_log(run: Run) -> None:
    """An entry was changed after it had been told."""
    change(run.log, 4, content="edited in place")


def leaked_private_message(run: Run) -> None:
    """The catch-up forgot to filter by addressee."""
    private = run.log[4]
    place = next(n for n, r in enumerate(run.eve.records) if isinstance(r, Seen) and r.seq == 6)
    run.eve.records.insert(place, Seen(private.epoch, private.seq, private.content, 59))


def stale_epoch_entry(run: Run) -> None:
    """No fence: the old owner's commit landed after the new owner's first."""
    change(run.log, 9, epoch=1)
    for history in (run.ann, run.bob, run.eve):
        change(history.records, 9, Seen, epoch=1)


def gap_in_the_log(run: Run) -> None:
    """last_seq was bumped by a transaction whose insert was lost."""
    drop(run.log, 10)
    for history in (run.ann, run.bob, run.eve):
        drop(history.records, 10, Seen)
        drop(history.records, 10, Acked)


def reordered_commands(run: Run) -> None:
    """A later command overtook one that had been acked."""
    for records in (run.ann.records, run.bob.records):
        for place, record in enumerate(records):
            if isinstance(record, Invoked) and record.txn == "t8":
                records[place] = msgspec.structs.replace(record, at_s=200)
            if isinstance(record, Acked) and record.txn == "t8":
                records[place] = msgspec.structs.replace(record, at_s=205)


def thrown_out(run: Run) -> None:
    """The server sent what the client's own strict reading refused."""
    run.eve.records.append(Broke("chat.sent at 2:7 after 2:9", 140))


@pytest.mark.parametrize(
    ("bug", "caught_as"),
    [
        (lost_ack, "I1"),
        (answered_with_another_seq, "I1"),
        (refused_but_done, "I1"),
        (doubled_txn, "I2"),
        (swapped_in_the_feed, "I3"),
        (seen_twice, "I3"),
        (missed_in_the_middle, "I3"),
        (missed_at_the_end, "I3"),
        (false_recovered, "I3"),
        (not_recovered_in_time, "I3"),
        (leaked_private_message, "I3"),
        (thrown_out, "I3"),
        (other_content_for_one, "I4"),
        (phantom_event, "I4"),
        (rewritten_log, "I4"),
        (stale_epoch_entry, "I5"),
        (gap_in_the_log, "I5"),
        (reordered_commands, "I7"),
    ],
)
def test_a_planted_bug_is_caught(bug: Callable[[Run], None], caught_as: str) -> None:
    run = Run()
    bug(run)
    assert run.violated() == {caught_as}


def second_page(run: Run) -> None:
    """All up to entry 6 was looked at before."""
    run.log = run.log[5:]
    for history in (run.ann, run.bob, run.eve):
        begins = next(n for n, record in enumerate(history.records) if isinstance(record, Entered) and record.recovered)
        history.records = [Entered(6, recovered=False, must_recover=False, at_s=65), *history.records[begins + 1 :]]


def test_a_later_page_is_checked_for_itself() -> None:
    run = Run()
    second_page(run)
    assert violated_after(run, 6) == set()


def test_what_was_done_on_an_earlier_page_is_not_done_again() -> None:
    run = Run()
    second_page(run)
    again = msgspec.structs.replace(run.log[-1], seq=13, txn="t3", by=ANN, to=None)
    run.log.append(again)
    for history in (run.ann, run.bob, run.eve):
        history.records.append(Seen(again.epoch, again.seq, again.content, 131))
    assert violated_after(run, 6) == {"I2"}


def test_a_page_begins_where_the_one_before_ended() -> None:
    run = Run()
    second_page(run)
    drop(run.log, 6)
    assert violated_after(run, 6) == {"I5"}


def violated_after(run: Run, seq: int) -> set[str]:
    histories = [run.ann, run.bob, run.eve]
    return {violation.invariant for violation in check(histories, {"r1": run.log}, {"r1": seq})}


def test_a_room_without_a_log_is_a_loss() -> None:
    run = Run()
    assert {violation.invariant for violation in check([run.ann], {})} == {"I1"}


def test_time_to_the_first_new_ack_counts_commands_given_after_the_fault() -> None:
    run = Run()
    assert seconds_to_first_ack([run.ann, run.bob], since_s=65) == {"r1": 10}


def test_time_to_the_first_new_ack_of_each_client() -> None:
    run = Run()
    assert seconds_to_each_ack([run.ann, run.bob], since_s=65) == {"ann": 10, "bob": 20}


def test_the_longest_silence_counts_from_the_fault_and_to_its_end() -> None:
    run = Run()
    assert longest_silences([run.ann, run.bob], since_s=60, until_s=125) == {"r1": 10}
    assert longest_silences([run.ann], since_s=78, until_s=125) == {"r1": 20}
    assert longest_silences([run.ann], since_s=113, until_s=160) == {"r1": 45}


def test_content_does_not_depend_on_the_order_of_keys() -> None:
    assert content_of("t", "p", "now", b'{"a":1,"b":2}') == content_of("t", "p", "now", b'{ "b": 2, "a": 1}')
    assert content_of("t", "p", "now", b'{"a":1}') != content_of("t", "p", "now", b'{"a":2}')
