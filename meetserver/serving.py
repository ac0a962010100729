"""Listening: one process on one port until a signal says to go. A second signal exits at once."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from meetserver.bootstrap import open_server
from meetserver.config import Config
from meetserver.errors import ConfigError

log = logging.getLogger(__name__)

BACKLOG = 1024


async def serve(config: Config, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then drain. `announce` gets the address once it answers.

    Raises ConfigError, Unavailable.
    """
    stop = asyncio.Event()
    _on_signals(stop)
    # Bound before anything is built, as links need to know the port; nobody is let in before all is ready.
    with _bound_socket(config) as listener:
        config = replace(config, port=listener.getsockname()[1])
        async with open_server(config) as server:
            runner = web.AppRunner(server.app, access_log=None, shutdown_timeout=1.0, handler_cancellation=False)
            await runner.setup()
            try:
                await web.SockSite(runner, listener, backlog=BACKLOG).start()
                announce(config.url)
                await _first(stop.wait(), server.stop.wait())
                log.info("action=draining")
                await server.router.drain()
            finally:
                await runner.cleanup()


def _bound_socket(config: Config) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise ConfigError(f"cannot listen on {config.host}:{config.port}: {error.strerror}") from None
    return listener


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
