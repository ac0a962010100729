"""GET /meetings/{id}/messages/export: the whole chat as a file, as far as the reader may see it.

It is read a page at a time and written as it is read, so that neither its length nor a client that reads slowly costs
memory, or holds the database.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal

from aiohttp import web
from msgspec import Struct

from meetserver.errors import MeetError, NotSupported
from meetserver.files.names import content_disposition, name_of
from meetserver.http.attendance import attendance_of
from meetserver.http.conversation import Conversation
from meetserver.http.export_formats import POLICY, AsJson, AsPage, AsText, Format
from meetserver.http.readers import Reader, reader_of
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.turns import Pace
from meetserver.wire import timestamp

log = logging.getLogger(__name__)


class ExportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`json`: an array of messages as `GET …/messages` shows them; `html`: one page to read and print; `text`."""

    format: Literal["json", "html", "text"] = "json"


async def export_messages(call: Call[None, ExportQuery]) -> web.StreamResponse:
    reader = await reader_of(call)
    if reader.meeting.settings.get("e2ee"):
        raise NotSupported("this chat is end-to-end encrypted: only its members' clients can export it")
    with call.services.exports.one_more(reader.person):
        return await _answer(call, reader)


async def _answer(call: Call[None, ExportQuery], reader: Reader) -> web.StreamResponse:
    format_ = await _format(call, reader)
    name = name_of(reader.meeting.title, f" chat.{format_.ending}")
    response = web.StreamResponse(
        headers={
            "Content-Type": f"{format_.media_type}; charset=utf-8",
            "Content-Disposition": content_disposition(name, is_inline=False),
            "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
    )
    async with aclosing(_pieces(call, reader, format_)) as pieces:
        first = await anext(pieces)  # when there is no reading at all, it is refused
        await response.prepare(call.request)
        await _pour(call.request, response, first, pieces)
    return response


async def _format(call: Call[None, ExportQuery], reader: Reader) -> Format:
    if call.query.format == "json":
        return AsJson()
    attended = await attendance_of(call, reader)
    names = {visit.participant: one.name for one in attended.people for visit in one.visits}
    kind = AsPage if call.query.format == "html" else AsText
    return kind(
        reader.meeting.title, timestamp(call.services.clock.now()), names, is_whole=reader.meeting.log_base == 0
    )


async def _pieces(call: Call[None, ExportQuery], reader: Reader, format_: Format) -> AsyncGenerator[str]:
    """As of now: what is said meanwhile is not in it, or it might never end."""
    history = call.services.history
    until = await history.last_seq(reader.meeting.room_id)
    yield format_.head()
    pace = Pace()
    async for some in Conversation(history, reader).whole(until):
        pieces = list[str]()
        for message in some:
            await pace.keep()
            pieces.append(format_.message(message))
        yield "".join(pieces)
    await history.last_seq(reader.meeting.room_id)  # of a meeting that was deleted meanwhile there was not all
    yield format_.foot()


async def _pour(request: web.Request, response: web.StreamResponse, piece: str, more: AsyncGenerator[str]) -> None:
    """Where it breaks off, so does the connection: the client sees that it has not all."""
    try:
        while True:
            if piece:
                await response.write(piece.encode())
            piece = await anext(more)
    except StopAsyncIteration:
        await response.write_eof()
    except MeetError as error:
        log.error("action=export_broken error=%s", error)
        if request.transport is not None:
            request.transport.abort()


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/messages/export",
        handler=export_messages,
        action="history.read",
        takes_room_token=True,
        query=ExportQuery,
        streams=True,
        problems=[422],
        rate="export",
        tag="history",
        summary="The whole chat as a file; private messages only for those they are for.",
    ),
]
