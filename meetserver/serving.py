"""Listening: one process on one port until a signal says to go. A second signal exits at once."""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.bootstrap import open_server
from meetserver.config import Config
from meetserver.errors import ConfigError
from meetserver.http.gate import Gate
from meetserver.http.listener import Listener
from meetserver.http.peer import is_trusted
from meetserver.http.tls import Certificate

log = logging.getLogger(__name__)

BACKLOG = 1024
OWN_FILES = 512
"""Files that the process needs beside its clients' connections."""


async def serve(config: Config, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then drain. `announce` gets the address once it answers.

    Raises ConfigError, Unavailable.
    """
    stop = asyncio.Event()
    _on_signals(stop)
    certificate = Certificate(Path(config.tls_cert), Path(config.tls_key)) if config.tls_cert else None
    _allow_files(config.max_connections + OWN_FILES)
    # Bound before anything is built, as links need to know the port; nobody is let in before all is ready.
    with bound_socket(config) as listening:
        config = replace(config, port=listening.getsockname()[1])
        async with open_server(config) as server, serving(config, server.app, listening, certificate):
            announce(config.url)
            await _first(stop.wait(), server.stop.wait())
            log.info("action=draining")
            await server.router.drain()


@asynccontextmanager
async def serving(
    config: Config, app: web.Application, listening: socket.socket, certificate: Certificate | None = None
) -> AsyncIterator[Gate]:
    """The application answers on `listening`; leaving this ends its connections."""
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=1.0,
        handler_cancellation=False,
        keepalive_timeout=limits.KEEP_ALIVE_S,
        lingering_time=limits.LINGER_S,
        max_line_size=limits.HEAD_LINE_BYTES,
        max_field_size=limits.HEAD_LINE_BYTES,
        max_headers=limits.HEAD_LINES,
    )
    await runner.setup()
    assert runner.server is not None
    gate = Gate(
        config.max_connections,
        config.max_connections_per_address,
        lambda address: is_exempt(address, config),
    )
    listener = Listener(
        listening,
        gate,
        runner.server,
        certificate=certificate,
        sends_proxy_header=lambda address: config.proxy_protocol and is_trusted(address, config),
    )
    background = Background()
    listening.listen(BACKLOG)
    listener.start()
    try:
        with _reloading(certificate, background):
            yield gate
    finally:
        await listener.close()
        await background.close()
        await runner.cleanup()
        gate.close()


def is_exempt(address: str, config: Config) -> bool:
    """Behind a proxy that is trusted, or this machine, stand many."""
    return ip_address(address).is_loopback or is_trusted(address, config)


def bound_socket(config: Config) -> socket.socket:
    """Raises ConfigError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise ConfigError(f"cannot listen on {config.host}:{config.port}: {error.strerror}") from None
    return listening


@contextlib.contextmanager
def _reloading(certificate: Certificate | None, background: Background) -> Iterator[None]:
    """A changed certificate is taken over by itself, and at once on SIGHUP."""
    if certificate is None:
        yield
        return
    background.start(certificate.watch())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, lambda: background.start(certificate.reload()))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


def _allow_files(needed: int) -> None:
    """Each connection is an open file; many systems start programs with room for 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited or soft >= needed:
        return
    allowed = needed if hard == unlimited else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        log.warning('action=few_files allowed=%d needed=%d reason="the hard limit is lower"', allowed, needed)


async def _first(*waits: Coroutine[Any, Any, Any]) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
