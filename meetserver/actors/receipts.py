"""What a room remembers of commands it acknowledged, so that a repeated txn gets its first reply.

The log is the memory that counts; this one spares asking it. While the whole log has passed through here
(`is_complete`), a txn that is not here is new for certain.
"""

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b

from meetserver import limits, wire
from meetserver.actors.envelopes import Receipt
from meetserver.messages import Command
from meetserver.ports import Entry
from meetserver.rooms.catalog import decode_event


def body_hash(command: Command) -> bytes:
    """16 bytes that tell a repetition from another command under the same txn."""
    return blake2b(command.type.encode() + b"\0" + wire.encode(command), digest_size=16).digest()


def receipt_of(entry: Entry) -> Receipt:
    return Receipt(entry.seq, entry.at, entry.body_hash, decode_event(entry.type, entry.v, entry.data).receipt())


class Receipts:
    def __init__(self, entries: Iterable[Entry] = (), *, is_complete: bool = False) -> None:
        self._recent: OrderedDict[tuple[str, str], Receipt] = OrderedDict()
        self.is_complete = is_complete
        for entry in entries:
            if entry.txn is not None:
                self.add((entry.by, entry.txn), receipt_of(entry))

    def add(self, key: tuple[str, str], receipt: Receipt) -> None:
        self._recent[key] = receipt
        self._recent.move_to_end(key)
        if len(self._recent) > limits.RECENT_RECEIPTS:
            self._recent.popitem(last=False)
            self.is_complete = False

    def get(self, key: tuple[str, str]) -> Receipt | None:
        return self._recent.get(key)
