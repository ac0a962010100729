"""Shapes and images."""

from collections.abc import Mapping

from meetserver.whiteboard.render.fields import Box, Fields, box, color_of, text_of
from meetserver.whiteboard.render.lettering import shortened
from meetserver.whiteboard.render.markup import escaped, short
from meetserver.whiteboard.render.strokes import Drawn, line

FRAME = "#868e96"
FRAMED = "#f1f3f5"
"""What stands for an image that cannot be had, …"""
ALT_SIZE = 16
ALT_CHARS = 60
"""… and what is said of it there."""


def rectangle(fields: Fields) -> Drawn | None:
    where = box(fields)
    if where is None:
        return None
    return Drawn(_flat(where, fields) or f"<rect {_place(where)} {_painted(fields)}/>", where)


def ellipse(fields: Fields) -> Drawn | None:
    where = box(fields)
    if where is None:
        return None
    (x, y), rx, ry = where.center, where.w / 2, where.h / 2
    place = f'cx="{short(x)}" cy="{short(y)}" rx="{short(rx)}" ry="{short(ry)}"'
    return Drawn(_flat(where, fields) or f"<ellipse {place} {_painted(fields)}/>", where)


def diamond(fields: Fields) -> Drawn | None:
    where = box(fields)
    if where is None:
        return None
    x, y = where.center
    corners = ((x, where.y), (where.x + where.w, y), (x, where.y + where.h), (where.x, y))
    path = "L".join(f"{short(cx)} {short(cy)}" for cx, cy in corners)
    return Drawn(f'<path d="M{path}Z" {_painted(fields)}/>', where)


def image(fields: Fields, images: Mapping[str, str]) -> Drawn | None:
    """`images`: data: URIs by the ids of files; an image that is not among them gets a frame with its name."""
    where = box(fields)
    if where is None:
        return None
    found = images.get(text_of(fields, "file"))
    if found is not None:
        shown = f'<image {_place(where)} preserveAspectRatio="none" href="{escaped(found)}"/>'
        return Drawn(shown, where)
    frame = f'<rect {_place(where)} fill="{FRAMED}" stroke="{FRAME}" stroke-width="2" stroke-dasharray="8 6"/>'
    x, y = where.center
    name = escaped(shortened(text_of(fields, "alt")[:ALT_CHARS], where.w / ALT_SIZE))
    how = f'font-size="{ALT_SIZE}" fill="{FRAME}" text-anchor="middle"'
    called = f'<text x="{short(x)}" y="{short(y)}" {how}>{name}</text>'
    return Drawn(frame + (called if name else ""), where)


def _place(where: Box) -> str:
    return f'x="{short(where.x)}" y="{short(where.y)}" width="{short(where.w)}" height="{short(where.h)}"'


def _flat(where: Box, fields: Fields) -> str:
    """What has only a width, or only a height, is a line; as a shape SVG would not show it. Empty: it has both."""
    x, y, w, h = where
    if bool(w) == bool(h):
        return ""
    return f'<path d="M{short(x)} {short(y)}L{short(x + w)} {short(y + h)}" fill="none" {line(fields)}/>'


def _painted(fields: Fields) -> str:
    return f'fill="{color_of(fields.get("fill"), "none")}" {line(fields)}'
