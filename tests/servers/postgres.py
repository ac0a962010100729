"""A real PostgreSQL that the tests start, kill, freeze and start again."""

import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.process import ServerFailed, ServerProcess, as_user
from tests.servers.tools import need

# PostgreSQL refuses to run as root, so root lends it this user.
UNPRIVILEGED = "nobody"

# Below the kernel's range for outgoing connections: while a server is down nobody takes its port by chance.
PORTS = range(20_000, 32_000)

# Only a crash of the machine would miss it. synchronous_commit stays on: without it a mere SIGKILL loses commits.
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "128MB"}
# In memory a new database takes 11 ms, on a disk up to 200.
MEMORY = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 2 << 30


class PostgresServer:
    """One PostgreSQL on 127.0.0.1, with its data in a temporary folder, in memory unless `fsync`.

    `url` is the superuser's, for the database `postgres`; it stays the same over restarts.
    `fsync=True` keeps what a production server keeps: for tests of faults and measurements.
    `settings` are further lines of postgresql.conf; `program` is another build than the usual one; `parent` is where
    its folder is made.
    """

    def __init__(
        self,
        *,
        fsync: bool = False,
        settings: dict[str, str] | None = None,
        program: Path | None = None,
        parent: Path | None = None,
    ) -> None:
        self._settings = {
            "listen_addresses": "127.0.0.1",
            "max_connections": "200",
            "shared_buffers": "64MB",
            **({} if fsync else NOT_DURABLE),
            **(settings or {}),
        }
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._process: ServerProcess | None = None
        self._postgres = program or need("postgres")
        self._password = secrets.token_hex(8)
        self._port = _free_port()
        # Its name is short, because the path of a Unix socket may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="meet-pg-", dir=parent or (None if fsync else _memory_folder())))
        try:
            self._make_cluster()
        except BaseException:
            self.close()
            raise

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, database: str) -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Start it and return when it takes connections."""
        assert self._process is None, "it runs already"
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        process = ServerProcess(
            [self._postgres, "-D", self._data, "-p", str(self._port), "-k", self.folder, *options],
            folder=self.folder,
            user=self._user,
        )
        process.wait_ready(lambda: self._is_ready(process.pid))
        self._process = process

    def stop(self) -> None:
        """End it in order, with a checkpoint; open connections are closed."""
        self._take_process().stop(signal.SIGINT)

    def kill(self) -> None:
        """End all of its processes at once; the next start recovers from the log."""
        self._take_process().kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def is_running(self) -> bool:
        """It may have ended by itself."""
        return self._process is not None and self._process.is_running()

    def freeze(self) -> None:
        """Stop the clock for it: connections stay open and nothing answers, until `thaw`."""
        assert self._process is not None
        self._process.signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.signal_all(signal.SIGCONT)

    def close(self) -> None:
        """End it, whatever it is doing, and remove its data."""
        if self._process is not None:
            self._take_process().stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _take_process(self) -> ServerProcess:
        assert self._process is not None, "it does not run"
        process, self._process = self._process, None
        return process

    def _make_cluster(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(self._password)
        if self._user is not None:
            self._postgres = _reachable(self._postgres, self.folder)
            # All of it: if we are killed, it is the server's user who removes the folder.
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, self._user, pwd.getpwnam(self._user).pw_gid)
        initdb: list[str | Path] = [
            self._postgres.parent / "initdb",
            *("-D", self._data, "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            *("--auth-local=trust", "--auth-host=password", f"--pwfile={password_file}"),
        ]
        made = subprocess.run(initdb, cwd="/", capture_output=True, text=True, check=False, **as_user(self._user))
        if made.returncode != 0:
            raise ServerFailed(f"initdb:\n{made.stderr}")

    def _is_ready(self, pid: int) -> bool:
        """Whether the process `pid` takes connections: line 1 and 8 of postmaster.pid say so."""
        try:
            lines = (self._data / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"


def _memory_folder() -> Path | None:
    """A folder in memory that has room, and where programs may run (for `_reachable`); else None."""
    if not MEMORY.is_dir():
        return None
    filesystem = os.statvfs(MEMORY)
    has_room = filesystem.f_bavail * filesystem.f_frsize >= MEMORY_NEEDED_BYTES
    return MEMORY if has_room and not filesystem.f_flag & os.ST_NOEXEC else None


def _free_port() -> int:
    for port in random.SystemRandom().sample(PORTS, 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailed(f"no free port in {PORTS}")


def _reachable(postgres: Path, folder: Path) -> Path:
    """`postgres`, or its copy in `folder` when it lies where only its owner may go, as under a home of mode 0700."""
    postgres = postgres.resolve()
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in postgres.parents):
        return postgres
    install = postgres.parent.parent
    copy = folder / "packages" / install.parent.name / install.name
    shutil.copytree(install, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
    # A wheel keeps foreign libraries beside its package, and the programs look for them by a relative path.
    libraries = install.parent.with_suffix(".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.parent.with_suffix(".libs"))
    return copy / "bin" / "postgres"
