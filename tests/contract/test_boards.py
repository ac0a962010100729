"""Pictures of the board by the process that makes them: what they are, and what it may not do."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from meetserver import limits
from meetserver.adapters import boards as boards_module
from meetserver.adapters.boards import TypstBoards
from meetserver.adapters.memory.boards import BoardsHere
from meetserver.errors import TooLarge, Unavailable
from meetserver.ports import BoardPrinter, Drawing

SQUARE = {"kind": "rectangle", "x": 400, "y": 0, "w": 800, "h": 900, "color": "#d6336c", "fill": "#d6336c"}


def page(*elements: Any, **sheet: Any) -> Drawing:
    shown = [{"id": str(z), "element": element, "z": z} for z, element in enumerate(elements)]
    return Drawing(json.dumps(shown).encode(), **sheet)


@pytest.mark.parametrize("boards", [TypstBoards(), BoardsHere()])
async def test_svg_is_what_the_board_draws(boards: BoardPrinter) -> None:
    one, other = await boards.svg([page(SQUARE, title="Ä"), page(width=300, height=200)])
    assert one.startswith(b"<svg ")
    assert "<title>Ä</title>".encode() in one
    assert b'width="300"' in other


async def test_png_has_the_colours_in_their_places() -> None:
    image = Image.open(io.BytesIO(await TypstBoards().png(page(SQUARE)))).convert("RGB")
    assert image.size == (limits.PICTURE_SIDE_PX, limits.PICTURE_SIDE_PX * 9 // 16)
    assert [image.getpixel((x, 900)) for x in (400, 1600)] == [(255, 255, 255), (214, 51, 108)]


async def test_pdf_has_all_pages_and_text_that_can_be_found() -> None:
    said = {"kind": "text", "x": 10, "y": 10, "text": "Grüße"}
    pdf = await TypstBoards().pdf([page(said), page(SQUARE, width=800, height=600)])
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2
    assert b"/ToUnicode" in pdf


async def test_large_pages_fit_what_they_are_drawn_on() -> None:
    large = page(width=limits.BOARD_SIDE_MAX, height=limits.BOARD_SIDE_MAX, background="dots")
    (svg,) = await TypstBoards().svg([large])
    assert len(svg) < 100_000
    pdf = await TypstBoards().pdf([page(width=limits.BOARD_SIDE_MAX, height=100)])
    sides = [float(side) for side in re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) [\d.]+", pdf)]
    assert sides == [14_400]


async def test_what_is_odd_keeps_nobody_from_a_picture() -> None:
    far = {"kind": "line", "x1": 1e4, "y1": -1e4, "x2": -1e4, "y2": 1e4, "opacity": 0.5}
    flat = [
        {"kind": kind, "x": 5, "y": 5, "w": w, "h": 0} for kind in ("rectangle", "ellipse", "note") for w in (0, 50)
    ]
    texts = [
        "\x01\x7f\u2028\u202e\ufeff",
        "שלום مرحبا 👩‍👩‍👧‍👦",
        "\u0301" * 500,
        "x" * 30_000,
        "\U0010ffff\ue000",
        "a\r\nb\tc",
    ]
    said = [{"kind": "text", "x": 10, "y": 10, "text": text, "angle": 30} for text in texts]
    png = await TypstBoards().png(page(far, *flat, *said, width=1600, height=1600))
    assert Image.open(io.BytesIO(png)).size == (limits.PICTURE_SIDE_PX, limits.PICTURE_SIDE_PX)


async def test_what_texts_say_is_never_read_as_a_program() -> None:
    evil = '"); #panic("x") #read("/etc/passwd") \\ ]] #image("/etc/passwd")'
    said = {"kind": "text", "x": 10, "y": 10, "text": evil}
    assert (await TypstBoards().pdf([page(said, title=evil)])).startswith(b"%PDF-")


async def test_there_are_bounds_of_size_memory_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge):
        await TypstBoards(memory_bytes=20 * 1024 * 1024).png(page(SQUARE))
    with pytest.raises(Unavailable):
        await TypstBoards(timeout_s=0.01).png(page(SQUARE))
    drawing = page(SQUARE)
    monkeypatch.setattr(limits, "PICTURE_BYTES", len(drawing.elements))
    await BoardsHere().svg([drawing])
    monkeypatch.setattr(limits, "PICTURE_BYTES", len(drawing.elements) - 1)
    for boards in (TypstBoards(), BoardsHere()):
        with pytest.raises(TooLarge):
            await boards.svg([drawing])


@pytest.mark.parametrize("says", ["print('nonsense')", 'print(\'{"lengths": "x"}\')'])
async def test_a_worker_that_was_made_to_say_anything_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    taken_over = tmp_path / "worker.py"
    taken_over.write_text(f"import sys\nsys.stdin.buffer.read()\n{says}")
    monkeypatch.setattr(boards_module, "SCRIPT", taken_over)
    with pytest.raises(Unavailable):
        await TypstBoards().svg([page()])
