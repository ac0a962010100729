"""A bounded queue with two lanes. Control (attach, detach, results, timers) goes first, so that a flood of
commands cannot keep a room from learning that its commit is done.
"""

from collections import deque
from typing import Any


class MailboxFull(Exception):
    """The lane holds as much as it may: the sender is told `busy`."""


class Mailbox:
    def __init__(self, *, control_limit: int, data_limit: int) -> None:
        self._control: deque[Any] = deque()
        self._data: deque[Any] = deque()
        self._control_limit = control_limit
        self._data_limit = data_limit

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
        if len(self._data) >= self._data_limit:
            raise MailboxFull
        self._data.append(message)

    def take(self) -> Any:
        """The next message, control first. Raises IndexError when there is none."""
        return self._control.popleft() if self._control else self._data.popleft()

    def drain(self) -> list[Any]:
        """All that waits, for whoever must answer it when the actor is gone."""
        rest = [*self._control, *self._data]
        self._control.clear()
        self._data.clear()
        return rest
