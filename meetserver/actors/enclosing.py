"""Files that people want to send: claimed and looked up before their message is decided, while other work goes on.

What was found is good for one decision: a file may be deleted, or given out by the virus scanner, at any time.
"""

from collections import OrderedDict
from typing import Any, Protocol, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from meetserver import limits
from meetserver.actors.envelopes import FromSession
from meetserver.chat.messages import Send
from meetserver.errors import MeetError
from meetserver.ids import ParticipantId, RoomId
from meetserver.ports import BroughtFiles, ChatFiles, FileWish
from meetserver.rooms.state import RoomState, find

Key: TypeAlias = tuple[ParticipantId, str, tuple[str, ...]]
"""Author, txn and files: of the same txn with other files nothing is known."""


class Enclosed(Struct, frozen=True):
    """What was found for those that were asked for. `error` when nobody could be asked."""

    found: dict[Key, BroughtFiles]
    error: MeetError | None = None


class Host(Protocol):
    room: RoomId

    @property
    def state(self) -> RoomState: ...
    def tell_control(self, message: Any) -> None: ...
    def background(self, coroutine: Any) -> None: ...


class Enclosing:
    def __init__(self, host: Host, files: ChatFiles) -> None:
        self._host = host
        self._files = files
        self._known: OrderedDict[Key, BroughtFiles] = OrderedDict()
        self._waiting: list[tuple[FileWish, FromSession]] = []
        self._asked: frozenset[Key] = frozenset()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        return len(self._waiting) >= limits.RECALLS_WAITING

    def wish(self, state: RoomState, work: FromSession) -> FileWish | None:
        """What must be looked up before this can be decided; None: nothing, or whoever sends it is not here."""
        command, key = work.command, _key(work)
        who = None if key is None or key in self._known else find(state, work.participant)
        if key is None or who is None or not isinstance(command, Send):
            return None
        author, txn, files = key
        return FileWish(author, txn, who.user, files, command.to is not None)

    def bare(self, state: RoomState, work: Any) -> FromSession | None:
        """Without its files, what must wait for them to be looked up; None: it need not."""
        if not isinstance(work, FromSession) or self.wish(state, work) is None or not isinstance(work.command, Send):
            return None
        says_nothing = work.command.text is None and work.command.ciphertext is None
        return replace(work, command=replace(work.command, files=None, text="" if says_nothing else work.command.text))

    def take(self, work: FromSession) -> BroughtFiles | None:
        key = _key(work)
        return None if key is None else self._known.pop(key, None)

    def put_off(self, wish: FileWish, work: FromSession) -> None:
        self._waiting.append((wish, work))

    def ask(self) -> None:
        """Look up what is waited for, some of it."""
        if self._waiting and not self._asked:
            wishes = {_key_of(wish): wish for wish, _ in self._waiting[: limits.RECALLS_AT_ONCE]}
            self._asked = frozenset(wishes)
            self._host.background(self._look_up(wishes))

    async def _look_up(self, wishes: dict[Key, FileWish]) -> None:
        host = self._host
        try:
            found = await self._files.claim(host.room, host.state.meeting, list(wishes.values()))
        except MeetError as error:
            host.tell_control(Enclosed({}, error))
        else:
            host.tell_control(Enclosed(dict(zip(wishes, found, strict=True))))

    def answered(self, message: Enclosed) -> list[FromSession]:
        """The works that can go on, in their order."""
        asked, self._asked = self._asked, frozenset()
        for key, found in message.found.items():
            self._known[key] = found
            if len(self._known) > limits.RECALLS_WAITING:
                self._known.popitem(last=False)
        ready = [work for wish, work in self._waiting if _key_of(wish) in asked]
        self._waiting = [(wish, work) for wish, work in self._waiting if _key_of(wish) not in asked]
        return ready

    def take_all(self) -> list[FromSession]:
        works = [work for _, work in self._waiting]
        self._waiting = []
        return works


def _key(work: FromSession) -> Key | None:
    command = work.command
    if not isinstance(command, Send) or not command.files or work.txn is None:
        return None
    return work.participant, work.txn, tuple(dict.fromkeys(command.files))


def _key_of(wish: FileWish) -> Key:
    return wish.author, wish.txn, wish.files
