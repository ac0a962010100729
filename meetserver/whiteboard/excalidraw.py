"""Drawings of Excalidraw (.excalidraw, version 2 of its JSON) as elements of ours. Whatever stands in the file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import cos, degrees, radians, sin
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from meetserver import limits
from meetserver.errors import BadMessage, TooLarge
from meetserver.messages import Json
from meetserver.whiteboard.messages import HEIGHT, WIDTH
from meetserver.whiteboard.render.fields import (
    MAX_WIDTH,
    Box,
    Fields,
    box,
    color_of,
    is_number,
    number_or,
    numbers,
    text_of,
)
from meetserver.whiteboard.render.lettering import LINE_HEIGHT

Element: TypeAlias = dict[str, Json]
Point: TypeAlias = tuple[float, float]

MARGIN: Final = 40.0
POINTS: Final = 1000
"""Of one stroke; a longer one goes on as the next."""
FREEDRAW_WIDTH: Final = 2.5
"""Excalidraw's pen is about so many times as thick as its lines."""
LINE_WIDTH: Final = 1.5
IMAGE_NAME: Final = "image"
TEXT_CHARS: Final = 7000
"""Of one text: in any script it is a sound element."""


class _File(Struct):
    type: Literal["excalidraw"]
    elements: list[Any]


class Imported(Struct, frozen=True):
    """`elements` bottom first, each in bounds; `unknown`: how many of which kinds there is nothing for here;
    `broken`: how many were not sound; `images`: how many are frames without their image."""

    elements: list[Element]
    unknown: Mapping[str, int]
    broken: int
    images: int


_file = msgspec.json.Decoder(_File)


def imported(content: bytes) -> Imported:
    """Made smaller where it would not fit a page of the usual size. Raises BadMessage, TooLarge."""
    try:
        file = _file.decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise BadMessage(f"this is no drawing of Excalidraw: {error}"[:300]) from None
    if len(file.elements) > limits.IMPORT_ELEMENTS:
        raise TooLarge(f"a drawing that is imported has at most {limits.IMPORT_ELEMENTS} elements")
    found: list[Element] = []
    unknown: dict[str, int] = {}
    broken = 0
    for fields in file.elements:
        if not isinstance(fields, dict) or not isinstance(kind := fields.get("type"), str):
            broken += 1
        elif fields.get("isDeleted") is True:
            continue
        elif kind not in _MADE:
            unknown[kind[:40]] = unknown.get(kind[:40], 0) + 1
        elif made := _made(kind, fields):
            found += made
        else:
            broken += 1
    images = sum(element["kind"] == "image" for element in found)
    return Imported(_fitted(found), unknown, broken, images)


def _made(kind: str, fields: Fields) -> list[Element]:
    opacity = number_or(fields, "opacity", 100, 0, 100) / 100
    more: Element = {} if opacity == 1 else {"opacity": opacity}
    return [element | more for element in _MADE[kind](fields)]


def _shape(fields: Fields) -> Iterator[Element]:
    where = _box(fields)
    if where is None:
        return
    element: Element = {"kind": text_of(fields, "type"), **_place(where), **_line(fields), **_turned(fields)}
    fill = color_of(fields.get("backgroundColor"), "")
    yield element | ({"fill": fill} if fill else {})


def _lettering(fields: Fields) -> Iterator[Element]:
    where, said = _box(fields), text_of(fields, "text").replace("\0", "")[:TEXT_CHARS]
    if where is None or not said.strip():
        return
    size = number_or(fields, "fontSize", 20, 4, 400)
    element: Element = {"kind": "text", "x": where.x, "y": where.y, "text": said, "size": size, **_color(fields)}
    align = text_of(fields, "textAlign")
    if align in ("center", "right"):  # letters may be wider here, and no line is to be broken anew
        room = where.w
        element |= {"x": where.x - room * (0.5 if align == "center" else 1), "w": 2 * room, "align": align}
    yield element | _turned(fields)


def _picture(fields: Fields) -> Iterator[Element]:
    where = _box(fields)
    if where is not None:
        yield {"kind": "image", **_place(where), "alt": IMAGE_NAME, **_turned(fields)}


def _pen(fields: Fields) -> Iterator[Element]:
    yield from _strokes(_points(fields), _line(fields, FREEDRAW_WIDTH))


def _linear(fields: Fields) -> Iterator[Element]:
    """Lines that are bent are strokes; the last part of an arrow has its head."""
    points, line = _points(fields), _line(fields)
    if len(points) < 2:
        return
    heads = (_has_head(fields, "startArrowhead", False), _has_head(fields, "endArrowhead", True))
    if heads[0]:
        yield _straight("arrow", points[1], points[0], line)
    if len(points) == 2:
        if heads[1] or not heads[0]:
            yield _straight("arrow" if heads[1] else "line", points[0], points[1], line)
        return
    is_round = fields.get("roundness") is not None
    # A curve goes through a point that is there twice, and so has a corner.
    bent = points if is_round else [points[0], *(point for point in points[1:-1] for _ in range(2)), points[-1]]
    yield from _strokes(bent, line)
    if heads[1]:
        yield _straight("arrow", points[-2], points[-1], line)


def _has_head(fields: Fields, name: str, otherwise: bool) -> bool:
    if text_of(fields, "type") != "arrow":
        return False
    return otherwise if name not in fields else fields[name] is not None


def _strokes(points: Sequence[Point], line: Element) -> Iterator[Element]:
    for start in range(0, max(1, len(points) - 1), POINTS - 1):
        some = points[start : start + POINTS]
        if some:
            yield {"kind": "stroke", "points": [value for point in some for value in point], **line}


def _straight(kind: str, start: Point, end: Point, line: Element) -> Element:
    return {"kind": kind, "x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1], **line}


def _points(fields: Fields) -> list[Point]:
    """Turned as the element is; none where one of them is not sound."""
    at, offsets = numbers(fields, "x", "y"), fields.get("points")
    if at is None or not isinstance(offsets, list) or not all(map(_is_point, offsets)):
        return []
    points = [(at[0] + offset[0], at[1] + offset[1]) for offset in offsets]
    return _turned_by(points, number_or(fields, "angle", 0, -100, 100))


def _turned_by(points: list[Point], angle: float) -> list[Point]:
    """About the middle of them, clockwise, in radians."""
    if not angle or not points:
        return points
    x = (min(point[0] for point in points) + max(point[0] for point in points)) / 2
    y = (min(point[1] for point in points) + max(point[1] for point in points)) / 2
    c, s = cos(angle), sin(angle)
    return [(x + (px - x) * c - (py - y) * s, y + (px - x) * s + (py - y) * c) for px, py in points]


def _is_point(value: Json) -> bool:
    return isinstance(value, list) and len(value) >= 2 and is_number(value[0]) and is_number(value[1])


def _box(fields: Fields) -> Box | None:
    return box({"x": fields.get("x"), "y": fields.get("y"), "w": fields.get("width"), "h": fields.get("height")})


def _place(where: Box) -> Element:
    return {"x": where.x, "y": where.y, "w": where.w, "h": where.h}


def _turned(fields: Fields) -> Element:
    angle = round(degrees(number_or(fields, "angle", 0, -100, 100)), 1)
    return {"angle": angle} if angle else {}


def _color(fields: Fields) -> Element:
    return {"color": color_of(fields.get("strokeColor"))}


def _line(fields: Fields, times: float = LINE_WIDTH) -> Element:
    return {**_color(fields), "width": number_or(fields, "strokeWidth", 2, 0.5, MAX_WIDTH) * times}


_MADE: Final[Mapping[str, Callable[[Fields], Iterator[Element]]]] = {
    "rectangle": _shape,
    "ellipse": _shape,
    "diamond": _shape,
    "text": _lettering,
    "image": _picture,
    "freedraw": _pen,
    "line": _linear,
    "arrow": _linear,
}


# --- onto a page


def _fitted(elements: list[Element]) -> list[Element]:
    """Moved, and made smaller where need be, so that all of it is on the page."""
    corners = [corner for element in elements for corner in _corners(element)]
    if not corners:
        return elements
    left, top = min(x for x, _ in corners), min(y for _, y in corners)
    wide, high = max(x for x, _ in corners) - left, max(y for _, y in corners) - top
    scale = min(1.0, (WIDTH - 2 * MARGIN) / max(wide, 1), (HEIGHT - 2 * MARGIN) / max(high, 1))

    def moved(x: Any, y: Any) -> Point:
        return round((x - left) * scale + MARGIN, 1), round((y - top) * scale + MARGIN, 1)

    return [_moved(element, moved, scale) for element in elements]


def _corners(element: Element) -> list[Point]:
    found: Any = element
    if element["kind"] == "stroke":
        return list(zip(found["points"][::2], found["points"][1::2], strict=True))
    if "x1" in element:
        return [(found["x1"], found["y1"]), (found["x2"], found["y2"])]
    x, y = found["x"], found["y"]
    w, h = _size(found) if element["kind"] == "text" else (found["w"], found["h"])
    return _turned_by([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], radians(found.get("angle", 0)))


def _size(text: dict[str, Any]) -> Point:
    """About as wide and high as it is: there may be very many letters, and nobody knows the font."""
    lines = text["text"].split("\n")
    letters = max(len(line) * (0.6 if line.isascii() else 1) for line in lines)
    return text.get("w", letters * text["size"]), len(lines) * text["size"] * LINE_HEIGHT


def _moved(element: Element, moved: Callable[[Any, Any], Point], scale: float) -> Element:
    after, found = dict(element), dict[str, Any](element)
    if "points" in element:
        pairs = zip(found["points"][::2], found["points"][1::2], strict=True)
        after["points"] = [value for x, y in pairs for value in moved(x, y)]
    for names in (("x", "y"), ("x1", "y1"), ("x2", "y2")):
        if names[0] in element:
            after |= dict(zip(names, moved(found[names[0]], found[names[1]]), strict=True))
    after |= {name: round(found[name] * scale, 2) for name in ("w", "h", "size", "width") if name in element}
    return after
