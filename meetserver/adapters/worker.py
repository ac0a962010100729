"""Work that may harm the process that does it: each piece in a process of its own, which ends with it."""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from meetserver import limits
from meetserver.errors import Busy, TooLarge, Unavailable

READ_BYTES: Final = 256 * 1024
ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8"}
"""Instead of the server's, which has its secrets in it."""
OUTSIDE_CAUSES: Final = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
"""Whoever ended the worker so, it was not its task."""


class Died(Exception):
    """The worker ended with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"a worker ended with {code}")
        self.code = code

    @property
    def is_from_outside(self) -> bool:
        return self.code in OUTSIDE_CAUSES

    @property
    def is_out_of_time(self) -> bool:
        return self.code == -signal.SIGXCPU


class Workers:
    """Run `script`, at most `at_once` at the same time, while `waiting` more may wait. It gets `about` as an argument
    and its task from its standard input, to the end, before it says anything. `what` it makes stands in messages."""

    def __init__(
        self,
        script: Path,
        about: Mapping[str, object],
        *,
        what: str,
        at_once: int,
        waiting: int,
        timeout_s: float,
        answer_bytes: int,
    ) -> None:
        self._command = (sys.executable, "-I", str(script), msgspec.json.encode(about).decode())
        self._what = what
        self._at_work = asyncio.Semaphore(at_once)
        self._may_wait = waiting
        self._waiting = 0
        self._timeout_s = timeout_s
        self._answer_bytes = answer_bytes

    async def run(self, task: bytes) -> bytes:
        """What it answers. Raises Died, Busy when too many wait, TooLarge for what it says, Unavailable when it takes
        too long."""
        if self._waiting >= self._may_wait:
            raise Busy(f"too many {self._what}s are waiting", retry_after_s=limits.SHED_RETRY_S)
        self._waiting += 1
        try:
            await self._at_work.acquire()
        finally:
            self._waiting -= 1
        try:
            return await self._run(task)
        finally:
            self._at_work.release()

    async def _run(self, task: bytes) -> bytes:
        worker = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=ENVIRONMENT, cwd="/"
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._told(worker, task)
                code = await worker.wait()
        except TimeoutError:
            raise Unavailable(f"the {self._what} takes too long") from None
        finally:
            await _end(worker)
        if code:
            raise Died(code)
        return answer

    async def _told(self, worker: Process, task: bytes) -> bytes:
        assert worker.stdin is not None
        assert worker.stdout is not None
        with contextlib.suppress(ConnectionError):
            worker.stdin.write(task)
            await worker.stdin.drain()
        worker.stdin.close()
        answer = bytearray()
        while chunk := await worker.stdout.read(READ_BYTES):
            answer += chunk
            if len(answer) > self._answer_bytes:
                raise TooLarge(f"the {self._what} would be too large")
        return bytes(answer)


async def _end(worker: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()
