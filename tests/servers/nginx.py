"""A real nginx with conf/nginx.conf, before shards that a test names."""

import contextlib
import http.client
import shutil
import signal
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.postgres import _free_port
from tests.servers.process import ServerProcess
from tests.servers.tools import need

CONF = Path(__file__).parents[2] / "conf" / "nginx.conf"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Nginx:
    """On 127.0.0.1, with everything that it writes in a folder of its own."""

    def __init__(self, shards: Sequence[str], outer_proxies: Iterable[str] = ()) -> None:
        """`shards` as `host:port`. `outer_proxies`: whose word about clients' addresses it believes."""
        self._nginx = need("nginx")
        self._port = _free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="meet-nginx-"))
        folders = "".join(f"{name}_temp_path {self.folder / name};\n" for name in TEMPORARY)
        text = (
            CONF.read_text().replace("http {\n", f"http {{\n{folders}").replace("listen 80 ", f"listen {self.address} ")
        )
        (self.folder / "nginx.conf").write_text(text)
        lines = "".join(f"set_real_ip_from {proxy};\n" for proxy in outer_proxies)
        (self.folder / "outer-proxies.conf").write_text(lines)
        (self.folder / "shards.conf").write_text(
            "".join(f"server {shard} max_fails=1 fail_timeout=5s;\n" for shard in shards)
        )
        self._process: ServerProcess | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        return f"http://{self.address}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        # Its own user, as tests' folders are nobody else's.
        extra = f"daemon off; pid {self.folder / 'pid'}; user root;"
        places = ["-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        self._process = ServerProcess([self._nginx, "-e", "stderr", *places, "-g", extra], folder=self.folder)
        self._process.wait_ready(self._is_ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.stop(signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(self.address, timeout=1)
            try:
                connection.request("GET", "/healthz")
                return connection.getresponse().status == 200
            finally:
                connection.close()
        return False
