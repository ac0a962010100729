"""Fields of an element, which outside clients fill as they like: what is not sound is as if it were not there."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

from meetserver.messages import Json

Fields: TypeAlias = Mapping[str, Json]

FAR: Final = 1e6
"""No coordinate is farther out."""
MAX_WIDTH: Final = 80.0
INK: Final = "#1c2033"

_COLOR = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)


class Box(NamedTuple):
    """Where something stands; neither `w` nor `h` is negative."""

    x: float
    y: float
    w: float
    h: float

    @property
    def center(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2


def is_number(value: Json) -> bool:
    """Finite, and not too far out; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -FAR <= value <= FAR


def number(fields: Fields, name: str) -> float | None:
    value = fields.get(name)
    return float(value) if is_number(value) else None  # type: ignore[arg-type]


def number_or(fields: Fields, name: str, default: float, lowest: float, highest: float) -> float:
    """Within these bounds."""
    value = number(fields, name)
    return default if value is None else min(highest, max(lowest, value))


def numbers(fields: Fields, *names: str) -> tuple[float, ...] | None:
    """All of them, or none."""
    found = tuple(float(value) for value in map(fields.get, names) if is_number(value))  # type: ignore[arg-type]
    return found if len(found) == len(names) else None


def text_of(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def color_of(value: Json, default: str = INK) -> str:
    return value if isinstance(value, str) and _COLOR.fullmatch(value) else default


def color(fields: Fields, default: str = INK) -> str:
    return color_of(fields.get("color"), default)


def width(fields: Fields) -> float:
    """Of a line."""
    return number_or(fields, "width", 3, 1, MAX_WIDTH)


def box(fields: Fields) -> Box | None:
    found = numbers(fields, "x", "y", "w", "h")
    if found is None:
        return None
    x, y, w, h = found
    return Box(min(x, x + w), min(y, y + h), abs(w), abs(h))
