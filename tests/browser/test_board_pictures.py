"""A board with elements of all kinds looks alike wherever it is drawn: by the web client, and in the server's SVG, PNG
and PDF."""

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typst
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import Browser, expect

from meetserver.client import Api, RoomClient
from meetserver.whiteboard.messages import FIRST_PAGE, HEIGHT, WIDTH, Apply, ChangePage, Put
from tests.browser.conftest import Invite
from tests.browser.person import Person
from tests.browser.test_board import given_a_board
from tests.browser.test_files import picture
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

OFF_AT_MOST = 1.0
"""Of 255, on average of the page: edges of lines and letters come to 0.2 in SVG, to 0.6 in PNG and PDF."""
OFF_IN_PLACE = 0.25
"""Where an element stands: as a part of what an empty page would be off there, …"""
OFF_IN_TEXT = 0.6
"""… and where letters are of another font: 0.45."""

ELEMENTS: list[dict[str, Any]] = [
    {"kind": "stroke", "points": [100, 100, 150, 150, 200, 100, 260, 180, 300, 120], "color": "#d6336c", "width": 9},
    {"kind": "stroke", "points": [350, 150], "color": "#1c7ed6", "width": 40},
    {"kind": "highlighter", "points": [100, 250, 300, 260, 440, 250], "color": "#ffd43b", "width": 40},
    {"kind": "line", "x1": 100, "y1": 330, "x2": 440, "y2": 300, "color": "#7048e8", "width": 5},
    {"kind": "arrow", "x1": 100, "y1": 370, "x2": 400, "y2": 420, "color": "#1c7ed6", "width": 6},
    {"kind": "rectangle", "x": 500, "y": 100, "w": 200, "h": 120, "color": "#2b8a3e", "fill": "#b2f2bb", "angle": 15},
    {"kind": "ellipse", "x": 750, "y": 100, "w": 200, "h": 120, "color": "#2b8a3e", "width": 4, "opacity": 0.5},
    {"kind": "diamond", "x": 1000, "y": 100, "w": 200, "h": 120, "color": "#7048e8", "fill": "#e5dbff"},
    {"kind": "text", "x": 500, "y": 300, "text": "Hello <b>you</b> & Grüße,\nсколько", "size": 32},
    {"kind": "text", "x": 500, "y": 450, "w": 300, "text": "in the\nmiddle", "align": "center", "color": "#d6336c"},
    {"kind": "note", "x": 1000, "y": 300, "w": 240, "h": 200, "text": "A note", "angle": -4},
    {"kind": "image", "x": 1300, "y": 100, "w": 200, "h": 150, "file": "none", "alt": "a cat"},
]
IMAGE = {"kind": "image", "x": 1300, "y": 300, "w": 240, "h": 150, "angle": 10}

BRING = """
async ([path, content]) => {
  const { csrf_token } = await (await fetch("/api/v1/auth/csrf")).json();
  const body = new FormData();
  body.append("file", new File([Uint8Array.from(atob(content), (one) => one.charCodeAt(0))], "dog.png"));
  const headers = { "X-CSRF-Token": csrf_token };
  return (await (await fetch(path, { method: "POST", headers, body })).json()).id;
}
"""
SHOWN = """
() => {
  const paper = document.querySelector(".paper"), [ground, base] = paper.querySelectorAll("canvas");
  const [left, top, width, height] = paper.dataset.view.split(" ").map(Number);
  const whole = document.createElement("canvas");
  Object.assign(whole, { width: Math.round(width), height: Math.round(height) });
  for (const one of [ground, base]) whole.getContext("2d").drawImage(one, -Math.round(left), -Math.round(top));
  return whole.toDataURL().split(",")[1];
}
"""


async def test_pictures_look_as_the_board_does(
    server: MeetServer, person: Invite, browser: Browser, artifacts: Path, tmp_path: Path
) -> None:
    ada, _ = await given_a_board(server, person)
    meeting = ada.page.url.rpartition("/")[2]
    path = f"/api/v1/meetings/{meeting}"
    content = base64.b64encode(picture("#3b5bdb", (480, 300))).decode()
    elements = [*ELEMENTS, IMAGE | {"file": await ada.page.evaluate(BRING, [f"{path}/files", content])}]
    async with Api(server.base_url) as api, RoomClient.join(await api.join(meeting, name="Bot")) as bot:
        await bot.send(ChangePage(FIRST_PAGE, background="grid"))
        await bot.send(Apply([Put(str(number), element) for number, element in enumerate(elements)]))
        await ada.sees_strokes(len(elements))
        shown = await _as_shown(ada, artifacts)
        svg, png, pdf = [
            await (await ada.page.request.get(f"{path}/whiteboard.{ending}")).body() for ending in ("svg", "png", "pdf")
        ]

    pictures = {
        "svg": await _in_browser(browser, svg, shown.size),
        "png": Image.open(io.BytesIO(png)),
        "pdf": _drawn(pdf, tmp_path),
    }
    blank = Image.new("RGB", shown.size, "#fff")
    for form, made in pictures.items():
        other = made.convert("RGB").resize(shown.size, Image.Resampling.BOX)
        assert _off(shown, other) < OFF_AT_MOST, form
        for element in elements:
            place = _place(element, shown.width / WIDTH)
            off, nothing = _off(shown, other, place), _off(shown, blank, place)
            most = OFF_IN_TEXT if element["kind"] == "text" else OFF_IN_PLACE
            assert off < most * nothing, (form, element, off, nothing)


async def _as_shown(one: Person, artifacts: Path) -> Image.Image:
    """The page on the client's canvases, once the picture on it has come."""
    await expect(one.page.locator(".paper")).to_have_attribute("data-painted", "true")
    blue = [(IMAGE["x"] + IMAGE["w"] * 0.8) / WIDTH, (IMAGE["y"] + IMAGE["h"] * 0.8) / HEIGHT]  # type: ignore[operator]
    await one.sees_color((blue[0], blue[1]), (59, 91, 219))
    await one.take_picture(artifacts / "board-all-kinds.png")
    return Image.open(io.BytesIO(base64.b64decode(await one.page.evaluate(SHOWN)))).convert("RGB")


async def _in_browser(browser: Browser, svg: bytes, size: tuple[int, int]) -> Image.Image:
    page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"
    style = "margin: 0; display: block"
    await page.set_content(
        f'<body style="{style}"><img style="{style}" width={size[0]} height={size[1]} src="{source}">'
    )
    await page.wait_for_function("document.images[0].complete && document.images[0].naturalWidth > 0")
    shot = await page.screenshot()
    await page.close()
    return Image.open(io.BytesIO(shot))


def _drawn(pdf: bytes, folder: Path) -> Image.Image:
    """Typst shows pictures that are PDFs."""
    (folder / "board.pdf").write_bytes(pdf)
    page = f'#page(width: {WIDTH}pt, height: {HEIGHT}pt, margin: 0pt)[#image("board.pdf", width: 100%, height: 100%)]'
    (folder / "board.typ").write_text(page)
    drawn = typst.compile(str(folder / "board.typ"), format="png", ppi=72)
    assert isinstance(drawn, bytes)
    return Image.open(io.BytesIO(drawn))


def _place(element: Mapping[str, Any], scale: float) -> tuple[int, int, int, int]:
    """About where it stands, in pixels."""
    if "points" in element or "x1" in element:
        points = element.get("points") or [element[name] for name in ("x1", "y1", "x2", "y2")]
        left, top, right, bottom = min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2])
    else:
        left, top = element["x"], element["y"]
        right, bottom = left + element.get("w", 200), top + element.get("h", 80)
    return tuple(round(scale * value) for value in (left - 20, top - 20, right + 20, bottom + 20))


def _off(one: Image.Image, other: Image.Image, place: tuple[int, int, int, int] | None = None) -> float:
    """How much they differ there, of 255."""
    means = ImageStat.Stat(ImageChops.difference(one.crop(place), other.crop(place))).mean
    return sum(means) / len(means)
