"""A real meetserver that the tests start, kill and start again, with its data in a folder of its own."""

import atexit
import contextlib
import functools
import http.client
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.postgres import _free_port
from tests.servers.process import ServerProcess

SOURCE = Path(__file__).parents[2]
SECRET_KEY = "a secret that only tests know, long enough"
FOR_TESTS = {
    "MEET_REQUIRE_VERIFIED_EMAIL": "false",
    "MEET_BCRYPT_COST": "4",
    "MEET_SECRET_KEY": SECRET_KEY,
    "MEET_LOG_LEVEL": "warning",
}


@functools.cache
def _bytecode() -> dict[str, str]:
    """Where tests run without bytecode the servers keep theirs elsewhere: compiling all anew takes two seconds."""
    if not sys.dont_write_bytecode:
        return {}
    folder = tempfile.mkdtemp(prefix="meet-pyc-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {"PYTHONPYCACHEPREFIX": folder}


class MeetServer:
    """One `python -m meetserver serve` on 127.0.0.1; its address and data stay the same over restarts.

    `database_url` empty: SQLite in `data_dir`. `settings` are MEET_* variables beside FOR_TESTS. Shards of one cluster
    share a `data_dir`, which is the caller's.
    """

    def __init__(
        self, database_url: str = "", settings: dict[str, str] | None = None, data_dir: Path | None = None
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="meet-srv-"))
        self.data_dir = data_dir or self.folder / "data"
        self.database_url = database_url
        self._port = _free_port()
        self._process: ServerProcess | None = None
        self.environment = FOR_TESTS | {
            "MEET_HOST": "127.0.0.1",
            "MEET_PORT": str(self._port),
            "MEET_DATA_DIR": str(self.data_dir),
            "MEET_DATABASE_URL": database_url,
            **(settings or {}),
        }

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "it does not run"
        return self._process.pid

    @property
    def log(self) -> str:
        """All that it wrote, over all runs."""
        return (self.folder / "log").read_text(errors="replace")

    def start(self) -> float:
        """Start it and return when /readyz says 200: how many seconds that took."""
        assert self._process is None, "it runs already"
        started = time.monotonic()
        variables = [f"{name}={value}" for name, value in (self.environment | _bytecode()).items()]
        python = ["-u", "PYTHONDONTWRITEBYTECODE", f"PYTHONPATH={SOURCE}", *variables, sys.executable]
        argv = ["env", *python, "-m", "meetserver", "serve"]
        process = ServerProcess(argv, folder=self.folder)
        process.wait_ready(self._is_ready)
        self._process = process
        return time.monotonic() - started

    def stop(self) -> None:
        """SIGTERM: it drains."""
        self._take_process().stop(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: nothing is said to anybody."""
        self._take_process().kill()

    def signal(self, what: signal.Signals) -> None:
        """Send it a signal, as SIGSTOP to freeze it."""
        assert self._process is not None, "it does not run"
        self._process.signal_all(what)

    def close(self) -> None:
        """End it, whatever it is doing, and remove its data."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_process(self) -> ServerProcess:
        assert self._process is not None, "it does not run"
        process, self._process = self._process, None
        return process

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=1)
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            finally:
                connection.close()
        return False
