"""What a command needs to know beside the room's state before it can be decided: old messages (recall.py), files
(enclosing.py). A command waits for it while other work goes on."""

from typing import Any

from msgspec import Struct

from meetserver.actors.enclosing import Enclosing, Host
from meetserver.actors.envelopes import FromSession
from meetserver.actors.recall import Recall
from meetserver.errors import Busy, Refusal
from meetserver.ports import ChatFiles, RoomLog
from meetserver.rooms.state import RoomState

FULL = Busy("the room looks up too much already", retry_after_s=1).refusal


class LookUps:
    def __init__(self, host: Host, store: RoomLog, files: ChatFiles) -> None:
        self.recall = Recall(host, store)
        self.enclosing = Enclosing(host, files)

    def __len__(self) -> int:
        """Commands that wait."""
        return len(self.recall) + len(self.enclosing)

    def put_off(self, state: RoomState, work: Any) -> bool | Refusal:
        """Whether it waits from now on, or why it cannot."""
        if not isinstance(work, FromSession):
            return False
        seq, wish = self.recall.missing(state, work.command), self.enclosing.wish(state, work)
        if seq is not None:
            if self.recall.is_full:
                return FULL
            self.recall.put_off(seq, work)
        elif wish is not None:
            if self.enclosing.is_full:
                return FULL
            self.enclosing.put_off(wish, work)
        return seq is not None or wish is not None

    def found(self, state: RoomState, work: FromSession) -> Struct | None:
        return self.recall.found(state, work.command) or self.enclosing.take(work)

    def ask(self, *, is_idle: bool) -> None:
        """`is_idle`: no commit is under way, which would change old messages."""
        self.enclosing.ask()
        if is_idle:
            self.recall.ask()

    def take_all(self) -> list[Any]:
        return [*self.recall.take_all(), *self.enclosing.take_all()]
