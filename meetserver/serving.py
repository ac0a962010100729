"""Listening: one process on one port until a signal says to go. A second signal exits at once."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from meetserver import limits
from meetserver.actors.background import Background
from meetserver.bootstrap import open_server
from meetserver.config import Config
from meetserver.http.gate import Gate
from meetserver.http.listener import Listener
from meetserver.http.peer import is_trusted
from meetserver.http.port import bound_socket
from meetserver.http.tls import Certificate

log = logging.getLogger(__name__)

BACKLOG = 1024
OWN_FILES = 512
"""Files that the process needs beside its clients' connections."""


@dataclass(frozen=True, slots=True)
class Parent:
    """The process that keeps this one and others (shards.py): the socket that all listen on, and one that is closed
    when the parent ends."""

    listening: socket.socket
    life: socket.socket

    async def end(self) -> None:
        await asyncio.get_running_loop().sock_recv(self.life, 1)


async def serve(config: Config, announce: Callable[[str], None], parent: Parent | None = None) -> None:
    """Serve until SIGTERM, SIGINT or the parent's end, then drain. `announce` gets the address once it answers.

    Raises ConfigError, Unavailable.
    """
    stop = asyncio.Event()
    _on_signals(stop)
    certificate = Certificate(Path(config.tls_cert), Path(config.tls_key)) if config.tls_cert else None
    _allow_files(config.max_connections + OWN_FILES)
    # Bound before anything is built, as links need to know the port; nobody is let in before all is ready.
    with bound_socket(config) if parent is None else parent.listening as listening:
        config = replace(config, port=listening.getsockname()[1])
        async with (
            open_server(config) as server,
            serving(config, server.app, listening, certificate, is_shared=parent is not None) as listener,
        ):
            # All that lives as long as the process; each look through it for garbage took 0.1 s.
            gc.freeze()
            announce(config.url)
            await _first(stop.wait(), server.stop.wait(), *([parent.end()] if parent is not None else []))
            log.info("action=draining")
            # Who comes now is refused by the kernel, and goes to another shard.
            await listener.stop_accepting()
            listening.close()
            await server.router.drain()


async def serve_as_child(config: Config, listen_fd: int, parent_fd: int) -> None:
    """As `serve`, for shards.py, by whom these files were opened; it is told by a byte that this shard answers."""
    with socket.socket(fileno=listen_fd) as listening, socket.socket(fileno=parent_fd) as life:
        listening.setblocking(False)
        life.setblocking(False)

        def tell(_: str) -> None:
            with contextlib.suppress(OSError):  # it has died, which `Parent.end` finds out
                life.sendall(b"1")

        await serve(config, tell, Parent(listening, life))


@asynccontextmanager
async def serving(
    config: Config,
    app: web.Application,
    listening: socket.socket,
    certificate: Certificate | None = None,
    *,
    is_shared: bool = False,
) -> AsyncIterator[Listener]:
    """The application answers on `listening`, which other processes may share; leaving this ends its connections."""
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
        is_shared=is_shared,
    )
    background = Background()
    listening.listen(BACKLOG)
    listener.start()
    try:
        with _reloading(certificate, background):
            yield listener
    finally:
        await listener.close()
        await background.close()
        await runner.cleanup()
        gate.close()


def is_exempt(address: str, config: Config) -> bool:
    """Behind a proxy that is trusted, or this machine, stand many."""
    return ip_address(address).is_loopback or is_trusted(address, config)


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
