"""When to come back after a lost socket, and whether to: the table of close codes in docs/protocol.md."""

import enum
from collections.abc import Callable, Iterator

from msgspec import Struct

ABNORMAL = 1006
"""What a socket that ended without a close frame is said to have been closed with (RFC 6455 7.1.5)."""
NORMAL = 1000
TICKET_INVALID = 3501
FIRST_FINAL = 3500
LAST_FINAL = 3999
OVER = (3503, 3504, 3505)
"""The room is over for this client: removed, ended, resumed elsewhere."""


class NextStep(enum.Enum):
    RESUME = "resume"
    NEW_TICKET = "new ticket"
    STOP = "stop"


def next_step(code: int) -> NextStep:
    """What a client does about a socket closed with `code`."""
    if code == TICKET_INVALID:
        return NextStep.NEW_TICKET
    if code == NORMAL or FIRST_FINAL <= code <= LAST_FINAL:
        return NextStep.STOP
    return NextStep.RESUME


class Backoff(Struct, frozen=True):
    """Waits between tries, in seconds: each twice as long as the one before, up to `most_s`, times a chance.

    The chance keeps the clients of a server that died from coming back in step.
    """

    first_s: float = 0.1
    most_s: float = 5.0

    def waits(self, chance: Callable[[], float]) -> Iterator[float]:
        """Endless; `chance` gives numbers from 0 up to 1."""
        step = self.first_s
        while True:
            yield step * (0.5 + chance() / 2)
            step = min(step * 2, self.most_s)
