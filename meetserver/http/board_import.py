"""POST /meetings/{id}/whiteboard/import: a drawing made elsewhere, on a new page.

Whoever is in the room draws it there themselves, and can undo it; for others the server does.
"""

import asyncio
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from meetserver import limits
from meetserver.access import may
from meetserver.errors import BadMessage, Forbidden, Refused, TooLarge
from meetserver.files.names import shown_name
from meetserver.http.file_access import roles_of
from meetserver.http.forms import FileForm
from meetserver.http.past import state_at
from meetserver.http.readers import Reader, reader_of
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.ids import ParticipantId
from meetserver.messages import Role
from meetserver.whiteboard.excalidraw import Element, imported
from meetserver.whiteboard.messages import AddPage, Apply, Delete, Order, Patch, Put, RemovePage


class ImportShown(Struct, frozen=True):
    """`page`: the new one; `elements`: how many are on it. `unknown`: kinds that the board does not have, and how many
    of each were left out; `broken`: those that made no sense; `images`: those that are frames without their image."""

    page: str
    elements: int
    unknown: dict[str, int]
    broken: int
    images: int


async def import_board(call: Call[None, None]) -> ImportShown:
    """All of it, or nothing: where the room refuses a part, the page goes again."""
    reader = await reader_of(call)
    role = await _role(call, reader)
    by = await _artist(call, reader)
    form = FileForm(call.request)
    await form.begin()
    drawing = await asyncio.to_thread(imported, await _content(form))
    if not drawing.elements:
        raise BadMessage("there is nothing in this drawing that the board can show")
    page = call.services.random.id()[:32]
    room, rooms = reader.meeting.room_id, call.services.rooms
    name = shown_name(form.name).removesuffix(".excalidraw")[: limits.BOARD_NAME_CHARS]
    await rooms.ask(room, AddPage(page, name), role=role, by=by)
    first: int | None = None
    try:
        for ops in _batches(drawing.elements):
            reply = await rooms.ask(room, Apply(ops, page, first), role=role, by=by)
            first = first or (None if reply is None else reply.seq)
    except Refused:
        await rooms.ask(room, RemovePage(page))
        raise
    return ImportShown(page, len(drawing.elements), dict(drawing.unknown), drawing.broken, drawing.images)


async def _role(call: Call[None, None], reader: Reader) -> Role:
    """In which the server draws for them. Raises Forbidden for who only looks on."""
    roles = await roles_of(call, reader)
    if not may(roles, "whiteboard.import"):
        raise Forbidden("your role in this meeting does not allow this")
    return "host" if may(roles, "bans.write") else "participant"


async def _artist(call: Call[None, None], reader: Reader) -> ParticipantId | None:
    """As whom the caller is in the room; of several tabs the newest. None: they are not there."""
    state = await state_at(call.services.history, reader.meeting, None)
    there = [who for who in reader.participants if who in state.participants]
    return max(there, key=lambda who: state.arrivals.get(who, 0), default=None)


async def _content(form: FileForm) -> bytes:
    content = bytearray()
    async for chunk in form.chunks():
        content += chunk
        if len(content) > limits.IMPORT_BYTES:
            raise TooLarge(f"a drawing that is imported has at most {limits.IMPORT_BYTES} bytes")
    return bytes(content)


def _batches(elements: Iterable[Element]) -> Iterator[list[Put | Patch | Delete | Order]]:
    batch: list[Put | Patch | Delete | Order] = []
    size = 0
    for number, element in enumerate(elements):
        bytes_ = len(msgspec.json.encode(element))
        if batch and (len(batch) == limits.BOARD_OPS or size + bytes_ > limits.IMPORT_COMMAND_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(Put(f"i{number}", element))
        size += bytes_
    yield batch


routes: list[AnyRoute] = [
    Route(
        method="POST",
        path="/meetings/{meeting_id}/whiteboard/import",
        handler=import_board,
        action="whiteboard.import",
        answer=ImportShown,
        status=201,
        problems=(400, 413, 415),
        takes_form=True,
        tag="whiteboard",
        takes_room_token=True,
        summary="Put a drawing of Excalidraw on a new page: multipart/form-data with the field `file`.",
    ),
]
