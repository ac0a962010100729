"""A room's chat as somebody may read it: each message as it was sent and with what became of it since."""

from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

from meetserver import limits
from meetserver.chat.messages import Message
from meetserver.http.past import Past
from meetserver.http.readers import Reader
from meetserver.ports import Entry, RoomHistory
from meetserver.rooms.recall import recalled
from meetserver.turns import Pace

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
        sent: AsyncIterator[list[Entry]] | None = None,
    ) -> tuple[list[Message], int | None]:
        """At most `limit`, rising: the newest below `before`, or the oldest above `after`; and the last seq looked at,
        None when there are no more. `sent`: those alone, in the order asked for."""
        found: list[Message] = []
        looked_at = last = 0
        at_once = min(limit, limits.PAGE_ITEMS)
        pages = self._sent(before, after, at_once) if sent is None else sent
        pace = Pace()
        async for entry, message, weight in self._told(pages, newest_first=after is None):
            if len(found) == limit or looked_at >= limits.SEARCH_ENTRIES:
                break
            looked_at, last = looked_at + weight, entry.seq
            await pace.keep()  # it may take long to see whether one is wanted
            if self._reader.may_see(entry) and is_wanted(message):
                found.append(message)
        else:
            last = 0
        return sorted(found, key=lambda message: message.seq), last or None

    async def whole(self, until: int) -> AsyncIterator[list[Message]]:
        """All up to this seq, rising, some at a time."""
        async for some in self._stretches(self._sent(until + 1, 0, limits.PAGE_ITEMS), newest_first=False):
            yield [message for entry, message, _ in some if self._reader.may_see(entry)]

    def _sent(self, before: int | None, after: int | None, at_once: int) -> AsyncIterator[list[Entry]]:
        if after is None:
            return self._past.sent_before(before, at_once)
        return self._past.sent_after(after, before, at_once)

    async def _told(self, pages: AsyncIterator[list[Entry]], *, newest_first: bool) -> AsyncIterator[Told]:
        async for some in self._stretches(pages, newest_first=newest_first):
            for one in some:
                yield one

    async def _stretches(self, pages: AsyncIterator[list[Entry]], *, newest_first: bool) -> AsyncIterator[list[Told]]:
        async for page in pages:
            rest = page
            while rest:
                told = await self._some(rest, newest_first=newest_first)
                yield told
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
