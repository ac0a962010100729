"""A real OpenID Connect provider in a process of its own."""

import contextlib
import http.client
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import msgspec

from tests.servers.postgres import _free_port
from tests.servers.process import ServerProcess


class OidcServer:
    """`python -m oidc_provider_mock` on loopback. Whoever asks is let in as whatever user they name."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="meet-oidc-"))
        self._port = _free_port()
        self._process: ServerProcess | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def given_user(self, subject: str, claims: Mapping[str, Any]) -> None:
        """What it will say about `subject` from now on."""
        status, _ = self._ask("PUT", f"/users/{subject}", msgspec.json.encode(claims), "application/json")
        assert status == 204

    def let_in(self, authorization_url: str, subject: str) -> str:
        """The person at the browser says that they are `subject`: where the provider sends the browser to."""
        parts = urlsplit(authorization_url)
        form = urlencode({"sub": subject}).encode()
        status, location = self._ask("POST", f"{parts.path}?{parts.query}", form, "application/x-www-form-urlencoded")
        assert status == 302, location
        assert location is not None
        return re.sub(r"^https?://[^/]+", "", location)

    def start(self) -> None:
        argv = ["env", "-u", "PYTHONWARNINGS", sys.executable, "-W", "ignore", "-m", "oidc_provider_mock"]
        process = ServerProcess([*argv, "--port", str(self._port)], folder=self.folder)
        process.wait_ready(self._is_ready)
        self._process = process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> tuple[int, str | None]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)) as connection:
            connection.request(method, path, body, {"Content-Type": kind} if kind else {})
            response = connection.getresponse()
            response.read()
            return response.status, response.headers.get("Location")

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self._ask("GET", "/.well-known/openid-configuration")[0] == 200
        return False
