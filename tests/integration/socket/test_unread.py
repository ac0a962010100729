"""A socket that writes and does not read."""

import asyncio
import gc

import msgspec

from meetserver import limits
from meetserver.http.connection import SocketConnection
from tests.integration.socket.conftest import Meeting, Socket

CHUNK_PINGS = 200


def _server_end() -> SocketConnection:
    (connection,) = [c for c in gc.get_objects() if isinstance(c, SocketConnection) and not c._transport.is_closing()]
    return connection


async def _talk_without_reading(socket: Socket, connection: SocketConnection, rounds: int) -> int:
    """Most bytes that the server held for it."""
    writer = socket.raw._writer
    reader = socket.raw._response.connection.transport  # type: ignore[union-attr]
    reader.pause_reading()  # type: ignore[union-attr]
    most = 0
    for number in range(rounds):
        for n in range(CHUNK_PINGS):
            command_id = f"{number}-{n}".ljust(limits.COMMAND_ID_CHARS, "x")
            frame = msgspec.json.encode({"id": command_id, "type": "ping"})
            try:
                await writer.send_frame(frame, 1)
            except ConnectionError:  # it was cut, as it should be
                return most
        await asyncio.sleep(0.001)
        most = max(most, connection.unsent_bytes())
    return most


async def test_replies_that_nobody_reads_are_bounded(meeting: Meeting) -> None:
    socket, _ = await meeting.enter()
    most = await _talk_without_reading(socket, _server_end(), 1500)
    assert most < 1024 * 1024, f"{most / 2**20:.1f} MiB"
    await socket.raw.close()
