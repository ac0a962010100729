"""Whether everybody sees the same in the end, and sees what the log says."""

from collections.abc import Iterator, Sequence

import msgspec

from meetserver.chat import messages as chat
from meetserver.ports import Entry
from meetserver.rooms.live import LiveState
from meetserver.rooms.reducer import fold
from meetserver.rooms.snapshot import view
from meetserver.rooms.state import empty
from tests.faults.checker import Violation
from tests.faults.history import Acked
from tests.simulation.ownership import foreign_undos
from tests.simulation.person import Person
from tests.simulation.picture import Picture
from tests.simulation.world import World


def check_pictures(world: World, people: Sequence[Person]) -> list[Violation]:
    """Everybody has heard all that is for them, and nothing happens any more."""
    found: list[Violation] = []
    for room, row in world.log.rooms.items():
        found += [Violation("undo", room, flaw) for flaw in foreign_undos(row.entries)]
        state = fold(empty(room, row.meeting), row.entries)
        for person in people:
            if person.room == room:
                truth = _truth(row.entries, person)
                folded = Picture.of_snapshot(msgspec.json.decode(view(state, LiveState(), person.participant)))
                found += [Violation("fold", person.name, what) for what in folded.differences(truth)]
                found += [Violation("picture", person.name, what) for what in person.picture.differences(truth)]
                found += _check_deletions(person, truth)
    return found


def _truth(entries: Sequence[Entry], person: Person) -> Picture:
    picture = Picture()
    for entry in entries:
        if entry.to is None or person.participant in (entry.by, *entry.to):
            picture.hear(entry.type, entry.seq, entry.by, msgspec.json.decode(entry.data))
    return picture


def _check_deletions(person: Person, truth: Picture) -> Iterator[Violation]:
    """Those may be ok without an entry, but not without a deleted message."""
    for record in person.history.records:
        command = person.given.get(record.txn) if isinstance(record, Acked) else None
        message = truth.messages.get(command.message_id) if isinstance(command, chat.Delete) else None
        if isinstance(command, chat.Delete) and message is not None and not message["deleted"]:
            yield Violation("I1", person.name, f"{command.message_id}, whose deletion was acked, is there")
