"""Pictures on the board: brought by hand, seen by everybody, of one shape, and a frame when their file is gone."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from meetserver import limits
from meetserver.client import Api, RoomClient
from meetserver.whiteboard.messages import Apply, Put
from tests.browser.conftest import Invite
from tests.browser.person import Person
from tests.browser.test_board import given_a_board
from tests.browser.test_files import GIVE, file_in, given_file, open_files, picture
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

RED, BLUE, FRAME = (224, 49, 49), (59, 91, 219), (241, 243, 245)


async def test_pictures_on_the_board(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada, grace = await given_a_board(server, person)
    async with ada.page.expect_file_chooser() as chooser:
        await ada.press("Add a picture")
    await (await chooser.value).set_files(given_file("A cat.png", picture("#e03131", (400, 200)), "image/png"))

    await grace.sees_strokes(1)
    for one in (ada, grace):
        await one.sees_color((0.6, 0.55), RED)

    # By a corner, and not by a side: it keeps its shape.
    await ada.draw([(0.625, 0.611), (0.75, 0.65)])
    await grace.sees_color((0.74, 0.71), RED)
    await ada.press("Describe the picture")
    await ada.page.get_by_label("What it shows").fill("A red cat")
    await ada.press("Save")
    await ada.take_picture(artifacts / "board-picture-desktop.png")

    # By hand of a guest: pictures come onto the board, what is none goes to the files.
    latin = picture("#3b5bdb", (300, 300)).decode("latin-1")
    await grace.page.locator(".paper").evaluate(GIVE, ["paste", "clipboardData", "image.png", "image/png", latin])
    await ada.sees_color((0.5, 0.6), BLUE)
    await grace.page.locator(".paper").evaluate(GIVE, ["drop", "dataTransfer", "plan.txt", "text/plain", "a plan"])
    files = grace.page.locator("#panel-files")
    await expect(file_in(files, "plan.txt")).to_be_visible()

    # The file goes, and a frame with what it showed stands there for who comes then.
    files = await open_files(ada)
    await file_in(files, "A cat.png").get_by_role("button", name="Delete A cat.png").click()
    await ada.page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(file_in(files, "A cat.png")).to_have_count(0)
    await fill_another_page(server, ada)
    cache = await grace.page.context.new_cdp_session(grace.page)
    await cache.send("Network.clearBrowserCache")  # as somebody who never saw it
    await grace.page.reload()
    await expect(grace.page.locator(".tile.self")).to_be_visible()
    await grace.open_board()
    await grace.sees_strokes(2)
    await grace.sees_color((0.4, 0.45), FRAME)
    await grace.sees_color((0.5, 0.6), BLUE)
    await grace.page.locator(".paper").press(".")
    await expect(grace.page.locator("#announcer")).to_have_text("Image, A red cat, 1 of 2")
    await grace.take_picture(artifacts / "board-picture-gone.png")


async def fill_another_page(server: MeetServer, host: Person) -> None:
    """So that the whole board does not fit a frame, and who comes fetches it."""
    large = {"kind": "text", "x": 0, "y": 0, "text": "x" * (limits.BOARD_ELEMENT_BYTES - 100)}
    meeting = host.page.url.rpartition("/")[2]
    async with Api(server.base_url) as api, RoomClient.join(await api.join(meeting, name="Bot")) as bot:
        for number in range(limits.SNAPSHOT_BYTES // limits.BOARD_ELEMENT_BYTES + 1):
            await bot.send(Apply([Put(str(number), large)], "full"))
