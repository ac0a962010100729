"""The `q` of GET /meetings/{id}/messages: what was said, found by its words."""

from collections.abc import AsyncIterator

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict

from meetserver import limits
from meetserver.chat.messages import Message
from meetserver.chat.words import found_in, sought_in
from meetserver.errors import NotSupported, SearchOff
from meetserver.http.conversation import Conversation
from meetserver.http.readers import Reader
from meetserver.http.services import Services
from meetserver.ports import Entry, Sought


class MessageShown(Message, frozen=True, omit_defaults=True):
    """`highlights`: where in the text what was looked for is: start and length in code points, rising."""

    highlights: list[tuple[int, int]] | UnsetType = UNSET


class IndexShown(Struct, frozen=True):
    """Up to which entry of the room's log what was said can be found, and whether something was said since."""

    until_seq: int
    is_behind: bool


def shown(message: Message, highlights: list[tuple[int, int]] | UnsetType = UNSET) -> MessageShown:
    return MessageShown(**asdict(message), highlights=highlights)


class Search:
    """Raises NotSupported where only the members' clients can read the chat, SearchOff where nobody is to search it."""

    def __init__(self, services: Services, reader: Reader, q: str) -> None:
        settings = reader.meeting.settings
        if settings.get("e2ee"):
            raise NotSupported("this chat is end-to-end encrypted: only its members' clients can search it")
        if not settings.get("chat_search", True):
            raise SearchOff("the meeting's settings say that its chat is not searched")
        self._history = services.history
        self._words = services.message_index
        self._reader = reader
        self._room = reader.meeting.room_id
        self._sought = sought_in(q)

    async def index(self) -> IndexShown:
        return IndexShown(*await self._words.standing(self._room))

    async def page(self, *, before: int | None, after: int | None, limit: int) -> tuple[list[MessageShown], int | None]:
        """As Conversation.page. What the index does not know yet, that a message says something else or nothing now, is
        seen by looking at the message."""
        if self._sought is None:
            return [], None
        sought, marks = self._sought, dict[int, list[tuple[int, int]]]()

        def is_wanted(message: Message) -> bool:
            places = found_in(message.text or "", sought)
            if places is not None:
                marks[message.seq] = places
            return places is not None

        sent = self._sent(sought, before, after, min(limit, limits.PAGE_ITEMS))
        found, last = await Conversation(self._history, self._reader).page(
            before=before, after=after, limit=limit, is_wanted=is_wanted, sent=sent
        )
        return [shown(message, marks[message.seq]) for message in found], last

    async def _sent(
        self, sought: Sought, before: int | None, after: int | None, at_once: int
    ) -> AsyncIterator[list[Entry]]:
        readers = self._reader.participants | self._reader.formerly
        while True:
            seqs = await self._words.find(self._room, sought, readers, before=before, after=after, limit=at_once)
            kept = [seq for seq in seqs if seq > self._reader.meeting.log_base]
            entries = await self._history.entries_at(self._room, kept) if kept else []
            yield entries[::-1] if after is None else entries
            if len(seqs) < at_once:
                return
            before, after = (seqs[-1], None) if after is None else (before, seqs[-1])
