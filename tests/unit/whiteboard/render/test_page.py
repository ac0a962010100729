"""A page as SVG: what it looks like, and that nothing in it is what somebody else wanted it to be."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from meetserver.ports import Drawing
from meetserver.whiteboard.render.page import svg

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "title", "rect", "path", "g", "text", "tspan", "ellipse", "image"}
EVIL = "\"'><script>alert(1)</script><image href='http://evil/x'/>&#x0;\0\x08\ufffe]]>"
IMAGE = "data:image/webp;base64,AAAA"


def drawn(*elements: Any, **sheet: Any) -> str:
    page = json.dumps([{"id": str(z), "element": element, "z": z} for z, element in enumerate(elements)])
    return svg(Drawing(page.encode(), **{"images": {"cat": IMAGE}, **sheet}))


def inside(*elements: Any) -> str:
    """What stands on the paper."""
    return drawn(*elements).partition('fill="#ffffff"/>')[2].removesuffix("</svg>")


LINE = 'stroke="#d6336c" stroke-width="4"'
INK: dict[str, Any] = {"color": "#d6336c", "width": 4}
BOX: dict[str, Any] = {"x": 10, "y": 20, "w": 100, "h": 50}


@pytest.mark.parametrize(
    ("element", "markup"),
    [
        ({"kind": "stroke", "points": [1, 2], **INK}, f'<path d="M1 2L1.01 2" fill="none" {LINE}/>'),
        (
            {"kind": "stroke", "points": [0, 0, 10, 0, 10, 10, 20, 10], **INK},
            f'<path d="M0 0Q10 0 10 5T15 10L20 10" fill="none" {LINE}/>',
        ),
        (
            {"kind": "highlighter", "points": [0, 0, 9.5, 0], **INK},
            f'<path d="M0 0L9.5 0" fill="none" {LINE} stroke-opacity="0.4"/>',
        ),
        ({"kind": "line", "x1": 0, "y1": 0, "x2": 5, "y2": 5, **INK}, f'<path d="M0 0L5 5" fill="none" {LINE}/>'),
        (
            {"kind": "arrow", "x1": 0, "y1": 0, "x2": 100, "y2": 0, **INK},
            f'<path d="M0 0L100 0M76 -12L100 0L76 12" fill="none" {LINE}/>',
        ),
        (
            {"kind": "rectangle", **BOX, **INK, "fill": "#fff"},
            f'<rect x="10" y="20" width="100" height="50" fill="#fff" {LINE}/>',
        ),
        # As lines: of this width or height SVG shows no shape.
        ({"kind": "rectangle", **BOX, "h": 0, **INK}, f'<path d="M10 20L110 20" fill="none" {LINE}/>'),
        ({"kind": "ellipse", **BOX, "w": 0, **INK}, f'<path d="M10 20L10 70" fill="none" {LINE}/>'),
        ({"kind": "ellipse", **BOX, **INK}, f'<ellipse cx="60" cy="45" rx="50" ry="25" fill="none" {LINE}/>'),
        ({"kind": "diamond", **BOX, **INK}, f'<path d="M60 20L110 45L60 70L10 45Z" fill="none" {LINE}/>'),
        (
            {"kind": "text", "x": 5, "y": 10, "text": "a < b\n\nc", "size": 20, "color": "#d6336c"},
            '<text xml:space="preserve" font-size="20" fill="#d6336c" text-anchor="start">'
            '<tspan x="5" y="30">a &lt; b</tspan><tspan x="5" y="82">c</tspan></text>',
        ),
        (
            {"kind": "note", "x": 0, "y": 0, "w": 128, "h": 70, "text": "one two three", "size": 20},
            '<rect x="0" y="0" width="128" height="70" rx="4" fill="#ffe066"/>'
            '<text xml:space="preserve" font-size="20" fill="#1c2033" text-anchor="start">'
            '<tspan x="14" y="34">one two</tspan></text>',
        ),
        (
            {"kind": "image", **BOX, "file": "cat"},
            f'<image x="10" y="20" width="100" height="50" preserveAspectRatio="none" href="{IMAGE}"/>',
        ),
        (
            {"kind": "line", "x1": 0, "y1": 0, "x2": 4, "y2": 8, **INK, "angle": 90, "opacity": 0.5, "locked": True},
            '<g transform="rotate(90 2 4)" fill-opacity="0.5" stroke-opacity="0.5">'
            f'<path d="M0 0L4 8" fill="none" {LINE}/></g>',
        ),
        (
            {"kind": "highlighter", "points": [0, 0, 9.5, 0], **INK, "opacity": 0.5},
            '<g fill-opacity="0.5" stroke-opacity="0.5">'
            f'<path d="M0 0L9.5 0" fill="none" {LINE} stroke-opacity="0.2"/></g>',
        ),
        (
            {"kind": "image", **BOX, "file": "cat", "opacity": 0.5},
            '<g opacity="0.5"><image x="10" y="20" width="100" height="50" preserveAspectRatio="none" '
            f'href="{IMAGE}"/></g>',
        ),
    ],
)
def test_each_kind(element: dict[str, Any], markup: str) -> None:
    assert inside(element) == markup


def test_an_image_that_cannot_be_had_has_a_frame_with_its_name() -> None:
    shown = inside({"kind": "image", **BOX, "file": "dog", "alt": "A <dog>"})
    assert 'stroke-dasharray="8 6"' in shown
    assert "A &lt;dog&gt;" in shown


def test_texts_are_broken_to_their_width_and_aligned() -> None:
    said = {
        "kind": "text",
        "x": 0,
        "y": 0,
        "w": 100,
        "size": 20,
        "text": "one two averyverylongword",
        "align": "center",
    }
    spans = [span.text or "" for span in ElementTree.fromstring(drawn(said)).iter(f"{SVG}tspan")]
    assert "".join(spans).replace(" ", "") == "onetwoaveryverylongword"
    assert len(spans) > 2
    assert {span.get("x") for span in ElementTree.fromstring(drawn(said)).iter(f"{SVG}tspan")} == {"50"}


@pytest.mark.parametrize(
    ("background", "paths"), [("", 0), ("#fffbe6", 0), ("lines", 1), ("grid", 1), ("dots", 1), (EVIL, 0), ("url(x)", 0)]
)
def test_papers(background: str, paths: int) -> None:
    page = ElementTree.fromstring(drawn(background=background, width=200, height=100))
    assert len(list(page.iter(f"{SVG}path"))) == paths
    assert (page.get("viewBox"), page.get("width")) == ("0 0 200 100", "200")


NUMBERS: list[Any] = [None, True, "1", [], {}, 1e300, -1e7, 10**400, EVIL]
POINTS: list[Any] = [None, "1234", [], [1], [1, EVIL], [[1, 2]], [True, False], {}]
HOSTILE: list[Any] = [
    *({"kind": "rectangle", **BOX, "x": value} for value in NUMBERS),
    *({"kind": "stroke", "points": points} for points in POINTS),
    *({"kind": "line", "x1": 0, "y1": 0, "x2": 5, "y2": value} for value in NUMBERS),
    *({"kind": kind} for kind in ("script", "foreignObject", "a", "use", EVIL, None, 1, ["text"], {"kind": "text"})),
    {"kind": "text", "x": 0, "y": 0, "text": {"toString": "x"}},
    {"kind": "text", "x": 0, "y": 0, "text": "  \n "},
    {"kind": "note", **BOX, "h": "much"},
    {"kind": "image", "file": "cat"},
    {},
]


def test_what_makes_no_sense_is_not_drawn() -> None:
    assert len(HOSTILE) >= 30
    for element in HOSTILE:
        assert inside(element) == "", element


SAID: list[Any] = [
    {"kind": "text", "x": 0, "y": 0, "text": EVIL, "size": EVIL, "align": EVIL, "color": EVIL},
    {"kind": "note", **BOX, "w": 900, "h": 900, "text": EVIL, "color": EVIL, "size": 10**400},
    {"kind": "image", **BOX, "alt": EVIL, "file": EVIL},
    {"kind": "image", **BOX, "file": ["cat"], "href": "http://evil/x"},
    {"kind": "image", **BOX, "file": "http://evil/x", "alt": 5},
    *(
        {"kind": "rectangle", **BOX, name: EVIL}
        for name in ("color", "fill", "width", "angle", "opacity", "style", "id")
    ),
    *(
        {"kind": "ellipse", **BOX, "fill": fill}
        for fill in ("url(http://evil/x)", "red", "#12", "#1c2033;x:y", "#fff\n", 5)
    ),
    {"kind": "stroke", "points": [1, 2, 3, 4], "width": -5, "opacity": -1, "angle": 1e5},
    {"kind": "text", "x": -1e6, "y": 1e6, "text": "\U000e0001\u202e\ud7ff", "w": 1e-9},
]


@pytest.mark.parametrize("element", SAID)
def test_what_is_drawn_is_ours_alone(element: dict[str, Any]) -> None:
    page = drawn(element, title=EVIL)
    for node in ElementTree.fromstring(page).iter():
        assert node.tag.removeprefix(SVG) in ALLOWED, node.tag
        for name, value in node.attrib.items():
            assert not name.startswith("on")
            assert "evil" not in value
            assert name != "href" or value == IMAGE
    assert "<script" not in page


def test_a_page_of_nothing() -> None:
    assert inside() == ""
