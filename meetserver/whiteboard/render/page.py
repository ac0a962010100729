"""A page as one SVG, which looks as the web client draws it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from meetserver.ports import Drawing
from meetserver.whiteboard.render.fields import Fields, color_of, number_or
from meetserver.whiteboard.render.lettering import lettering, note
from meetserver.whiteboard.render.markup import escaped, short
from meetserver.whiteboard.render.shapes import diamond, ellipse, image, rectangle
from meetserver.whiteboard.render.strokes import Drawn, arrow, highlighter, straight, stroke

PAPER: Final = "#ffffff"
FONTS: Final = "system-ui, 'DejaVu Sans', 'Noto Sans', 'Liberation Sans', Arial, sans-serif"
RULED: Final = "#dee2e6"
STEP: Final = 40
"""Between the lines of ruled paper, …"""
RULES: Final = 1000
"""… and how many there are at most, either way."""

_Draw = Callable[[Fields], Drawn | None]
_DRAWN: Final[Mapping[str, _Draw]] = {
    "stroke": stroke,
    "highlighter": highlighter,
    "line": straight,
    "arrow": arrow,
    "rectangle": rectangle,
    "ellipse": ellipse,
    "diamond": diamond,
    "text": lettering,
    "note": note,
}


class _Element(Struct):
    element: Raw


_elements = msgspec.json.Decoder(list[_Element])
_fields = msgspec.json.Decoder(dict[str, Any])


def svg(drawing: Drawing) -> str:
    """Valid XML, whatever the elements are: without scripts, and with nothing that is elsewhere."""
    w, h = drawing.width, drawing.height
    shown = "".join(element(_fields.decode(one.element), drawing.images) for one in _elements.decode(drawing.elements))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" '
        f'font-family="{FONTS}" stroke-linecap="round" stroke-linejoin="round">'
        f"<title>{escaped(drawing.title)}</title>{_paper(drawing)}{shown}</svg>"
    )


def element(fields: Fields, images: Mapping[str, str]) -> str:
    """Nothing for a kind that is not known, or fields without which it has no place."""
    kind = fields.get("kind")
    if kind == "image":
        drawn = image(fields, images)
    elif isinstance(kind, str) and kind in _DRAWN:
        drawn = _DRAWN[kind](fields)
    else:
        return ""
    return "" if drawn is None else _placed(fields, drawn)


def _placed(fields: Fields, drawn: Drawn) -> str:
    angle = number_or(fields, "angle", 0, -36000, 36000)
    opacity = number_or(fields, "opacity", 1, 0, 1)
    x, y = drawn.box.center
    how = f' transform="rotate({short(angle)} {short(x)} {short(y)})"' if angle else ""
    if opacity < 1 and fields.get("kind") == "image":
        how += f' opacity="{short(opacity)}"'
    elif opacity < 1:  # what is inside inherits it; as a group, what reaches far out would need very much memory
        how += f' fill-opacity="{short(opacity)}" stroke-opacity="{short(opacity)}"'
    return f"<g{how}>{drawn.markup}</g>" if how else drawn.markup


def _paper(drawing: Drawing) -> str:
    w, h, kind = drawing.width, drawing.height, drawing.background
    paper = f'<rect width="{w}" height="{h}" fill="{color_of(kind, PAPER)}"/>'
    rows, columns = (range(STEP, min(side, STEP * RULES), STEP) for side in (h, w))
    across = "".join(f"M0 {y}H{w}" for y in rows) if kind in {"lines", "grid"} else ""
    down = "".join(f"M{x} 0V{h}" for x in columns) if kind == "grid" else ""
    # A dash with round ends is a dot.
    dots = "".join(f"M{STEP} {y}H{w - 1}" for y in rows) if kind == "dots" and w > STEP + 1 else ""
    ruled = across + down + dots
    how = f'4" stroke-dasharray="0.01 {STEP - 0.01}' if dots else "1"
    return paper + (f'<path d="{ruled}" fill="none" stroke="{RULED}" stroke-width="{how}"/>' if ruled else "")
