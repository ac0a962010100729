"""A room's chat as somebody may read it: each message as it was sent and with what became of it since."""

from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

from meetserver import limits
from meetserver.chat.messages import Message
from meetserver.http.past import Past
from meetserver.http.readers import Reader
from meetserver.ports import Entry, RoomHistory
from meetserver.rooms.recall import recalled

Told: TypeAlias = tuple[Entry, Message, int]
"""A message's entry, the message, and how many entries made it."""


class Conversation:
    def __init__(self, history: RoomHistory, reader: Reader) -> None:
        self._history = history
        self._reader = reader
        self._past = Past(history, reader)

    async def page(
        self,
        *,
        before: int | None,
        after: int | None,
        limit: int,
        is_wanted: Callable[[Message], bool] = lambda _: True,
    ) -> tuple[list[Message], int | None]:
        """At most `limit`, rising: the newest below `before`, or the oldest above `after`; and the last seq looked at,
        None when there are no more."""
        found: list[Message] = []
        looked_at = last = 0
        async for entry, message, weight in self._told(before, after, min(limit, limits.PAGE_ITEMS)):
            if len(found) == limit or looked_at >= limits.SEARCH_ENTRIES:
                break
            looked_at, last = looked_at + weight, entry.seq
            if self._reader.may_see(entry) and is_wanted(message):
                found.append(message)
        else:
            last = 0
        return sorted(found, key=lambda message: message.seq), last or None

    async def _told(self, before: int | None, after: int | None, at_once: int) -> AsyncIterator[Told]:
        pages = (
            self._past.sent_before(before, at_once) if after is None else self._past.sent_after(after, before, at_once)
        )
        async for page in pages:
            rest = page
            while rest:
                told = await self._some(rest, newest_first=after is None)
                for one in told:
                    yield one
                rest = rest[len(told) :]

    async def _some(self, sent: list[Entry], *, newest_first: bool) -> list[Told]:
        """The first of these, as many as one reading of what was said about them makes whole: at least one."""
        room, seqs = self._reader.meeting.room_id, [entry.seq for entry in sent]
        about = await self._history.entries_about(room, seqs, limits.ABOUT_ENTRIES, newest_first=newest_first)
        cut = about[-1].subject if len(about) == limits.ABOUT_ENTRIES else None
        by_subject: dict[int | None, list[Entry]] = {}
        for entry in about:
            by_subject.setdefault(entry.subject, []).append(entry)
        told: list[Told] = []
        for entry in sent:
            changes = by_subject.get(entry.seq, [])
            if entry.seq == cut and told:
                break
            message = recalled(entry, changes)
            assert message is not None, "an entry of type chat.sent is a message"
            told.append((entry, message, 1 + len(changes)))
        return told
