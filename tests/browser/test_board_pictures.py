"""The board's PNG is what a browser makes of its SVG."""

import io
import json

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import Browser

from meetserver.adapters.boards import TypstBoards
from meetserver.ports import Drawing

ELEMENTS = [
    {"kind": "stroke", "points": [100, 100, 150, 150, 200, 100, 260, 180, 300, 120], "color": "#d6336c", "width": 9},
    {"kind": "highlighter", "points": [100, 250, 300, 260, 500, 250], "color": "#ffd43b", "width": 40},
    {"kind": "arrow", "x1": 100, "y1": 350, "x2": 400, "y2": 400, "color": "#1c7ed6", "width": 6},
    {"kind": "rectangle", "x": 500, "y": 100, "w": 200, "h": 120, "color": "#2b8a3e", "fill": "#b2f2bb", "angle": 15},
    {"kind": "ellipse", "x": 750, "y": 100, "w": 200, "h": 120, "color": "#2b8a3e", "width": 4, "opacity": 0.5},
    {"kind": "diamond", "x": 1000, "y": 100, "w": 200, "h": 120, "color": "#7048e8", "fill": "#e5dbff"},
    {"kind": "text", "x": 500, "y": 300, "text": "Hello <b>you</b> & Grüße,\nсколько", "size": 32},
    {"kind": "note", "x": 1000, "y": 300, "w": 240, "h": 200, "text": "A note with words that wrap", "angle": -4},
    {"kind": "image", "x": 1300, "y": 100, "w": 200, "h": 150, "file": "none", "alt": "a cat"},
]


@pytest.mark.browser
async def test_png_and_browser_agree(browser: Browser) -> None:
    shown = [{"id": str(z), "element": element, "z": z} for z, element in enumerate(ELEMENTS)]
    drawing, boards = Drawing(json.dumps(shown).encode(), background="grid"), TypstBoards()
    (svg,) = await boards.svg([drawing])
    png = Image.open(io.BytesIO(await boards.png(drawing))).convert("RGB")
    page = await browser.new_page(viewport={"width": 1600, "height": 900}, device_scale_factor=2)
    await page.set_content(f"<style>*{{margin:0}}svg{{display:block}}</style>{svg.decode()}")
    theirs = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    await page.close()
    assert theirs.size == png.size
    off = ImageStat.Stat(ImageChops.difference(png, theirs)).mean
    blank = ImageStat.Stat(ImageChops.difference(Image.new("RGB", png.size, "#fff"), theirs)).mean
    assert max(off) < 1.5, f"of 255; an empty page is {blank} off"
    assert max(blank) > 8
