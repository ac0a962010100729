"""A full board in a browser (Chromium, without a graphics card): how long who joins waits for it, how smoothly it
moves, how soon a change is seen, and what it needs.

    .venv/bin/python -m bench.board_client [elements]

Times between two frames are those of the page; 16.7 ms is all that a screen can show.
"""

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from statistics import median, quantiles
from typing import Any, Final

from playwright.async_api import Page, async_playwright

from meetserver.client import Api, CommandRefused, RoomClient
from meetserver.whiteboard.messages import HEIGHT, WIDTH, Apply, Put
from tests.browser.conftest import ARGUMENTS, DESKTOP, NO_CAMERA
from tests.servers.meetserver import MeetServer
from tests.servers.tools import need

ELEMENTS: Final = 50_000
AT_ONCE: Final = 60
"""Strokes in one command, which has at most 64 KiB, …"""
BOTS: Final = 12
"""… and who draws them."""
PAUSE_S: Final = 0.5
PATIENCE_MS: Final = 120_000
PASSWORD: Final = "correct horse battery staple"

PAINTED: Final = "() => document.querySelector('.paper').dataset.painted === 'true'"
INK: Final = """
() => {
  const { width, height } = document.querySelector(".paper canvas.base");
  const context = document.querySelector(".paper canvas.base").getContext("2d");
  return width > 0 && context.getImageData(0, 0, width, height).data.some((value) => value > 0);
}
"""
# Turns the wheel once a frame, there and back, and says how long each frame took.
TURN: Final = """
async ([frames, deltaX, deltaY, ctrlKey]) => {
  const paper = document.querySelector(".paper"), { left, top, width, height } = paper.getBoundingClientRect();
  const where = { clientX: left + width / 2, clientY: top + height / 2, bubbles: true, cancelable: true, ctrlKey };
  const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
  const times = [];
  let last = await frame();
  for (let number = 0; number < frames; number += 1) {
    const sign = number < frames / 2 ? 1 : -1;
    paper.dispatchEvent(new WheelEvent("wheel", { ...where, deltaX: sign * deltaX, deltaY: sign * deltaY }));
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  return times;
}
"""
# Times between frames while a test draws.
WATCH: Final = """
() => {
  window.frames_ms = [];
  let last = performance.now();
  const note = (now) => {
    window.frames_ms.push(now - last);
    last = now;
    if (window.frames_ms.length < 100_000) requestAnimationFrame(note);
  };
  requestAnimationFrame(note);
}
"""


def strokes(count: int, seed: int = 1) -> Iterator[Put]:
    """Of a pen: from 6 to 54 points, a few units apart."""
    chance = random.Random(seed)
    for number in range(count):
        x, y, dx, dy = chance.uniform(0, WIDTH), chance.uniform(0, HEIGHT), chance.uniform(-6, 6), chance.uniform(-6, 6)
        points: list[Any] = []
        for _ in range(chance.randint(6, 54)):
            points += [round(x, 1), round(y, 1)]
            dx, dy = dx + chance.uniform(-2, 2), dy + chance.uniform(-2, 2)
            x, y = x + dx, y + dy
        yield Put(f"{number}", {"kind": "stroke", "points": points, "color": "#1c2033", "width": 3})


async def fill(api: Api, meeting: str, elements: int) -> None:
    """By several, since one alone is held back as too quick."""
    ops = list(strokes(elements))
    commands = [Apply([*ops[start : start + AT_ONCE]]) for start in range(0, elements, AT_ONCE)]

    async def draw(some: list[Apply]) -> None:
        async with RoomClient.join(await api.join(meeting, name="Bot")) as bot:
            for command in some:
                await _sent(bot, command)

    async with asyncio.TaskGroup() as group:
        for number in range(BOTS):
            group.create_task(draw(commands[number::BOTS]))


async def _sent(bot: RoomClient, command: Apply) -> None:
    while True:
        try:
            await bot.send(command)
        except CommandRefused as error:
            if not error.refusal.temporary:
                raise
            await asyncio.sleep(PAUSE_S)
        else:
            return


class Look:
    """Somebody who looks at the board; prints what they have to wait for."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def join(self, link: str, elements: int) -> None:
        page = self._page
        await page.goto(link)
        await page.get_by_label("Your name").fill("Grace")
        begin = time.perf_counter()
        await page.get_by_role("button", name="Join the meeting").click()
        await page.wait_for_selector(f".paper[data-elements='{elements}']", state="attached", timeout=PATIENCE_MS)
        told("join until all is here", since(begin))
        begin = time.perf_counter()
        await page.locator("[data-tool=board]").click()
        await page.wait_for_function(INK, timeout=PATIENCE_MS)
        told("board opened until something is seen", since(begin))
        await self._painted("board opened until all is drawn", begin)

    async def move(self) -> None:
        for name, how in (("zoom at the whole page", [60, 0, -30, True]), ("zoom in", [8, 0, -90, True])):
            begin = time.perf_counter()
            told_frames(name, await self._page.evaluate(TURN, how))
            await self._painted(f"{name}: all is drawn after", begin)
        for _ in range(8):
            await self._page.get_by_role("button", name="Larger", exact=True).click()
        await self._painted()
        told_frames("pan, six times as large", await self._page.evaluate(TURN, [120, 14, 9, False]))
        await self._page.get_by_role("button", name="Show the whole page").click()
        await self._painted()

    async def draw(self) -> None:
        page = self._page
        box = await page.locator(".paper").bounding_box()
        assert box is not None
        await page.evaluate(WATCH)
        await self._drag("Pen", box)
        told_frames("drawing a stroke", await page.evaluate("window.frames_ms.splice(0)"))
        begin = time.perf_counter()
        await self._drag("Eraser: takes whole elements away", box)
        told_frames("erasing across the page", await page.evaluate("window.frames_ms.splice(0)"))
        await self._painted("erased: all is drawn after", begin)

    async def _drag(self, tool: str, box: Any) -> None:
        page = self._page
        await page.get_by_role("radio", name=tool).check()
        await page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=60)
        await page.mouse.up()

    async def memory(self) -> None:
        devtools = await self._page.context.new_cdp_session(self._page)
        await devtools.send("HeapProfiler.collectGarbage")
        heap = await devtools.send("Runtime.getHeapUsage")
        print(f"{'JavaScript heap':42}{heap['usedSize'] / 1e6:8.1f} MB")

    async def _painted(self, name: str = "", begin: float = 0.0) -> None:
        await self._page.wait_for_function(PAINTED, timeout=PATIENCE_MS)
        if name:
            told(name, since(begin))


def since(begin: float) -> float:
    return (time.perf_counter() - begin) * 1000


def told(name: str, ms: float) -> None:
    print(f"{name:42}{ms:8.0f} ms", flush=True)


def told_frames(name: str, times_ms: list[float]) -> None:
    p95 = quantiles(times_ms, n=20)[-1]
    print(f"{name:42}{median(times_ms):8.1f} ms a frame, p95 {p95:.1f}, most {max(times_ms):.1f}", flush=True)


async def main(elements: int) -> None:
    with MeetServer(settings={"MEET_RATE_FACTOR": "0"}) as server:
        async with Api(server.base_url) as api:
            await api.register("host@example.org", PASSWORD, "Host")
            await api.login("host@example.org", PASSWORD)
            meeting = await api.create_meeting("Bench")
        async with Api(server.base_url) as guest:
            await fill(guest, meeting.id, elements)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=need("chromium"), args=ARGUMENTS)
            page = await browser.new_page(viewport=DESKTOP)
            await page.add_init_script(NO_CAMERA)
            look = Look(page)
            await look.join(f"{server.base_url}/m/{meeting.id}", elements)
            await look.move()
            await look.draw()
            await look.memory()
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else ELEMENTS))
