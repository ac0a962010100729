"""/meetings/{id}/whiteboard: the board as it is, was, or was kept; as data, and as pictures."""

from collections.abc import Mapping
from typing import Annotated, Any

from aiohttp import web
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from meetserver.errors import NotFound
from meetserver.files.names import content_disposition, name_of
from meetserver.http.download import SANDBOX
from meetserver.http.drawings import drawings_of, elements_of
from meetserver.http.history import Moment
from meetserver.http.past import state_at
from meetserver.http.readers import Reader, reader_of
from meetserver.http.registry import AnyRoute, Call, Route
from meetserver.rooms.state import RoomState
from meetserver.whiteboard.messages import Page, Sheet, VersionShown
from meetserver.whiteboard.state import BoardState


class BoardQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`at`: a seq, or a time in RFC 3339; without it, now. `version`: as it was kept under this id. `page`: this one
    alone."""

    at: Moment | UnsetType = UNSET
    version: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    page: Page | UnsetType = UNSET


class PageShown(Struct, frozen=True):
    """`elements`: bottom first, each with its id, as in snapshots."""

    id: str
    name: str
    width: int
    height: int
    background: str
    locked: bool
    elements: Any


class BoardShown(Struct, frozen=True):
    """`pages` in their order; `versions` that were kept."""

    seq: int
    pages: list[PageShown]
    versions: list[VersionShown]


async def read_board(call: Call[None, BoardQuery]) -> BoardShown:
    state, board = await _board(call, await reader_of(call))
    pages = [await _page_shown(board, page) for page in _pages(board, call.query)]
    return BoardShown(state.seq, pages, [version.about for version in state.whiteboard.versions])


async def read_board_svg(call: Call[None, BoardQuery]) -> web.StreamResponse:
    reader = await reader_of(call)
    _, board = await _board(call, reader)
    (page,) = _pages(board, call.query)[:1]
    drawings = await drawings_of(call.services.files, reader.meeting, board, [page])
    return _picture((await call.services.boards.svg(drawings))[0], "image/svg+xml", reader, "svg")


async def read_board_png(call: Call[None, BoardQuery]) -> web.StreamResponse:
    reader = await reader_of(call)
    _, board = await _board(call, reader)
    (page,) = _pages(board, call.query)[:1]
    drawings = await drawings_of(call.services.files, reader.meeting, board, [page])
    return _picture(await call.services.boards.png(drawings[0]), "image/png", reader, "png")


async def read_board_pdf(call: Call[None, BoardQuery]) -> web.StreamResponse:
    reader = await reader_of(call)
    _, board = await _board(call, reader)
    drawings = await drawings_of(call.services.files, reader.meeting, board, _pages(board, call.query))
    return _picture(await call.services.boards.pdf(drawings), "application/pdf", reader, "pdf")


async def _board(call: Call[None, BoardQuery], reader: Reader) -> tuple[RoomState, BoardState]:
    """The room, and its board or the version of it that was asked for. Raises NotFound."""
    query = call.query
    state = await state_at(call.services.history, reader.meeting, None if query.at is UNSET else query.at)
    if query.version is UNSET:
        return state, state.whiteboard
    kept = next((one for one in state.whiteboard.versions if one.about.id == query.version), None)
    if kept is None:
        raise NotFound("there is no such version")
    return state, BoardState(pages=kept.pages, sheets=kept.sheets, order=kept.order)


def _pages(board: BoardState, query: BoardQuery) -> list[str]:
    """At least one. Raises NotFound."""
    if query.page is UNSET:
        return list(board.all_pages)
    if query.page not in board.all_pages:
        raise NotFound("there is no such page")
    return [query.page]


async def _page_shown(board: BoardState, page: str) -> PageShown:
    sheet: Sheet = board.sheet(page)
    elements = Raw(await elements_of(board.page(page)))
    return PageShown(page, sheet.name, sheet.width, sheet.height, sheet.background, sheet.locked, elements)


def _picture(body: bytes, media_type: str, reader: Reader, ending: str) -> web.Response:
    """As an attachment: no browser shows it as a page of ours."""
    headers: Mapping[str, str] = {
        "Content-Type": media_type,
        "Content-Disposition": content_disposition(name_of(reader.meeting.title, f".{ending}"), is_inline=False),
        "Content-Security-Policy": SANDBOX,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return web.Response(body=body, headers=headers)


def _route(ending: str, handler: Any, summary: str) -> AnyRoute:
    return Route(
        method="GET",
        path=f"/meetings/{{meeting_id}}/whiteboard.{ending}",
        handler=handler,
        action="history.read",
        takes_room_token=True,
        query=BoardQuery,
        streams=True,
        problems=(410, 413),
        tag="whiteboard",
        summary=summary,
    )


routes: list[AnyRoute] = [
    Route(
        method="GET",
        path="/meetings/{meeting_id}/whiteboard",
        handler=read_board,
        action="history.read",
        takes_room_token=True,
        query=BoardQuery,
        answer=BoardShown,
        problems=[410],
        tag="whiteboard",
        summary="The board's pages and versions, as they are, or were at a seq or a time.",
    ),
    _route("svg", read_board_svg, "A page of the board, the first one unless `page` says which, as SVG."),
    _route("png", read_board_png, "A page of the board, the first one unless `page` says which, as PNG."),
    _route("pdf", read_board_pdf, "All pages of the board as PDF, or the one in `page`."),
]
