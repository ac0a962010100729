"""What every room log checks before it writes."""

from meetserver.errors import BadEntry
from meetserver.ports import Commit


def malformed(commit: Commit) -> BadEntry | None:
    """Why `commit` can never be written: a gap in its numbers, another epoch's entry, a txn that is no text. None when
    it looks whole."""
    if not commit.entries:
        return BadEntry("a commit holds at least one entry")
    for seq, entry in enumerate(commit.entries, commit.after_seq + 1):
        if entry.seq != seq or entry.epoch != commit.epoch:
            return BadEntry(f"entry {entry.epoch}/{entry.seq} stands where {commit.epoch}/{seq} belongs")
        if entry.at.tzinfo is None:
            return BadEntry("a time without a zone")
        if entry.txn is not None and not is_storable(entry.txn):
            return BadEntry("a txn holds what no database keeps")
    return None


def is_storable(text: str) -> bool:
    """Whether a database can hold `text`, and be asked for it: PostgreSQL knows no NUL, and UTF-8 no lone surrogate."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
