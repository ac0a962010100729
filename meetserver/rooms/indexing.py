"""What a stretch of a room's log changes in the index of its messages' words. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from meetserver.chat.messages import Deleted, Edited, Sent
from meetserver.chat.words import words_of
from meetserver.ids import ParticipantId
from meetserver.ports import Entry, IndexChange, Said, Words
from meetserver.rooms.catalog import decode_event
from meetserver.rooms.messages import Erased, Expired
from meetserver.turns import Turns

TYPES: Final = (Sent.type, Edited.type, Deleted.type, Erased.type, Expired.type)
"""Types of entries that change it."""


def is_searchable(settings: Mapping[str, Any]) -> bool:
    """Whether a meeting with these settings, as they are stored, has its messages in the index."""
    return bool(settings.get("chat_search", True)) and not settings.get("e2ee")


def changing(entries: Iterable[Entry]) -> Turns[IndexChange]:
    """Entries of TYPES, rising. Raises MeetError for one that this release cannot read."""
    new: dict[int, Said] = {}
    now: dict[int, Words] = {}
    gone: set[int] = set()
    erased: set[ParticipantId] = set()
    expired = 0
    for entry in entries:
        yield
        event = decode_event(entry.type, entry.v, entry.data)
        match event:
            case Sent():  # one without words as well: an edit may give it some
                new[entry.seq] = Said(entry.by, words_of(event.text or ""), entry.to)
            case Edited() if (seq := event.subject()) is not None:
                now[seq] = words_of(event.text or "")
            case Deleted() if (seq := event.subject()) is not None:
                gone.add(seq)
            case Erased():
                erased.update(event.participants)
            case Expired():
                expired = max(expired, event.until)
            case _:
                pass
    return IndexChange(new, now, gone, erased, expired)
