"""GET /meetings/{id}/minutes: who came and left, what was said and drawn, which files there are. As JSON, and as one
page to read and to print."""

from aiohttp import web

from meetserver import limits
from meetserver.http.attendance import attendance_of
from meetserver.http.conversation import Conversation
from meetserver.http.drawings import drawings_of
from meetserver.http.file_access import visible
from meetserver.http.minutes_page import POLICY, Minutes, MinutesFile, written
from meetserver.http.past import state_at
from meetserver.http.readers import Reader, reader_of
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.whiteboard.state import BoardState
from meetserver.wire import timestamp


async def read_minutes(call: Call[None, None]) -> Minutes:
    reader = await reader_of(call)
    return await _minutes(call, reader, await _board(call, reader))


async def read_minutes_page(call: Call[None, None]) -> web.Response:
    reader = await reader_of(call)
    board = await _board(call, reader)
    minutes = await _minutes(call, reader, board)
    page = written(minutes, reader.meeting.id, await _pictures(call, reader, board))
    return web.Response(text=page, content_type="text/html", headers={"Content-Security-Policy": POLICY})


async def _board(call: Call[None, None], reader: Reader) -> BoardState:
    return (await state_at(call.services.history, reader.meeting, None)).whiteboard


async def _minutes(call: Call[None, None], reader: Reader, board: BoardState) -> Minutes:
    services = call.services
    attended = await attendance_of(call, reader)
    visits = [visit for one in attended.people for visit in one.visits]
    is_over = bool(visits) and all(visit.left for visit in visits)
    messages, older = await Conversation(services.history, reader).page(
        before=None, after=None, limit=limits.MINUTES_MESSAGES
    )
    files, following = await services.files.page(reader.meeting.id, limits.MINUTES_FILES, None)
    return Minutes(
        title=reader.meeting.title,
        began=min((visit.came for visit in visits), default=None),
        ended=max(visit.left or "" for visit in visits) if is_over else None,
        people=attended.people,
        has_all_people=attended.is_whole,
        messages=messages,
        has_all_messages=older is None and not reader.meeting.log_base,
        files=[
            MinutesFile(one.id, one.name, one.size_bytes, timestamp(one.created_at))
            for one in await visible(call, reader, files)
        ],
        has_all_files=following is None,
        pages=len(_drawn(board)),
        expired_until=reader.meeting.log_base,
    )


def _drawn(board: BoardState) -> list[str]:
    """Pages with something on them, in their order."""
    return [page for page in board.all_pages if page in board.pages]


async def _pictures(call: Call[None, None], reader: Reader, board: BoardState) -> list[bytes]:
    """SVG of the first pages, as far as limits.MINUTES_BOARD_BYTES goes."""
    chosen = []
    left_bytes = limits.MINUTES_BOARD_BYTES
    for drawing in await drawings_of(call.services.files, reader.meeting, board, _drawn(board)):
        left_bytes -= len(drawing.elements) + sum(map(len, drawing.images.values()))
        if left_bytes < 0:
            break
        chosen.append(drawing)
    return await call.services.boards.svg(chosen) if chosen else []


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/minutes",
        handler=read_minutes,
        action="history.read",
        takes_room_token=True,
        answer=Minutes,
        tag="history",
        summary="Who came and left, what was said, and files; private messages only for those they are for.",
    ),
    Route(
        method="GET",
        path="/meetings/{meeting_id}/minutes.html",
        handler=read_minutes_page,
        action="history.read",
        takes_room_token=True,
        streams=True,
        tag="history",
        summary="The same as one page to read and to print, with the board's pages.",
    ),
]
