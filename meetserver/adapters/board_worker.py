"""Makes pictures of the board, as a process of its own that adapters/boards.py starts, and ends.

    python -I board_worker.py '<limits as JSON>' <task >answer

The task is a `Task` in MessagePack. The answer is one line of JSON, and then, as that says, the pictures. Typst draws
the SVG into PNG and PDF; it reads no files that the SVG names. Before the task is looked at, the process gives up what
it does not need: memory, time, opening and writing files, starting processes.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

if __name__ == "__main__":  # a script knows of no package
    sys.path.append(str(Path(__file__).parents[2]))
os.environ["RAYON_NUM_THREADS"] = "1"  # threads start before there may be no more
import msgspec
import typst
from msgspec import Struct

from meetserver.adapters.rights import give_up_rights
from meetserver.ports import Drawing
from meetserver.whiteboard.render.page import svg

POINTS: Final = 0.6
"""A unit of the board in PDF: 1600 of them are as wide as a slide."""
PDF_SIDE: Final = 14_400
"""PDF 1.7, annex C: no side is longer, in points."""
SCRIPTS: Final = "Aa Ββ Жж 漢字 かな 한글 עברית العربية हिन्दी ไทย ✓ → 😀"
"""Fonts are read when they are first needed, and soon no file opens any more: so need them all now."""


class Task(Struct, frozen=True):
    form: Literal["svg", "png", "pdf"]
    drawings: list[Drawing]


class Printer:
    """`side_px`: of the longer side of a PNG."""

    def __init__(self, side_px: int) -> None:
        self._typst = typst.Compiler()
        self._side_px = side_px

    def print(self, task: Task) -> list[bytes]:
        if task.form == "svg":
            return [svg(drawing).encode() for drawing in task.drawings]
        if task.form == "pdf":
            scales = [min(POINTS, PDF_SIDE / max(one.width, one.height)) for one in task.drawings]
            return [self._drawn(task.drawings, scales, format="pdf")]
        (drawing,) = task.drawings
        scale = self._side_px / max(drawing.width, drawing.height)
        # A point is a pixel.
        return [self._drawn([drawing], [scale], format="png", ppi=72)]

    def _drawn(self, drawings: list[Drawing], scales: list[float], **how: Any) -> bytes:
        """Texts come in as inputs, so that none of them is ever read as Typst's language."""
        inputs = {f"page{number}": svg(drawing) for number, drawing in enumerate(drawings)}
        pages = (
            f"#page(width: {drawing.width * scale}pt, height: {drawing.height * scale}pt, margin: 0pt)"
            f'[#image(bytes(sys.inputs.page{number}), format: "svg", width: 100%, height: 100%)]'
            for number, (drawing, scale) in enumerate(zip(drawings, scales, strict=True))
        )
        drawn = self._typst.compile("\n".join(pages).encode(), sys_inputs=inputs, timestamp=0, **how)
        assert isinstance(drawn, bytes)  # a list is for several pages of PNG
        return drawn


def main() -> None:
    limits: Mapping[str, int] = json.loads(sys.argv[1])
    printer = Printer(limits["side_px"])
    words = msgspec.json.encode([{"element": {"kind": "text", "x": 0, "y": 0, "text": SCRIPTS}}])
    printer.print(Task("pdf", [Drawing(words, width=90, height=90)]))
    give_up_rights(limits["memory_bytes"], limits["cpu_s"])
    try:
        pictures = printer.print(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Task))
        told: Mapping[str, Any] = {"lengths": [len(picture) for picture in pictures]}
    except Exception as error:
        pictures, told = [], {"error": f"{type(error).__name__}: {error}"[:200]}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    for picture in pictures:
        sys.stdout.buffer.write(picture)


if __name__ == "__main__":
    main()
