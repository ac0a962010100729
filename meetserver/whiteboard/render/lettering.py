"""Texts: broken into lines by what letters are about as wide as, since no font is at hand where this runs."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from meetserver.whiteboard.render.fields import Box, Fields, box, color, number_or, numbers, text_of
from meetserver.whiteboard.render.markup import escaped, short
from meetserver.whiteboard.render.strokes import Drawn

LINE_HEIGHT: Final = 1.3
"""From one baseline to the next, in sizes; the first one is a size below the top."""
TEXT_SIZE: Final = 28.0
NOTE_SIZE: Final = 24.0
NOTE_MARGIN: Final = 14.0
NOTE_PAPER: Final = "#ffe066"
NOTE_INK: Final = "#1c2033"

_NARROW = frozenset(" !'()*,-./:;I[]`fijlrt|\"")
_BROAD = frozenset("%@MWmw")
_ANCHORS = {"left": "start", "center": "middle", "right": "end"}


def lettering(fields: Fields) -> Drawn | None:
    at, said = numbers(fields, "x", "y"), text_of(fields, "text")
    if at is None or not said.strip():
        return None
    size = number_or(fields, "size", TEXT_SIZE, 6, 400)
    room = number_or(fields, "w", 0, 0, 1e6)
    lines = list(broken(said, room / size)) if room else said.split("\n")
    where = Box(at[0], at[1], room or size * max(map(breadth, lines)), size * LINE_HEIGHT * len(lines))
    return Drawn(_lines(lines, where, size, text_of(fields, "align"), color(fields)), where)


def note(fields: Fields) -> Drawn | None:
    """A sheet of paper; what does not fit on it is not shown."""
    paper = box(fields)
    if paper is None:
        return None
    corners = " ".join(
        f'{name}="{short(value)}"' for name, value in zip(("x", "y", "width", "height"), paper, strict=True)
    )
    sheet = f'<rect {corners} rx="4" fill="{color(fields, NOTE_PAPER)}"/>'
    size = number_or(fields, "size", NOTE_SIZE, 6, 400)
    inner = Box(paper.x + NOTE_MARGIN, paper.y + NOTE_MARGIN, paper.w - 2 * NOTE_MARGIN, paper.h - 2 * NOTE_MARGIN)
    lines = list(broken(text_of(fields, "text"), inner.w / size)) if inner.w > size else []
    shown = lines[: max(0, int(inner.h / (size * LINE_HEIGHT)))]
    said = _lines(shown, inner, size, text_of(fields, "align"), NOTE_INK) if any(map(str.strip, shown)) else ""
    return Drawn(sheet + said, paper)


def broken(said: str, room: float) -> Iterator[str]:
    """In lines no wider than `room`, in sizes; a word that is wider is broken, too."""
    for paragraph in said.split("\n"):
        line, used = "", 0.0
        for word in _words(paragraph, room):
            wide = breadth(word)
            if line and used + breadth(word.rstrip()) > room:
                yield line.rstrip()
                line, used = "", 0.0
            line, used = line + word, used + wide
        yield line.rstrip()


def _words(paragraph: str, room: float) -> Iterator[str]:
    """Each with the space after it; parts of those that are too wide."""
    for word in paragraph.replace(" ", " \n").split("\n"):
        part, used = "", 0.0
        for letter in word:
            wide = letter_breadth(letter)
            if part and letter != " " and used + wide > room:
                yield part
                part, used = "", 0.0
            part, used = part + letter, used + wide
        if part:
            yield part


def breadth(line: str) -> float:
    """About how wide it is, in sizes."""
    return sum(map(letter_breadth, line))


def shortened(line: str, room: float) -> str:
    """As much of it as has room, in sizes."""
    used = 0.0
    for count, letter in enumerate(line):
        used += letter_breadth(letter)
        if used > room:
            return line[:count]
    return line


def letter_breadth(letter: str) -> float:
    if letter in _NARROW:
        return 0.36
    if letter in _BROAD:
        return 0.95
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.7 if letter.isupper() else 0.61


def _lines(lines: list[str], where: Box, size: float, align: str, ink: str) -> str:
    anchor = _ANCHORS.get(align, "start")
    x = short(where.x + {"start": 0.0, "middle": where.w / 2, "end": where.w}[anchor])
    spans = "".join(
        f'<tspan x="{x}" y="{short(where.y + size * (1 + LINE_HEIGHT * number))}">{escaped(line)}</tspan>'
        for number, line in enumerate(lines)
        if line.strip()
    )
    return f'<text xml:space="preserve" font-size="{short(size)}" fill="{ink}" text-anchor="{anchor}">{spans}</text>'
