"""A real S3-compatible object store in a process of its own, with one bucket. It checks signatures."""

import contextlib
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from meetserver.config import Config
from tests.servers.postgres import _free_port
from tests.servers.process import ServerProcess

ACCESS_KEY = "meet-tests"
SECRET_KEY = "a secret that is only for tests"
BUCKET = "meet"


class S3Server:
    """nanio on loopback; it keeps objects as files in a temporary folder. Its address stays over restarts.

    `certificate`: files of a certificate and of its key, where it is to speak TLS.
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None) -> None:
        self._certificate = certificate
        self.folder = Path(tempfile.mkdtemp(prefix="meet-s3-"))
        self._data = self.folder / "data"
        (self._data / BUCKET).mkdir(parents=True)
        self._port = _free_port()
        self._process: ServerProcess | None = None

    def config(
        self, prefix: str, *, secret_key: str = SECRET_KEY, host: str = "127.0.0.1", ca_file: str = ""
    ) -> Config:
        """Settings of a store in the bucket. Each test takes a prefix of its own."""
        return Config(
            files_url=f"s3://{BUCKET}/{prefix}",
            s3_endpoint=f"{'http' if self._certificate is None else 'https'}://{host}:{self._port}",
            s3_access_key=ACCESS_KEY,
            s3_secret_key=secret_key,
            ca_file=ca_file,
        )

    def given_object(self, key: str, content: bytes) -> None:
        """Somebody else put it into the bucket."""
        path = self._data / BUCKET / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def given_folder(self, prefix: str, folder: Path) -> None:
        """Somebody copied its files into the bucket."""
        shutil.copytree(folder, self._data / BUCKET / prefix)

    def unfinished(self) -> list[str]:
        """What is left of uploads in several parts that were neither finished nor aborted."""
        return sorted(str(path) for path in (self._data / ".nanio").rglob("*") if path.is_file())

    def start(self) -> None:
        assert self._process is None, "it runs already"
        settings = {"ACCESS_KEY": ACCESS_KEY, "SECRET_KEY": SECRET_KEY, "DATA_DIR": self._data}
        variables = [f"NANIO_{name}={value}" for name, value in settings.items()]
        argv = ["env", "-u", "PYTHONWARNINGS", *variables, sys.executable, "-W", "ignore", "-m", "uvicorn"]
        where = ["--factory", "nanio.app:build_app", "--port", str(self._port), "--no-access-log"]
        if self._certificate is not None:
            where += ["--ssl-certfile", str(self._certificate[0]), "--ssl-keyfile", str(self._certificate[1])]
        process = ServerProcess([*argv, *where], folder=self.folder)
        process.wait_ready(self._is_ready)
        self._process = process

    def kill(self) -> None:
        assert self._process is not None, "it does not run"
        self._process.kill()
        self._process = None

    def freeze(self) -> None:
        """Stop the clock for it: connections stay open and nothing answers."""
        assert self._process is not None
        self._process.signal_all(signal.SIGSTOP)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=10):
            return True
        return False
