"""A server program that lives no longer than the test process that owns it, even when that one is killed."""

import contextlib
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict

import psutil

# Holds the server and a pipe from its owner. A line on the pipe: the owner has stopped the server and keeps its
# folder. The pipe's end without one: the owner has died, so nobody else will clean up.
KEEPER = """
folder=$1 log=$2; shift 2
"$@" </dev/null >>"$log" 2>&1 &
echo $!
exec >&-
if read -r _; then wait; exit; fi
kill -s INT $!; sleep 1; kill -s KILL $! 2>/dev/null; wait
rm -rf "$folder"
"""

POLL_S = 0.01


class ServerFailed(Exception):
    """A server did not start or stop; the message ends with its log."""


class ServerProcess:
    """One run of a server. `folder` is its own, and is removed if the owner dies."""

    def __init__(self, argv: Sequence[str | Path], *, folder: Path, user: str | None = None) -> None:
        """Start `argv` with its output going to `folder`/log, as `user` (default: as we are)."""
        self.log = folder / "log"
        self._keeper = subprocess.Popen(
            ["sh", "-c", KEEPER, "keeper", folder, self.log, *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for pytest; it stops us in order
            **as_user(user),
        )
        assert self._keeper.stdout is not None
        self.pid = int(self._keeper.stdout.readline())

    def wait_ready(self, is_ready: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Return when `is_ready()`; raise ServerFailed when the program ends before, or after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            if not self.is_running() or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:]
                self.kill()
                raise ServerFailed(f"did not get ready:\n{tail}")
            time.sleep(POLL_S)

    def is_running(self) -> bool:
        return _is_running(self.pid)

    def stop(self, how: signal.Signals, timeout_s: float = 30.0) -> None:
        """Send `how` and wait for the end; what takes longer than `timeout_s` is killed, and ServerFailed raised."""
        self.signal_all(signal.SIGCONT)
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(self.pid).send_signal(how)
        deadline = time.monotonic() + timeout_s
        while self.is_running():
            if time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"did not stop in {timeout_s} s")
            time.sleep(POLL_S)
        self._release()

    def kill(self) -> None:
        """SIGKILL to the program and its children, as when the machine stops."""
        killed = self.signal_all(signal.SIGKILL)
        while any(_is_running(process.pid) for process in killed):
            time.sleep(POLL_S)
        self._release()

    def signal_all(self, what: signal.Signals) -> list[psutil.Process]:
        """Send `what` to the program first, so that it starts no more children, and then to them. Returns them all."""
        reached = []
        with contextlib.suppress(psutil.NoSuchProcess):
            program = psutil.Process(self.pid)
            reached = [program, *program.children(recursive=True)]
        for process in reached:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(what)
        return reached

    def _release(self) -> None:
        """Let the keeper go, which also collects the program's exit status."""
        with contextlib.suppress(BrokenPipeError):
            self._keeper.communicate("\n", timeout=10)


def _is_running(pid: int) -> bool:
    """Whether the process does anything still; a zombie only waits for its parent to ask."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class UserArguments(TypedDict, total=False):
    user: str
    group: int
    extra_groups: list[int]


def as_user(user: str | None) -> UserArguments:
    """Arguments of subprocess.Popen that run a command as `user`."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
