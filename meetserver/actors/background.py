"""Short tasks that an actor or an edge starts and does not wait for: kept, logged, and ended with their owner."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

log = logging.getLogger(__name__)


class Background:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, Any], failed: Callable[[BaseException], None] | None = None) -> None:
        """Should it raise, `failed` is told; without that, the log is."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(partial(self._done, failed))

    def _done(self, failed: Callable[[BaseException], None] | None, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if failed is None:
            log.error("action=background_failed task=%s", task.get_name(), exc_info=error)
        else:
            failed(error)

    async def finish(self) -> None:
        """Wait until all that runs has ended, however it ends."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
