"""A real clamd, with a database of one signature: the file that all scanners find, to be tried with."""

import contextlib
import shutil
import signal
import socket
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from meetserver.adapters.memory.scanner import EICAR
from tests.servers.process import ServerProcess
from tests.servers.tools import need

VIRUS = "Eicar-Test-Signature.UNOFFICIAL"


class ClamdServer:
    """On a Unix socket and a port of 127.0.0.1, with everything in a folder of its own. Its streams may have
    `stream_bytes`."""

    def __init__(self, stream_bytes: int = 1 << 20) -> None:
        self._clamd = need("clamav")
        self.folder = Path(tempfile.mkdtemp(prefix="meet-clam-"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        database = self.folder / "database"
        database.mkdir()
        # Name, any kind of file, at any place, these bytes (clamav's signature manual, "Extended signatures").
        (database / "tests.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
        settings = {
            "Foreground": "yes",
            "DatabaseDirectory": database,
            "TemporaryDirectory": self.folder,
            "LocalSocket": self._socket,
            "TCPSocket": self._port,
            "TCPAddr": "127.0.0.1",
            "StreamMaxLength": stream_bytes,
        }
        (self.folder / "clamd.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self._process: ServerProcess | None = None

    @property
    def unix_url(self) -> str:
        return f"unix://{self._socket}"

    @property
    def tcp_url(self) -> str:
        return f"tcp://127.0.0.1:{self._port}"

    def freeze(self) -> None:
        """Connections stay open and nothing answers, until it is stopped."""
        assert self._process is not None
        self._process.signal_all(signal.SIGSTOP)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None

    def __enter__(self) -> Self:
        self._process = ServerProcess([self._clamd, "-c", self.folder / "clamd.conf"], folder=self.folder)
        self._process.wait_ready(self._is_ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _socket(self) -> Path:
        return self.folder / "clamd.sock"

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            probe.connect(str(self._socket))
            probe.sendall(b"zPING\0")
            return probe.recv(16).startswith(b"PONG")
        return False
