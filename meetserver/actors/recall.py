"""What commands name and the room's state has no more: read from the log in the background, while other work goes on.

What was read is kept for a while, and up to date: whatever is decided about it is noted here as well. Reading begins
only while no commit is under way, so that nothing is missing between what was read and what is noted.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Protocol

from msgspec import Struct

from meetserver import limits
from meetserver.chat.erasure import nameless
from meetserver.chat.messages import Message
from meetserver.errors import MeetError
from meetserver.ids import ParticipantId, RoomId
from meetserver.messages import Command
from meetserver.ports import Entry, RoomLog
from meetserver.rooms.recall import erased_by, recalled, retold, wanted
from meetserver.rooms.state import RoomState


class Recalled(Struct, frozen=True):
    """Answer of the log. `error` when it could not be asked."""

    found: dict[int, tuple[Entry | None, list[Entry]]]
    error: MeetError | None = None


class Host(Protocol):
    room: RoomId

    def tell_control(self, message: Any) -> None: ...
    def background(self, coroutine: Any) -> None: ...


class Recall:
    """`_known`: None is what is no message. `_since`: noted while the log is being read; `_before`: what was known
    before the commit under way. `_erased`: people of whom the log may tell for a while yet."""

    def __init__(self, host: Host, store: RoomLog) -> None:
        self._host = host
        self._store = store
        self._known: OrderedDict[int, Message | None] = OrderedDict()
        self._waiting: list[tuple[int, Any]] = []
        self._asked: frozenset[int] | None = None
        self._since: list[Entry] = []
        self._before: dict[int, Message] = {}
        self._erased: tuple[ParticipantId, ...] = ()
        self._is_stale = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= limits.RECALLS_WAITING

    def missing(self, state: RoomState, command: Command) -> int | None:
        """What must be read before this can be decided."""
        seq = wanted(state, command)
        return None if seq is None or seq in self._known else seq

    def found(self, state: RoomState, command: Command) -> Message | None:
        seq = wanted(state, command)
        message = None if seq is None else self._known.get(seq)
        return None if message is None else nameless(message, self._erased)

    def put_off(self, seq: int, work: Any) -> None:
        self._waiting.append((seq, work))

    def ask(self) -> None:
        """Read what is waited for, some of it. Only while no commit is under way."""
        if self._asked is None and self._waiting:
            seqs = list(dict.fromkeys(seq for seq, _ in self._waiting))[: limits.RECALLS_AT_ONCE]
            self._asked, self._since, self._is_stale = frozenset(seqs), [], False
            self._host.background(self._read(seqs))

    async def _read(self, seqs: list[int]) -> None:
        room, most = self._host.room, len(seqs) * (2 * limits.CHAT_CHANGES + 1)
        try:
            entries = {entry.seq: entry for entry in await self._store.entries_at(room, seqs)}
            about = await self._store.entries_about(room, seqs, most)
        except MeetError as error:
            self._host.tell_control(Recalled({}, error))
        else:
            told = {seq: (entries.get(seq), [one for one in about if one.subject == seq]) for seq in seqs}
            self._host.tell_control(Recalled(told))

    def noted(self, entries: Iterable[Entry]) -> None:
        """These are about to be committed."""
        for entry in entries:
            if gone := erased_by(entry):
                self._erased = (*self._erased, *gone)[-limits.ERASED_TOGETHER :]
            if entry.subject is None:
                continue
            if self._asked is not None:
                self._since.append(entry)
            if (known := self._known.get(entry.subject)) is not None:
                self._before.setdefault(entry.subject, known)
                self._known[entry.subject] = retold(known, entry)

    def settled(self) -> None:
        """What was noted is committed."""
        self._before = {}

    def take_back(self, last_seq: int) -> None:
        """It was not: the log ends at `last_seq` still."""
        self._known |= {seq: before for seq, before in self._before.items() if seq in self._known}
        self._before = {}
        self._since = [entry for entry in self._since if entry.seq <= last_seq]

    def forget(self) -> None:
        """It may be, or not."""
        self._known.clear()
        self._before = {}
        self._is_stale = True

    def answered(self, message: Recalled) -> list[Any]:
        """The works that can go on, in their order."""
        asked, self._asked = self._asked or frozenset(), None
        if not self._is_stale:
            for seq, (entry, about) in message.found.items():
                after = about[-1].seq if about else seq
                later = [one for one in self._since if one.subject == seq and one.seq > after]
                self._keep(seq, recalled(entry, [*about, *later]))
        ready = [work for seq, work in self._waiting if seq in asked]
        self._waiting = [(seq, work) for seq, work in self._waiting if seq not in asked]
        self._since = []
        return ready

    def _keep(self, seq: int, message: Message | None) -> None:
        self._known[seq] = message
        if len(self._known) > limits.RECALLS_KEPT:
            self._known.popitem(last=False)

    def take_all(self) -> list[Any]:
        works = [work for _, work in self._waiting]
        self._waiting = []
        return works
