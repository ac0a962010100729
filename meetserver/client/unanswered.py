"""Commands that wait for their reply, in the order they were given; durable ones outlive the socket."""

import asyncio

from msgspec import Raw, Struct

from meetserver.client.connection import Connection
from meetserver.client.errors import ClientError, CommandRefused, ProtocolViolation, Unanswered
from meetserver.client.frames import Incoming

WRITES = 20
"""A command is written at most this often: one that kills every connection must not do so for ever."""


class Waiting(Struct, eq=False):
    """A command without an answer yet."""

    id: int
    txn: str | None
    frame: bytes
    answer: asyncio.Future[Raw]
    written_on: Connection | None = None
    writes: int = 0


class UnansweredCommands:
    """Keeps the order over reconnects: what is written again is written in the order it was first given."""

    def __init__(self) -> None:
        self._waiting: dict[int, Waiting] = {}
        self._writing = asyncio.Lock()

    def add(self, command_id: int, txn: str | None, frame: bytes) -> Waiting:
        waiting = Waiting(command_id, txn, frame, asyncio.get_running_loop().create_future())
        self._waiting[command_id] = waiting
        return waiting

    def remove(self, waiting: Waiting) -> None:
        self._waiting.pop(waiting.id, None)

    def settle(self, reply: Incoming) -> None:
        """Give a reply to whom it is for. One to a command that was given up is nobody's. Raises ProtocolViolation."""
        if not isinstance(reply.re, int):
            raise ProtocolViolation(f"a reply to {reply.re!r}: {reply.error}")
        waiting = self._waiting.pop(reply.re, None)
        if waiting is None or waiting.answer.done():
            return
        if isinstance(reply.ok, Raw):
            waiting.answer.set_result(reply.ok)
        elif reply.error:
            waiting.answer.set_exception(CommandRefused(reply.error))
        else:
            raise ProtocolViolation("a reply with neither ok nor error")

    def connection_lost(self) -> None:
        """What is durable will be written again; the rest is given up."""
        for waiting in list(self._waiting.values()):
            if waiting.txn is None:
                self._fail(waiting, Unanswered(None, "the connection was lost before the answer"))
            elif waiting.writes >= WRITES:
                self._fail(waiting, Unanswered(waiting.txn, f"no answer to {waiting.writes} tries"))

    def fail_all(self, why: Exception) -> None:
        for waiting in list(self._waiting.values()):
            error = Unanswered(waiting.txn, f"no answer: {why}")
            error.__cause__ = why
            self._fail(waiting, error)

    async def write(self, connection: Connection) -> None:
        """Write what is not yet written on this connection. Raises Disconnected."""
        async with self._writing:
            for waiting in list(self._waiting.values()):
                if waiting.written_on is not connection and not waiting.answer.done():
                    waiting.written_on = connection
                    waiting.writes += 1
                    await connection.send(waiting.frame)

    def _fail(self, waiting: Waiting, error: ClientError) -> None:
        self.remove(waiting)
        if not waiting.answer.done():
            waiting.answer.set_exception(error)
