"""What an application asks its database, statement by statement, as it is sent."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExecutionContext

from meetserver.cache.cached import Cached
from meetserver.database import Database


class Statement:
    """`many`: for several rows at once."""

    def __init__(self, text: str, parameters: Any, many: bool) -> None:
        self.text = text
        self.parameters = parameters[0] if many else parameters

    @property
    def is_planned(self) -> bool:
        return self.text.startswith(("SELECT", "UPDATE", "DELETE", "WITH"))

    def __str__(self) -> str:
        return " ".join(self.text.split())


@contextmanager
def statements_of(database: Database) -> Iterator[list[Statement]]:
    """What is sent to it within, in that order, but for transactions and what the room log commits."""
    sent: list[Statement] = []
    engines = {id(engine): engine for engine in map(_root, (database.writer.sync_engine, database.reader.sync_engine))}

    def note(_: Connection, __: Any, text: str, parameters: Any, ___: ExecutionContext | None, many: bool) -> None:
        if not text.startswith(("BEGIN", "PRAGMA")):
            sent.append(Statement(text, parameters, many))

    for engine in engines.values():
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        for engine in engines.values():
            event.remove(engine, "before_cursor_execute", note)


@pytest.fixture
def uncached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every read asks the database."""

    async def read(_: Cached, __: str, ___: object, load: Callable[[], Awaitable[Any]]) -> Any:
        return await load()

    monkeypatch.setattr(Cached, "read", read)


def _root(engine: Engine) -> Engine:
    """An engine with other options hears its elder's events, too."""
    return getattr(engine, "_proxied", engine)
