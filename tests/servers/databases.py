"""Databases of their own for single tests, on a server that many tests share."""

import asyncio
import secrets
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg

T = TypeVar("T")


class Databases:
    """Makes, fills and drops databases, through one connection to each.

    They live on a loop in a thread of its own, so that fixtures can use it whatever loop the test has.
    """

    def __init__(self, url: str) -> None:
        """`url` is that of any database on the server, as a user who may create databases."""
        self._url = url
        self._connections: dict[str, Any] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="databases", daemon=True)
        self._thread.start()

    def create(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of `template`, which nobody may be connected to."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(self._url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return urlsplit(self._url)._replace(path=f"/{name}").geturl()

    def drop(self, url: str) -> None:
        """Drop the database at `url`, and close whatever connections a test left open to it."""
        self._disconnect(url)
        self.execute(self._url, f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')

    def execute(self, url: str, sql: str) -> None:
        """Statements for the database at `url`, all in one transaction."""

        async def execute() -> None:
            connection = self._connections.get(url)
            if connection is None or connection.is_closed():
                connection = self._connections[url] = await asyncpg.connect(url)
            await connection.execute(sql)

        self._run(execute())

    def close(self) -> None:
        for url in list(self._connections):
            self._disconnect(url)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _disconnect(self, url: str) -> None:
        if (connection := self._connections.pop(url, None)) is not None:
            self._run(connection.close(timeout=5))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)
