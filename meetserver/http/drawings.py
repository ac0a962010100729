"""What pictures of the board are made of: its pages, and those of the meeting's images that stand on them."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from operator import attrgetter
from typing import Final

import msgspec
from msgspec import Struct

from meetserver import limits
from meetserver.files.service import Files
from meetserver.meetings.store import Meeting
from meetserver.ports import Drawing
from meetserver.turns import paced
from meetserver.whiteboard.state import BoardPage, BoardState, shown_slices

IMAGE_PX: Final = limits.THUMBNAIL_PX[-1]
"""Images are drawn from their largest thumbnails: small, of one format, and made by the server itself."""


class _Image(Struct):
    """As far as it matters here of an element."""

    kind: object = None
    file: object = None


_image = msgspec.json.Decoder(_Image)


async def drawings_of(files: Files, meeting: Meeting, board: BoardState, pages: Sequence[str]) -> list[Drawing]:
    """One for each of these pages, with as many of its images as the limits allow."""
    by_page = {page: _files_on(board.page(page)) for page in pages}
    found = await _images(files, meeting, {id_: None for ids in by_page.values() for id_ in ids})
    drawings = []
    for page in pages:
        sheet = board.sheet(page)
        images = {id_: found[id_] for id_ in by_page[page] if id_ in found}
        title = f"{meeting.title}: {sheet.name}" if sheet.name else meeting.title
        elements = await elements_of(board.page(page))
        drawings.append(Drawing(elements, title, sheet.width, sheet.height, sheet.background, images))
    return drawings


async def elements_of(page: BoardPage) -> bytes:
    """As snapshots show them, a JSON list; in turns, as there may be very many."""
    return b"".join([piece async for piece in paced(shown_slices(page))])


def _files_on(page: BoardPage) -> dict[str, None]:
    """Ids, in the order of their elements."""
    there = sorted((one for one in page.elements.values() if b'"image"' in one.body), key=attrgetter("z", "id"))
    images = (image for image in (_image.decode(one.body) for one in there) if image.kind == "image")
    return {image.file: None for image in images if isinstance(image.file, str)}


async def _images(files: Files, meeting: Meeting, ids: Iterable[str]) -> dict[str, str]:
    """As data: URIs. One of another meeting, deleted, or not to be had now is left out."""
    found: dict[str, str] = {}
    left_bytes = limits.PICTURE_IMAGES_BYTES
    wanted = list(ids)[: limits.PICTURE_IMAGES]
    if not wanted:
        return found
    async with aclosing(files.thumbnails(meeting.id, wanted, IMAGE_PX)) as images:
        async for id_, image in images:
            uri = f"data:image/webp;base64,{b64encode(image).decode()}"
            left_bytes -= len(uri)
            if left_bytes < 0:
                break
            found[id_] = uri
    return found
