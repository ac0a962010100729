"""The server's own TLS: one context for each state of the certificate's files, the newest good one for newcomers."""

import asyncio
import logging
import os
import ssl
from pathlib import Path

from meetserver import limits
from meetserver.errors import ConfigError

log = logging.getLogger(__name__)

# All with forward secrecy and authenticated encryption; TLS 1.3 has no others.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class Certificate:
    """What connections that begin now are served with; those that are open stay as they are."""

    def __init__(self, chain: Path, key: Path) -> None:
        """PEM files. Raises ConfigError."""
        self._chain = chain
        self._key = key
        try:
            self._seen = self._state()
            self.context = server_context(chain, key)
        except OSError as error:
            raise ConfigError(f"MEET_TLS_CERT and MEET_TLS_KEY: {_words(error)}") from None

    async def watch(self) -> None:
        """Take over what changes; does not return."""
        while True:
            await asyncio.sleep(limits.CERTIFICATE_LOOK_S)
            if await asyncio.to_thread(self._has_changed):
                await self.reload()

    async def reload(self) -> bool:
        """Read the files anew; what cannot be used changes nothing, and is said in the log."""
        try:
            self._seen = await asyncio.to_thread(self._state)
            self.context = await asyncio.to_thread(server_context, self._chain, self._key)
        except OSError as error:
            log.error("action=certificate_refused error=%r", _words(error))
            return False
        log.info("action=certificate_loaded")
        return True

    def _has_changed(self) -> bool:
        try:
            return self._state() != self._seen
        except OSError:
            return False  # just being replaced

    def _state(self) -> list[tuple[int, int, int]]:
        files = [os.stat(path) for path in (self._chain, self._key)]
        return [(file.st_ino, file.st_mtime_ns, file.st_size) for file in files]


def server_context(chain: Path, key: Path) -> ssl.SSLContext:
    """Raises OSError (ssl.SSLError is one) for files that are not there, no certificate, or not a pair."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])

    def no_password() -> str:  # otherwise the terminal is asked
        raise OSError(f"{key}: the key is encrypted")

    context.load_cert_chain(chain, key, password=no_password)
    return context


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"not a certificate and its key: {error.reason}"
    return str(error)
