"""How busy this process is: what it sheds, whom it lets in, and how many rooms it should be given.

Two standings, for two kinds of trouble. A process that does not keep up sheds everything in turn; one whose database
does not keep up spares that, while what is not stored goes on: calls must not end because a disk is slow.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Final

from meetserver import limits
from meetserver.actors.shedding import Shed, Standing, level_of, shed, sheds_told
from meetserver.errors import Busy
from meetserver.messages import Command

log = logging.getLogger(__name__)


class Pressure:
    """`commit_lag_s` is asked at each look. Without looks there is no pressure."""

    def __init__(
        self, *, commit_lag_s: Callable[[], float] = lambda: 0.0, max_members: int = limits.ROOM_MEMBERS
    ) -> None:
        self._ask_commit_lag_s = commit_lag_s
        self._max_members = max_members
        self._own = Standing()
        self._database = Standing()
        self.members = 0
        """People in rooms by this process's sockets, or about to be."""
        self.unsent_bytes = 0
        """What clients have not taken yet, as the heartbeat has last summed it up."""
        self.loop_lag_s = 0.0
        self.commit_lag_s = 0.0
        """As of the last look."""

    # --- looking

    async def watch(self) -> None:
        """Look for as long as this runs."""
        time = asyncio.get_running_loop().time
        while True:
            due = time() + limits.PRESSURE_LOOK_S
            await asyncio.sleep(limits.PRESSURE_LOOK_S)
            self.look(max(0.0, time() - due))

    def look(self, loop_lag_s: float) -> None:
        before = self.level
        self.loop_lag_s, self.commit_lag_s = loop_lag_s, self._ask_commit_lag_s()
        own = [(loop_lag_s, limits.PRESSURE_LAG_S), (float(self.unsent_bytes), limits.PRESSURE_UNSENT_BYTES)]
        self._own = level_of(own, self._own)
        self._database = level_of([(self.commit_lag_s, limits.PRESSURE_COMMIT_LAG_S)], self._database)
        if self.level != before:
            log.warning(
                "action=pressure level=%d before=%d loop_lag_s=%.3f commit_lag_s=%.3f unsent_bytes=%d members=%d",
                self.level, before, loop_lag_s, self.commit_lag_s, self.unsent_bytes, self.members,
            )  # fmt: skip

    @property
    def level(self) -> int:
        """0 calm, 1 sheds pointers and previews, 2 also typing, presence and newcomers, 3 also calls and what would be
        stored; of a slow database newcomers and what would be stored alone."""
        return max(self._own.level, self._database.level)

    # --- shedding

    def sheds(self, command: Command) -> Shed | None:
        """None: it is carried out."""
        return shed(command, self._own.level, self.level) if self.level else None

    def sheds_told(self, key: str | None) -> bool:
        """Whether an ephemeral of this `coalesce` key is not passed on."""
        return sheds_told(key, self._own.level)

    # --- admission

    @property
    def is_full(self) -> bool:
        return self.members >= self._max_members

    @property
    def weight(self) -> float:
        """Of the rooms that nobody has, this process should get so much of one share."""
        if self.is_full or self.level >= 2:
            return 0.0
        return 0.5 if self.level else 1.0

    def admit(self) -> None:
        """Somebody new, who has taken a seat, wants to come in; who comes back is not asked. Raises Busy."""
        if self.members > self._max_members:
            raise Busy("this server is full", retry_after_s=limits.FULL_RETRY_S)
        if self.level >= 2:
            raise Busy("the server has too much to do", retry_after_s=limits.SHED_RETRY_S)

    @contextlib.contextmanager
    def seat(self) -> Iterator[None]:
        """For as long as somebody is in a room, or about to be."""
        self.members += 1
        try:
            yield
        finally:
            self.members -= 1


UNWATCHED: Final = Pressure()
"""Where nobody looks there is none."""
