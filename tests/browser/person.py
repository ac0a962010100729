"""Somebody in front of a page: what they do, and what they see."""

import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Locator, Page, expect

from tests.browser.mails import link_to
from tests.long import IS_LONG

PASSWORD = "correct horse battery staple"
PATIENCE_MS = 20_000

expect.set_options(timeout=PATIENCE_MS)

# Keeps every peer connection that the page makes, for `pictures_decoded`.
KEEP_CALLS = """
window.calls = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...how) { super(...how); window.calls.push(this); }
};
"""
PICTURES_DECODED = """
async () => {
  let decoded = 0;
  for (const call of window.calls) {
    if (call.connectionState !== "connected") continue;
    for (const report of (await call.getStats()).values())
      if (report.type === "inbound-rtp" && report.kind === "video") decoded += report.framesDecoded ?? 0;
  }
  return decoded;
}
"""
INK_AT = """
([x, y]) => {
  const paper = document.querySelector(".paper"), canvas = paper.querySelector("canvas.base");
  const [left0, top0, width, height] = (paper.dataset.view ?? "0 0 1 1").split(" ").map(Number);
  const size = 9, ratio = canvas.width / paper.clientWidth;
  const left = Math.round((left0 + x * width) * ratio) - 4, top = Math.round((top0 + y * height) * ratio) - 4;
  const { data } = canvas.getContext("2d").getImageData(left, top, size, size);
  return data.some((value, at) => at % 4 === 3 && value > 0);
}
"""
COLOR_AT = """
([[x, y], wanted]) => {
  const paper = document.querySelector(".paper"), canvas = paper.querySelector("canvas.base");
  const [left, top, width, height] = (paper.dataset.view ?? "0 0 1 1").split(" ").map(Number);
  const ratio = canvas.width / paper.clientWidth;
  const place = [left + x * width, top + y * height].map((value) => Math.round(value * ratio));
  const found = canvas.getContext("2d").getImageData(...place, 1, 1).data;
  return wanted.every((value, at) => Math.abs(value - found[at]) < 12);
}
"""
# The browser's own lines for what the page expects: nobody is signed in, a door is shut, a file is refused, the server
# was stopped, the line is cut.
EXPECTED = re.compile(
    r"status of (401|403|404|409|410|413|422)|WebSocket connection to .* failed|ERR_INTERNET_DISCONNECTED"
    r"|WebSocket is already in CLOSING or CLOSED state"
)

CONNECTED = re.compile("^(online|recovered|renewed)$")

Point = tuple[float, float]


class Person:
    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        self.email = f"{secrets.token_hex(6)}@example.org"
        """Nobody else's on a server that tests share."""
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        """Kinds of the browser's own that came up; whatever they ask, the answer is yes."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", self._on_dialog)

    @classmethod
    async def open(cls, context: BrowserContext, name: str) -> Self:
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.add_init_script(KEEP_CALLS)
        return cls(page, name)

    # --- the account

    async def sign_up(self, mails: Path) -> None:
        """Make an account, and confirm the address with the link in the mail."""
        await self.page.goto("/#signup")
        await self.page.get_by_label("Your name").fill(self.name)
        await self.page.get_by_label("E-mail address").fill(self.email)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.press("Make an account")
        await expect(self.page.get_by_role("heading", name="Check your mail")).to_be_visible()
        await self.page.goto(await link_to(self.email, mails))
        await self.press("Confirm")
        await expect(self.page.get_by_role("heading", name="Your address is confirmed")).to_be_visible()

    async def sign_in(self) -> None:
        await self.page.goto("/#signin")
        await self.page.get_by_label("E-mail address").fill(self.email)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.press("Sign in")
        await expect(self.page.get_by_role("heading", name="Hello")).to_be_visible()

    # --- the meeting

    async def create_meeting(self, title: str) -> str:
        """Make a meeting, which leads to its door. Returns its link."""
        await self.page.goto("/")
        await self.page.get_by_label("What is it about?").fill(title)
        await self.press("New meeting")
        await expect(self.page.get_by_role("button", name="Join the meeting")).to_be_visible()
        return self.page.url

    async def join(self, link: str, *, as_guest: bool = False) -> None:
        if self.page.url != link:
            await self.page.goto(link)
        if as_guest:
            await self.page.get_by_label("Your name").fill(self.name)
        await self.press("Join the meeting")
        await expect(self.page.locator(".tile.self")).to_be_visible()

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click()

    async def say(self, text: str) -> None:
        if not await self.page.locator(".chat").is_visible():
            await self.page.locator("[data-tool=chat]").click()
        await self.page.get_by_label("Message to everybody").fill(text)
        await self.press("Send")

    async def open_board(self) -> None:
        await self.page.locator("[data-tool=board]").click()
        await expect(self.page.locator(".paper")).to_be_visible()

    async def on_board(self, points: Sequence[Point]) -> list[Point]:
        """Where parts (0 to 1) of the board's width and height are in the window."""
        paper = self.page.locator(".paper").first
        await expect(paper).to_have_attribute("data-view", re.compile(r"\d"))
        box, view = await paper.bounding_box(), await paper.get_attribute("data-view")
        assert box is not None, "the board is not open"
        assert view is not None
        left, top, width, height = map(float, view.split())
        return [(box["x"] + left + x * width, box["y"] + top + y * height) for x, y in points]

    async def take_tool(self, name: str) -> None:
        await self.page.get_by_role("radio", name=name, exact=True).check()

    async def draw(self, points: Sequence[Point]) -> None:
        """With the tool in hand: down at the first of these parts (0 to 1) of the board, up at the last."""
        on_page = await self.on_board(points)
        await self.page.mouse.move(*on_page[0])
        await self.page.mouse.down()
        for x, y in on_page[1:]:
            await self.page.mouse.move(x, y, steps=5)
        await self.page.mouse.up()

    # --- what is seen

    def tile_of(self, name: str) -> Locator:
        return self.page.locator(".tile", has=self.page.locator(".name", has_text=name))

    async def sees_message(self, text: str) -> None:
        """Once, as sent: not doubled, and not one's own still on its way."""
        await expect(self.page.locator(".message:not(.pending) .text").get_by_text(text, exact=True)).to_have_count(1)

    async def sees_strokes(self, count: int) -> None:
        await expect(self.page.locator(".paper")).to_have_attribute("data-elements", str(count))

    async def sees_ink(self, point: Point) -> None:
        await self.page.wait_for_function(INK_AT, arg=list(point))

    async def sees_color(self, point: Point, color: tuple[int, int, int]) -> None:
        """There on the board, or nearly that colour, as pictures are that were made smaller."""
        await self.page.wait_for_function(COLOR_AT, arg=[list(point), list(color)])

    async def sees_moving_pictures(self) -> None:
        """Pictures of others are decoded, and go on being decoded."""
        before = int(await self.page.evaluate(PICTURES_DECODED))
        script = f"async (before) => (await ({PICTURES_DECODED})()) > before + 10"
        await self.page.wait_for_function(script, arg=before)

    async def is_told(self, state: str) -> None:
        """The line over the room says `state`."""
        await expect(self.page.locator(".banner")).to_have_attribute("data-state", state)

    async def is_connected(self) -> None:
        """Whatever else the line says of how it was regained, which it does for a few seconds."""
        await expect(self.page.locator(".banner")).to_have_attribute("data-state", CONNECTED)

    async def was_told_that_nothing_is_lost(self) -> None:
        await expect(self.page.locator(".banner")).to_have_attribute("data-recoveries", re.compile(r"[1-9]"))

    async def take_picture(self, file: Path) -> None:
        """For people to look at: only in the long run."""
        if not IS_LONG:
            return
        await self.page.bring_to_front()  # of a page behind another one it takes seconds
        await self.page.screenshot(path=file)

    async def _on_dialog(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self.complaints.append(f"a dialog: {dialog.message}")
        self.dialogs.append(dialog.type)
        await dialog.accept()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            self.complaints.append(message.text)
