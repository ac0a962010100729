"""The first command on a socket, and what may come back."""

from msgspec import Raw

from meetserver.client.backoff import ABNORMAL, OVER, NextStep, next_step
from meetserver.client.connection import Connection, Disconnected
from meetserver.client.errors import ClientError, CommandRefused, ProtocolViolation, RoomClosed, WireRefusal
from meetserver.client.frames import HelloOk, command_frame, decode_data
from meetserver.rooms.frames import Hello


async def say_hello(connection: Connection, command_id: int | str, hello: Hello) -> HelloOk:
    """Raises Disconnected also when the refusal is temporary or a new ticket would help; else CommandRefused."""
    await connection.send(command_frame(command_id, hello, None))
    reply = await connection.receive()
    if reply.error:
        raise await _refused(connection, reply.error)
    if reply.re != command_id or not isinstance(reply.ok, Raw):
        raise ProtocolViolation("a frame before the reply to hello")
    return decode_data(reply.ok, HelloOk)


async def _refused(connection: Connection, refusal: WireRefusal) -> ClientError:
    """What to raise for it: the close frame that follows says what would help."""
    if refusal.temporary:
        return Disconnected(ABNORMAL, refusal.code)
    try:
        await connection.receive()
    except Disconnected as closed:
        if next_step(closed.code) is NextStep.NEW_TICKET:
            return closed
        if closed.code in OVER:
            return RoomClosed(closed.code, closed.reason)
    return CommandRefused(refusal)
