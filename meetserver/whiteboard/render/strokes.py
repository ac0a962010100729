"""Strokes and lines, as paths."""

from typing import NamedTuple

from meetserver.whiteboard.render.fields import Box, Fields, color, is_number, number_or, numbers, width
from meetserver.whiteboard.render.markup import short

HIGHLIGHTER_OPACITY = 0.4
HEAD_WIDTHS = 3.5
"""How long the sides of an arrow's head are: so many times the line's width, …"""
HEAD_LEAST = 10.0
"""… and this beside it, …"""
HEAD_MOST = 0.6
"""… but no longer than this part of the arrow."""
HEAD_SLIM = 0.5
"""Half of the head's width, in its length."""


class Drawn(NamedTuple):
    """SVG, and where it is."""

    markup: str
    box: Box


def stroke(fields: Fields) -> Drawn | None:
    """A curve near the points: from the middle of two to the middle of the next two, each point pulling."""
    points = fields.get("points")
    if not isinstance(points, list) or len(points) < 2 or not all(map(is_number, points)):
        return None
    xs = [round(float(x), 1) for x in points[0 : len(points) // 2 * 2 : 2]]
    ys = [round(float(y), 1) for y in points[1::2]]
    box = Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
    return Drawn(f'<path d="{_curve(xs, ys)}" fill="none" {line(fields)}/>', box)


def highlighter(fields: Fields) -> Drawn | None:
    drawn = stroke(fields)
    if drawn is None:
        return None
    opacity = HIGHLIGHTER_OPACITY * number_or(fields, "opacity", 1, 0, 1)
    return Drawn(drawn.markup.replace("/>", f' stroke-opacity="{short(opacity)}"/>'), drawn.box)


def straight(fields: Fields) -> Drawn | None:
    ends = numbers(fields, "x1", "y1", "x2", "y2")
    if ends is None:
        return None
    x1, y1, x2, y2 = ends
    return Drawn(f'<path d="{_move(x1, y1)}{_line(x2, y2)}" fill="none" {line(fields)}/>', _between(*ends))


def arrow(fields: Fields) -> Drawn | None:
    ends = numbers(fields, "x1", "y1", "x2", "y2")
    if ends is None:
        return None
    x1, y1, x2, y2 = ends
    path = _move(x1, y1) + _line(x2, y2)
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    if length > 0:
        head = min(HEAD_LEAST + HEAD_WIDTHS * width(fields), HEAD_MOST * length) / length
        dx, dy = (x2 - x1) * head, (y2 - y1) * head
        aside = dy * HEAD_SLIM, -dx * HEAD_SLIM
        path += _move(x2 - dx + aside[0], y2 - dy + aside[1]) + _line(x2, y2)
        path += _line(x2 - dx - aside[0], y2 - dy - aside[1])
    return Drawn(f'<path d="{path}" fill="none" {line(fields)}/>', _between(*ends))


def line(fields: Fields) -> str:
    """Attributes of a line: ends and corners are round in the whole picture."""
    return f'stroke="{color(fields)}" stroke-width="{short(width(fields))}"'


def _curve(xs: list[float], ys: list[float]) -> str:
    """As quadratic curves. `T` mirrors the control point, which gives the next point of the stroke: points have one
    decimal, so the middles between them have two, and nothing is lost by rounding."""
    if len(xs) == 1:
        return _move(xs[0], ys[0]) + _line(xs[0] + 0.01, ys[0])
    path = [_move(xs[0], ys[0])]
    for i in range(1, len(xs) - 1):
        middle = f"{short((xs[i] + xs[i + 1]) / 2)} {short((ys[i] + ys[i + 1]) / 2)}"
        path.append(f"T{middle}" if i > 1 else f"Q{short(xs[i])} {short(ys[i])} {middle}")
    path.append(_line(xs[-1], ys[-1]))
    return "".join(path)


def _between(x1: float, y1: float, x2: float, y2: float) -> Box:
    return Box(min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1))


def _move(x: float, y: float) -> str:
    return f"M{short(x)} {short(y)}"


def _line(x: float, y: float) -> str:
    return f"L{short(x)} {short(y)}"
