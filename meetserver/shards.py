"""serve --shards N: one process binds the port and keeps N others serving on it, each a shard of its own.

They share one listening socket, which this process keeps open: who waits to be let in waits for whichever shard is free
first, and is not lost with one that dies. A socket for each (SO_REUSEPORT) spreads no better, and people would wait in
the queue of one that starts anew.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from meetserver import limits
from meetserver.config import Config
from meetserver.errors import ConfigError
from meetserver.http.port import bound_socket

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
"""Before a shard that ended by itself is started again: twice as long each time, anew after a run of STEADY_S."""
STEADY_S = 60.0
SETTLE_S = 2.0
"""After a shard has started anew, before the next one goes: the others see it, and rooms come to it."""
END_S = limits.DRAIN_S + 8.0
"""A shard that was told to end has this long; then it is killed."""


class Shard:
    """A name, and the process that serves under it: another one when that ends before it is told to."""

    def __init__(self, name: str, command: Sequence[str], listening: socket.socket) -> None:
        """`command` gets the numbers of two files: the socket to listen on, and one whose other end is here. It writes
        a byte there when it answers, and goes when that is closed."""
        self.name = name
        self.is_ready = asyncio.Event()
        self._command = command
        self._listening = listening
        self._process: asyncio.subprocess.Process | None = None
        self._ending = asyncio.Event()
        self._is_restarting = self._was_ready = False

    async def run(self) -> None:
        """Until `end`. Raises ConfigError when the first process ends before it is ready."""
        loop = asyncio.get_running_loop()
        pause_s = FIRST_PAUSE_S
        while not self._ending.is_set():
            self._is_restarting = False
            started_at = loop.time()
            status = await self._run_once()
            if self._ending.is_set() or self._is_restarting:
                continue
            if not self._was_ready:
                raise ConfigError(f"{self.name} ended with status {status} before it was ready; it says why above")
            if loop.time() - started_at > STEADY_S:
                pause_s = FIRST_PAUSE_S
            log.error("action=shard_ended shard=%s status=%d again_in_s=%g", self.name, status, pause_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _run_once(self) -> int:
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._process = process = await self._start(theirs)
            try:
                if self._ending.is_set():
                    self._terminate()
                ours.setblocking(False)
                if await asyncio.get_running_loop().sock_recv(ours, 1) and not self._ending.is_set():
                    self._was_ready = True
                    self.is_ready.set()
                return await process.wait()
            finally:
                self.is_ready.clear()
                self._process = None

    async def _start(self, theirs: socket.socket) -> asyncio.subprocess.Process:
        files = self._listening.fileno(), theirs.fileno()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *("--listen-fd", str(files[0]), "--parent-fd", str(files[1])),
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=files,
            env=os.environ | {"MEET_SHARD_ID": self.name},
            start_new_session=True,  # Ctrl-C is for this process, which then asks its shards to drain
        )
        log.info("action=shard_started shard=%s pid=%d", self.name, process.pid)
        return process

    async def restart(self) -> None:
        """Have the process drain, and return when another one is ready."""
        self._is_restarting = True
        self.is_ready.clear()
        self._terminate()
        await self.is_ready.wait()

    def end(self) -> None:
        """Have it drain, for good."""
        if not self._ending.is_set():
            self._ending.set()
            self._terminate()

    def _terminate(self) -> None:
        if (process := self._process) is not None:
            _send(process, signal.SIGTERM)
            asyncio.get_running_loop().call_later(END_S, _kill_late, self.name, process)

    def kill(self) -> None:
        if self._process is not None:
            _send(self._process, signal.SIGKILL)


def _kill_late(name: str, process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        log.error("action=shard_killed shard=%s after_s=%g", name, END_S)
        _send(process, signal.SIGKILL)


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        process.send_signal(number)


async def serve_shards(config: Config, count: int, announce: Callable[[str], None]) -> None:
    """Serve with `count` processes until SIGTERM or SIGINT, then have all of them drain; a second one ends them now.
    SIGHUP starts them anew, one after the other. `announce` gets the address once all answer.

    Raises ConfigError, also when a process ends before it has answered for the first time.
    """
    check_can_share(config)
    command = [sys.executable, "-m", "meetserver", "serve", "--host", config.host]
    with bound_socket(config) as listening:
        url = replace(config, port=listening.getsockname()[1]).url
        shards = [Shard(f"{config.shard_id}-{number}", command, listening) for number in range(1, count + 1)]
        await keep(shards, lambda: announce(url))


def check_can_share(config: Config) -> None:
    """Raises ConfigError, which says what to set."""
    if config.is_sqlite:
        raise ConfigError(
            "--shards needs a database that several processes write to, and SQLite has one writer:"
            " set MEET_DATABASE_URL to postgresql://…"
        )
    if not config.redis_url:
        raise ConfigError("--shards needs Redis, by which shards reach each other: set MEET_REDIS_URL to redis://…")


async def keep(shards: Sequence[Shard], announce: Callable[[], None]) -> None:
    """Run them until a signal says to go."""
    anew = asyncio.Event()
    runs = [asyncio.create_task(shard.run(), name=f"shard {shard.name}") for shard in shards]
    rolling = asyncio.create_task(_roll(shards, announce, anew), name="rolling restarts")
    with _signals(shards, anew):
        try:
            await asyncio.gather(*runs)
        finally:
            rolling.cancel()
            for shard in shards:
                shard.end()
            await asyncio.gather(rolling, *runs, return_exceptions=True)


async def _roll(shards: Sequence[Shard], announce: Callable[[], None], anew: asyncio.Event) -> None:
    """A shard goes only while all the others are ready."""
    await _all_ready(shards)
    announce()
    while True:
        await anew.wait()
        anew.clear()
        log.info("action=rolling_restart shards=%d", len(shards))
        for shard in shards:
            await _all_ready(shards)
            await shard.restart()
            await asyncio.sleep(SETTLE_S)
        log.info("action=rolled_restart shards=%d", len(shards))


async def _all_ready(shards: Sequence[Shard]) -> None:
    while not all(shard.is_ready.is_set() for shard in shards):
        for shard in shards:
            await shard.is_ready.wait()


@contextlib.contextmanager
def _signals(shards: Sequence[Shard], anew: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    ending = False

    def on_signal() -> None:
        nonlocal ending
        if ending:
            for shard in shards:
                shard.kill()
            os._exit(1)
        ending = True
        log.info("action=draining shards=%d", len(shards))
        for shard in shards:
            shard.end()

    handlers = {signal.SIGTERM: on_signal, signal.SIGINT: on_signal, signal.SIGHUP: anew.set}
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
