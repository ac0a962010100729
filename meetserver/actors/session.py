"""A person's socket at its edge: a cursor in the room's order of events, not a queue.

Live, it gets what the room's output buffer writes to all. Behind (it reads slowly, or has just resumed), it is not
written to with the others; it catches up from its cursor when its transport has drained.
"""

import asyncio
from typing import Literal, Protocol

from meetserver import limits
from meetserver.actors.envelopes import FromSession, Hello, LinkId, OpenByResume, OpenByTicket
from meetserver.errors import Refusal
from meetserver.presence.messages import Set as SetPresence


class Connection(Protocol):
    """The socket below. `write` takes whole frames and never waits."""

    def write(self, frames: bytes) -> None: ...
    def unsent_bytes(self) -> int: ...
    def close(self, refusal: Refusal | None, *, code: int | None = None) -> None:
        """Close with the code of this refusal (none: a normal end); aborted when the peer does not follow."""


class Session:
    """`cursor` is the last seq written while behind; `unanswered` are the commands that the room has not answered,
    with the loop's time of each. `opened` is set when the hello has been answered, or refused. `shown` is what it last
    said of microphone, camera and status, as far as that was answered: a new owner does not know."""

    __slots__ = (
        "after_fanout", "commands", "connection", "cursor", "hello", "is_reading_log", "is_resuming", "lag_since",
        "link", "mode", "opened", "request", "shown", "since", "unanswered",
    )  # fmt: skip

    def __init__(self, link: LinkId, connection: Connection, request: OpenByTicket | OpenByResume) -> None:
        self.link = link
        self.connection = connection
        self.mode: Literal["opening", "waiting", "behind", "live", "closed"] = "opening"
        self.hello: Hello | None = None
        self.cursor = 0
        self.commands = 0
        self.after_fanout = 0
        self.lag_since: float | None = None
        self.is_reading_log = False
        self.is_resuming = False
        self.request = request
        self.shown: SetPresence | None = None
        self.since = asyncio.get_running_loop().time()
        self.opened = asyncio.Event()
        self.unanswered: dict[int | str, tuple[FromSession, float]] = {}

    def shows(self, wish: SetPresence) -> None:
        before = self.shown or SetPresence()
        self.shown = SetPresence(
            audio=before.audio if wish.audio is None else wish.audio,
            video=before.video if wish.video is None else wish.video,
            status=before.status if wish.status is None else wish.status,
            board=before.board if wish.board is None else wish.board,
        )

    @property
    def is_full(self) -> bool:
        return self.connection.unsent_bytes() > limits.SEND_QUEUE_BYTES
