"""Commands that may have been done before: what would be refused, or would change nothing, asks the log first.

The log knows every txn, where the room remembers some; and it knows whether the room is still this process's, which no
commit shows where nothing is committed.
"""

from typing import Any, Protocol

from meetserver.actors.envelopes import FromSession, ReceiptsFound
from meetserver.actors.receipts import receipt_of
from meetserver.errors import MeetError, Refusal, Stale
from meetserver.ids import ParticipantId, RoomId
from meetserver.ports import RoomLog


class Host(Protocol):
    room: RoomId
    epoch: int

    def tell_control(self, message: Any) -> None: ...
    def background(self, coroutine: Any) -> None: ...


def key_of(work: Any) -> tuple[str, str] | None:
    """By which the log tells a repetition; None: it is none."""
    return (work.participant, work.txn) if isinstance(work, FromSession) and work.txn is not None else None


class Asking:
    """With each command why it is refused if it is new; None: it changes nothing."""

    def __init__(self, host: Host, store: RoomLog) -> None:
        self._host = host
        self._store = store
        self._waiting: list[tuple[FromSession, Refusal | None]] = []
        self._asked: list[tuple[FromSession, Refusal | None]] = []

    def __len__(self) -> int:
        return len(self._waiting) + len(self._asked)

    def put(self, work: FromSession, refusal: Refusal | None) -> None:
        self._waiting.append((work, refusal))

    def ask(self) -> None:
        """About all that wait together, unless a question is under way."""
        if self._waiting and not self._asked:
            self._asked, self._waiting = self._waiting, []
            self._host.background(self.look_up([work for work, _ in self._asked], is_for_batch=False))

    def answered(self) -> list[tuple[FromSession, Refusal | None]]:
        """Those that were asked about."""
        asked, self._asked = self._asked, []
        return asked

    def take_all(self) -> list[FromSession]:
        works = [work for work, _ in [*self._asked, *self._waiting]]
        self._asked, self._waiting = [], []
        return works

    async def look_up(self, works: list[Any], *, is_for_batch: bool) -> None:
        keys = [(ParticipantId(key[0]), key[1]) for work in works if (key := key_of(work))]
        room = self._host.room
        try:
            found = await self._store.receipts(room, keys)
            if not is_for_batch and (await self._store.epochs([room])).get(room) != self._host.epoch:
                raise Stale("somebody else has the room")
        except MeetError as error:
            self._host.tell_control(ReceiptsFound({}, is_for_batch, error))
        else:
            receipts = {key: receipt_of(entry) for key, entry in found.items()}
            self._host.tell_control(ReceiptsFound(receipts, is_for_batch))
