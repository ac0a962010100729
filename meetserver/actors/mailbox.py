"""A bounded queue with two lanes. Control (attach, detach, results, timers) goes first, so that a flood of
commands cannot keep a room from learning that its commit is done; commands go by turns, so that it holds up nobody
else's.
"""

from collections import deque
from typing import Any

from meetserver.actors.fair_queue import FairQueue


class MailboxFull(Exception):
    """The lane holds as much as it may: the sender is told `busy`."""


class Mailbox:
    def __init__(self, *, control_limit: int, data: FairQueue[Any]) -> None:
        self._control: deque[Any] = deque()
        self._data = data
        self._control_limit = control_limit

    def __len__(self) -> int:
        return len(self._control) + len(self._data)

    @property
    def depth(self) -> tuple[int, int]:
        """Waiting messages: (control, data)."""
        return len(self._control), len(self._data)

    def put_control(self, message: Any) -> None:
        """Raises MailboxFull."""
        if len(self._control) >= self._control_limit:
            raise MailboxFull
        self._control.append(message)

    def put_data(self, message: Any) -> None:
        """Raises MailboxFull."""
        if not self._data.has_room_for(message):
            raise MailboxFull
        self._data.put(message)

    def take(self) -> Any:
        """The next message, control first. Raises IndexError when there is none."""
        return self._control.popleft() if self._control else self._data.take()

    def drain(self) -> list[Any]:
        """All that waits, for whoever must answer it when the actor is gone."""
        rest = [*self._control, *self._data]
        self._control.clear()
        self._data.clear()
        return rest
