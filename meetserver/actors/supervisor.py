"""Keeps actors alive: one for one, with backoff; too many crashes in a short time quarantine the actor.

A database that is away is no crash: the actor itself waits for it. Runs on aiojobs with `limit=None`, as its
default of 100 would leave the 101st room waiting without a word.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from aiojobs import Scheduler

from meetserver import limits
from meetserver.actors.actor import Actor

log = logging.getLogger(__name__)

FIRST_BACKOFF_S = 0.05
MAX_BACKOFF_S = 2.0


class Supervisor:
    def __init__(self, *, close_timeout_s: float = 20.0) -> None:
        self._scheduler = Scheduler(limit=None, close_timeout=close_timeout_s)

    async def keep(
        self,
        name: str,
        make: Callable[[], Actor | None],
        *,
        on_crash: Callable[[Exception], None] = lambda _: None,
        on_end: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """Run what `make()` gives until it returns, again after each crash; None ends it.

        `on_crash` is told each crash, before the backoff; `on_end` the end, with True for a quarantine.
        """
        await self._scheduler.spawn(self._keep(name, make, on_crash, on_end), name=name)

    async def _keep(
        self,
        name: str,
        make: Callable[[], Actor | None],
        on_crash: Callable[[Exception], None],
        on_end: Callable[[bool], None],
    ) -> None:
        crashes: deque[float] = deque(maxlen=limits.RESTARTS)
        loop = asyncio.get_running_loop()
        while (actor := make()) is not None:
            try:
                await actor.run()
            except Exception as error:
                log.exception("action=actor_crashed actor=%s", name)
                on_crash(error)
                crashes.append(loop.time())
                if len(crashes) == limits.RESTARTS and crashes[-1] - crashes[0] <= limits.RESTART_WINDOW_S:
                    log.error("action=actor_quarantined actor=%s", name)
                    on_end(True)
                    return
                await asyncio.sleep(min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (len(crashes) - 1)))
            else:
                break
        on_end(False)

    async def close(self) -> None:
        """Cancel what still runs. Actors that must finish are stopped by their owner before."""
        await self._scheduler.close()
