"""A meeting's files in the page: brought, looked at, saved, deleted; in the room, by guests too, and outside of it."""

import asyncio
import io
import re
import wave
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Error, FilePayload, Locator, Page, Route, expect

from tests.browser.conftest import PHONE, Invite
from tests.browser.doors import sign_in, sign_up
from tests.browser.person import Person
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

SCRIPT = "<script>window.pwned = 1</script>\n<img src=x onerror='window.pwned = 2'>\n"
PART_BYTES = 8 * 1024 * 1024
LARGE_BYTES = PART_BYTES + PART_BYTES // 8
"""Two parts of what the page sends at once."""

UPLOADS = "**/api/v1/files/uploads/*"

POST = """
async ([path, body]) => {
  const { csrf_token } = await (await fetch("/api/v1/auth/csrf")).json();
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token };
  return (await fetch("/api/v1" + path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}
"""

# By the API, as another page of the same person.
BRING = """
async ([meeting, count]) => {
  const { csrf_token } = await (await fetch("/api/v1/auth/csrf")).json();
  for (let number = 1; number <= count; number++) {
    const body = new FormData();
    body.append("file", new File([String(number)], `${number}.txt`));
    const headers = { "X-CSRF-Token": csrf_token };
    await fetch(`/api/v1/meetings/${meeting}/files`, { method: "POST", headers, body });
  }
}
"""

# The answers to parts do not arrive.
LOSE_ANSWERS = """
window.XMLHttpRequest = class extends XMLHttpRequest {
  open(method, address) { this.method = method; super.open(method, address); }
  get status() { return this.method === "PATCH" ? 0 : super.status; }
};
"""

# Drops, or pastes, a file with this name, type and text on the element.
GIVE = """
(element, [type, field, name, mediaType, text]) => {
  const [dataTransfer, how] = [new DataTransfer(), { bubbles: true, cancelable: true }];
  dataTransfer.items.add(new File([Uint8Array.from(text, (one) => one.charCodeAt(0))], name, { type: mediaType }));
  const Event = type === "paste" ? ClipboardEvent : DragEvent;
  element.dispatchEvent(new Event(type, { ...how, [field]: dataTransfer }));
}
"""


def picture(color: str, size: tuple[int, int] = (640, 400)) -> bytes:
    made = io.BytesIO()
    image = Image.new("RGB", size, color)
    image.paste("white", (40, 40, size[0] // 2, size[1] // 2))
    image.save(made, "PNG")
    return made.getvalue()


def sound() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))
    return made.getvalue()


def given_file(name: str, content: bytes | str, media_type: str = "") -> FilePayload:
    return {"name": name, "mimeType": media_type, "buffer": content.encode() if isinstance(content, str) else content}


async def open_files(one: Person) -> Locator:
    button = one.page.locator("[data-tool=files]")
    if await button.is_visible():
        await button.click()
    else:
        await one.page.locator("[data-tool=more]").click()
        await one.page.get_by_role("dialog").get_by_role("button", name="Files").click()
    panel = one.page.locator("#panel-files")
    await expect(panel).to_be_visible()
    return panel


async def given_host(server: MeetServer, person: Invite, **how: object) -> Person:
    ada = await person("Ada Lovelace", **how)
    await ada.page.goto("/healthz")  # a page of the same origin that is there at once
    await sign_up(ada, server)
    await sign_in(ada)
    return ada


async def make_meeting(host: Person) -> str:
    return str((await post(host, "/meetings", title="Weekly planning"))["id"])


async def post(one: Person, path: str, **body: object) -> dict[str, Any]:
    return dict(await one.page.evaluate(POST, [path, body]))


async def open_page(host: Person, meeting: str) -> Locator:
    """The files on the meeting's own page."""
    await host.page.goto(f"/#settings/{meeting}")
    return host.page.get_by_role("region", name="Files", exact=True)


async def look_again(one: Person) -> None:
    """Come back to the panel, which then is fresh."""
    await one.press("Close files")
    await open_files(one)


async def add(place: Locator, *files: FilePayload) -> None:
    await place.get_by_label("Files to add").set_input_files(list(files))


def file_in(place: Locator, name: str) -> Locator:
    return place.locator(".file", has_text=name)


async def sees_files(place: Locator, names: Sequence[str]) -> None:
    """Newest first."""
    await expect(place.locator(".file .file-name")).to_have_text(list(names))


async def look_at(place: Locator, name: str) -> Locator:
    await file_in(place, name).locator(".file-open").click()
    viewer = place.page.get_by_role("dialog", name=name)
    await expect(viewer).to_be_visible()
    return viewer


async def saved(place: Locator, name: str) -> bytes:
    async with place.page.expect_download() as coming:
        await file_in(place, name).get_by_role("button", name=f"Download {name}").click()
    download = await coming.value
    assert download.suggested_filename == name
    return (await download.path()).read_bytes()


async def delete(place: Locator, name: str) -> None:
    await file_in(place, name).get_by_role("button", name=f"Delete {name}").click()
    await place.page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(file_in(place, name)).to_have_count(0)


async def is_drawn(image: Locator, width: int) -> None:
    await expect(image).to_have_js_property("naturalWidth", width)


async def test_files_in_a_room(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_host(server, person)
    grace = await person("Grace Hopper", on=PHONE, theme="dark")
    link = f"{server.base_url}/m/{await make_meeting(ada)}"
    await ada.join(link)
    await grace.join(link, as_guest=True)
    hers, guests = await open_files(ada), await open_files(grace)
    for panel in (hers, guests):
        await expect(panel.get_by_role("heading", name="No files yet")).to_be_visible()
    await ada.take_picture(artifacts / "files-empty-desktop.png")

    await add(hers, given_file("blue.png", picture("#3b5bdb"), "image/png"))
    await sees_files(hers, ["blue.png"])
    await add(hers, given_file("agenda.txt", SCRIPT + "1. Lunch", "text/plain"))
    await sees_files(hers, ["agenda.txt", "blue.png"])
    await look_again(grace)
    await add(guests, given_file("orange.png", picture("#e8590c"), "image/png"))

    await sees_files(guests, ["orange.png", "agenda.txt", "blue.png"])
    await expect(file_in(guests, "blue.png")).to_contain_text("Ada Lovelace")
    await is_drawn(file_in(guests, "blue.png").locator("img"), 256)
    await expect(file_in(guests, "orange.png").get_by_role("button", name="Delete")).to_be_visible()
    await expect(file_in(guests, "blue.png").get_by_role("button", name="Delete")).to_be_hidden()
    assert await saved(guests, "agenda.txt") == (SCRIPT + "1. Lunch").encode()
    await grace.take_picture(artifacts / "files-phone.png")

    viewer = await look_at(guests, "blue.png")
    await is_drawn(viewer.get_by_role("img", name="blue.png"), 640)
    await grace.page.keyboard.press("ArrowRight")
    await is_drawn(grace.page.get_by_role("dialog", name="orange.png").get_by_role("img", name="orange.png"), 640)
    await grace.take_picture(artifacts / "files-picture-phone.png")
    await grace.page.keyboard.press("Escape")
    await expect(grace.page.get_by_role("dialog")).to_have_count(0)
    await expect(guests).to_be_visible()

    await look_again(ada)
    await expect(file_in(hers, "orange.png")).to_contain_text("Grace Hopper")
    await delete(hers, "orange.png")
    viewer = await look_at(hers, "agenda.txt")
    await expect(viewer.locator("pre")).to_have_text(SCRIPT + "1. Lunch")
    assert await ada.page.evaluate("window.pwned") is None
    await ada.take_picture(artifacts / "files-text-desktop.png")
    await ada.page.keyboard.press("Escape")
    await ada.take_picture(artifacts / "files-desktop.png")


async def test_files_on_the_page_of_a_meeting(server: MeetServer, person: Invite, artifacts: Path) -> None:
    ada = await given_host(server, person, theme="dark")
    card = await open_page(ada, await make_meeting(ada))
    await expect(card.get_by_text("No files yet")).to_be_visible()

    await card.evaluate(GIVE, ["drop", "dataTransfer", "notes.txt", "text/plain", "dropped " * 9000])
    await sees_files(card, ["notes.txt"])
    await expect(await look_at(card, "notes.txt")).to_contain_text("These are its first 64 kB of 70 kB.")
    await ada.page.keyboard.press("Escape")
    text = picture("#2f9e55", (64, 64)).decode("latin-1")
    await ada.page.locator("body").evaluate(GIVE, ["paste", "clipboardData", "image.png", "image/png", text])
    pasted = card.locator(".file .file-name").first
    await expect(pasted).to_have_text(re.compile(r"^Pasted \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.png$"))
    await add(card, given_file("bell.wav", sound(), "audio/wav"))
    viewer = await look_at(card, "bell.wav")
    await expect(viewer.locator("audio")).to_have_js_property("duration", 1)
    await ada.page.keyboard.press("Escape")

    await add(card, given_file("disguised.png", "This is text.", "image/png"))
    refused = card.locator(".sending")
    await expect(refused).to_contain_text("Its name or type says image/png, its content text/plain")
    await expect(refused.get_by_role("button", name="Try again")).to_be_hidden()
    await card.scroll_into_view_if_needed()
    await ada.take_picture(artifacts / "files-settings-desktop.png")
    await refused.get_by_role("button", name="Cancel disguised.png").click()
    await expect(refused).to_have_count(0)


def given_large_file(file: Path) -> Path:
    """Of a kind that the server keeps as it is."""
    file.write_bytes(bytes(range(256)) * (LARGE_BYTES // 256))
    return file


async def cut_after_first_part(page: Page) -> None:
    """The line breaks in the middle of the next upload, and stays so."""
    parts = 0

    async def on_request(route: Route) -> None:
        nonlocal parts
        parts += route.request.method == "PATCH"
        if parts < 2:
            await route.continue_()
        else:
            await page.context.set_offline(True)
            await route.abort("internetdisconnected")

    await page.route(UPLOADS, on_request)


async def mend(page: Page) -> list[int]:
    """The line is there again. Returns where each part begins that is sent from then on."""
    offsets: list[int] = []
    page.on("request", lambda one: offsets.append(int(one.headers["upload-offset"])) if one.method == "PATCH" else None)
    await page.unroute(UPLOADS)
    await page.context.set_offline(False)
    return offsets


async def test_an_upload_goes_on_where_it_broke_off(
    server: MeetServer, person: Invite, artifacts: Path, tmp_path: Path
) -> None:
    ada = await given_host(server, person)
    meeting = await make_meeting(ada)
    card = await open_page(ada, meeting)
    files = [given_large_file(tmp_path / name) for name in ("first.bin", "second.bin")]
    for file in files:
        await cut_after_first_part(ada.page)
        await card.get_by_label("Files to add").set_input_files(file)
        await expect(card.locator(".sending")).to_contain_text("No connection. It goes on by itself.")
        await expect(card.get_by_role("progressbar", name=f"Adding {file.name}")).to_have_js_property(
            "value", PART_BYTES
        )
        if file is files[0]:  # by the same file, chosen once more
            await ada.page.goto("about:blank")
            assert ada.dialogs == ["beforeunload"], "nobody leaves what is on its way without being asked"
            offsets = await mend(ada.page)
            await open_page(ada, meeting)
            await card.get_by_label("Files to add").set_input_files(file)
        else:
            await ada.take_picture(artifacts / "files-waiting-desktop.png")
            offsets = await mend(ada.page)
        await expect(file_in(card, file.name)).to_be_visible()
        assert offsets[0] == PART_BYTES, "what had come is sent again"
        assert await saved(card, file.name) == file.read_bytes()


async def test_a_file_whose_last_answer_is_lost_is_there_once(server: MeetServer, person: Invite) -> None:
    ada = await given_host(server, person)
    await ada.page.add_init_script(LOSE_ANSWERS)
    card = await open_page(ada, await make_meeting(ada))
    await add(card, given_file("once: for all.txt", "Only once.", "text/plain"))

    await sees_files(card, ["once_ for all.txt"])
    await expect(card.locator(".sending")).to_have_count(0)


async def test_two_at_a_time_and_giving_up(server: MeetServer, person: Invite) -> None:
    ada = await given_host(server, person)
    card = await open_page(ada, await make_meeting(ada))
    sent = asyncio.Semaphore(0)
    is_let_through = asyncio.Event()

    async def on_request(route: Route) -> None:
        if route.request.method == "PATCH":
            sent.release()
            await is_let_through.wait()
        with suppress(Error):  # of one that was given up
            await route.continue_()

    await ada.page.route(UPLOADS, on_request)
    await add(card, *(given_file(f"{name}.txt", name, "text/plain") for name in ("one", "two", "three")))
    on_their_way = card.locator(".sending")
    await expect(on_their_way).to_have_count(3)
    for _ in range(2):
        await sent.acquire()
    await expect(on_their_way.nth(2)).to_contain_text("Waits for its turn")

    async with ada.page.expect_request(lambda request: request.method == "DELETE") as ended:
        await card.get_by_role("button", name="Cancel one.txt").click()
    answer = await (await ended.value).response()
    is_let_through.set()

    assert answer is not None
    assert answer.status == 204
    await expect(on_their_way).to_have_count(0)
    await expect(card.locator(".file .file-name")).to_have_count(2)
    assert sorted(await card.locator(".file .file-name").all_text_contents()) == ["three.txt", "two.txt"]


async def test_many_files_and_those_of_others(server: MeetServer, person: Invite) -> None:
    ada = await given_host(server, person)
    meeting = await make_meeting(ada)
    await ada.page.evaluate(BRING, [meeting, 31])
    card = await open_page(ada, meeting)
    await expect(card.locator(".file")).to_have_count(30)
    await card.get_by_role("button", name="Show more").click()
    await expect(card.locator(".file")).to_have_count(31)
    await expect(card.get_by_role("button", name="Show more")).to_be_hidden()

    await ada.page.evaluate(BRING, [meeting, 1])
    await ada.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as who comes back to the page

    await expect(card.locator(".file")).to_have_count(32)


@pytest.mark.parametrize(
    "server", [{"MEET_CLAMD_URL": "unix:///nowhere", "MEET_FILE_MAX_BYTES": "100000"}], indirect=True
)
async def test_what_is_held_and_what_is_too_large(server: MeetServer, person: Invite) -> None:
    ada = await given_host(server, person)
    guest = await person("Grace Hopper")
    meeting = await make_meeting(ada)
    link = await post(ada, f"/meetings/{meeting}/links", role="viewer", skips_lobby=True)
    card = await open_page(ada, meeting)

    await add(card, given_file("held.png", picture("#3b5bdb"), "image/png"), given_file("big.bin", bytes(100_001)))

    await expect(file_in(card, "held.png")).to_contain_text("Being checked for viruses")
    await expect(file_in(card, "held.png").locator(".file-open")).to_be_disabled()
    await expect(card.locator(".sending")).to_contain_text("A file may have 98 kB here. Make it smaller")
    await guest.join(link["url"], as_guest=True)
    panel = await open_files(guest)
    await expect(file_in(panel, "held.png").get_by_role("button", name="Download")).to_be_disabled()
    await expect(panel.get_by_role("button", name="Add files")).to_be_hidden()
