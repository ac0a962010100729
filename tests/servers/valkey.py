"""A real Valkey (or Redis) that the tests start, kill, freeze and start again."""

import contextlib
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import redis

from tests.servers.process import ServerProcess
from tests.servers.tools import need


class ValkeyServer:
    """One Valkey on a Unix socket in a temporary folder; it keeps nothing on disk, as a cache of hints needs not.

    `url` stays the same over restarts.
    """

    def __init__(self, settings: Mapping[str, str] = MappingProxyType({})) -> None:
        """`settings` go before those that are set here anyway."""
        self._valkey = need("valkey")
        self._settings = settings
        self._process: ServerProcess | None = None
        # Its name is short, because the path of a Unix socket may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="meet-vk-"))

    @property
    def url(self) -> str:
        return f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Start it and return when it answers."""
        assert self._process is None, "it runs already"
        self._socket.unlink(missing_ok=True)  # a killed one leaves it behind
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "no",
            **self._settings,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        process = ServerProcess([self._valkey, *words], folder=self.folder)
        process.wait_ready(self._is_ready)
        self._process = process

    def stop(self) -> None:
        """End it in order."""
        self._take_process().stop(signal.SIGTERM)

    def kill(self) -> None:
        self._take_process().kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """Stop the clock for it: connections stay open and nothing answers, until `thaw`."""
        assert self._process is not None
        self._process.signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.signal_all(signal.SIGCONT)

    def ask(self, *command: str | int) -> Any:
        """Send it a command and return its answer as it is."""
        with redis.Redis(unix_socket_path=str(self._socket), decode_responses=True, protocol=2) as client:
            client.response_callbacks.clear()
            return client.execute_command(*command)

    def close(self) -> None:
        """End it, whatever it is doing, and remove its folder."""
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

    @property
    def _socket(self) -> Path:
        return self.folder / "valkey.sock"

    def _take_process(self) -> ServerProcess:
        assert self._process is not None, "it does not run"
        process, self._process = self._process, None
        return process

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            probe.connect(os.fspath(self._socket))
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
        return False
