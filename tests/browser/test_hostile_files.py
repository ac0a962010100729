"""Hostile uploads (tests/files/hostile.py) that the server keeps, in a real Chromium: nothing of them runs, whoever
opens them, also by a page that forbids nothing."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Dialog, Error, Page

from tests.browser.account import PASSWORD
from tests.files.hostile import HTML, Upload, uploads
from tests.servers.meetserver import MeetServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize(
        "server", [{"MEET_REQUIRE_VERIFIED_EMAIL": "false", "MEET_RATE_FACTOR": "0"}], indirect=True, ids=["own server"]
    ),
]

KEPT = [upload for upload in uploads() if upload.becomes in ("attachment", "inline", "remade")]
RUNNING = [upload for upload in KEPT if b"alert" in upload.content or b"//evil" in upload.content]

# A page of the same origin that may run everything: only the files' own answers can forbid it.
PAGE = "<!doctype html><title>uses files</title><body>"
USE = """
async (url) => {
  const outcome = (element) => new Promise((told) => {
    element.onload = () => told("used");
    element.onerror = () => told("refused");
    document.head.append(element);
  });
  const made = (name, values) => Object.assign(document.createElement(name), values);
  const script = await outcome(made("script", { src: url }));
  const module = await import(url).then(() => "used", () => "refused");
  const style = await outcome(made("link", { rel: "stylesheet", href: url }));
  const worker = await new Promise((told) => { new Worker(url).onerror = () => told("refused"); });
  return { script, module, style, worker };
}
"""
FATES = {"attachment": "saved", "inline": "shown", "remade": "shown"}
ALL_REFUSED = {"script": "refused", "module": "refused", "style": "refused", "worker": "refused"}


@pytest_asyncio.fixture(loop_scope="session")
async def links(server: MeetServer) -> dict[str, str]:
    """Each kept upload by its title -> a link to it that needs no signing in."""
    async with aiohttp.ClientSession(f"{server.base_url}/api/v1/") as session:
        person: dict[str, Any] = {"email": "ann@example.com", "password": PASSWORD, "name": "Ann"}
        await _posted(session, "auth/register", json=person)
        signed_in = await _posted(session, "auth/login", json={"email": person["email"], "password": PASSWORD})
        session.headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        meeting = await _posted(session, "meetings", json={"title": "Files"})
        found = {}
        for upload in RUNNING:
            file = await _posted(session, f"meetings/{meeting['id']}/files", **_form(upload))
            found[upload.title] = str((await _posted(session, f"files/{file['id']}/link"))["url"])
        return found


async def _posted(session: aiohttp.ClientSession, path: str, **what: Any) -> dict[str, Any]:
    async with session.post(path, **what) as answer:
        assert answer.ok, f"{path}: {await answer.text()}"
        return dict(await answer.json())


def _form(upload: Upload) -> dict[str, Any]:
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{upload.name}"\r\n'
    body = f"{head}Content-Type: {upload.declared}\r\n\r\n".encode() + upload.content + b"\r\n--b--\r\n"
    return {"data": body, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}


class Watched:
    """A page, and what ran in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.ran: list[str] = []
        page.on("dialog", self._speaks)
        page.on("request", lambda request: self.ran.append(request.url) if "//evil" in request.url else None)

    async def _speaks(self, dialog: Dialog) -> None:
        self.ran.append(f"says {dialog.message}")
        await dialog.dismiss()


@pytest_asyncio.fixture(loop_scope="session")
async def watched(browser: Browser) -> AsyncIterator[Watched]:
    context = await browser.new_context(accept_downloads=False)
    page = await context.new_page()
    await page.route("**/uses-files", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    yield Watched(page)
    await context.close()


async def test_nothing_of_them_runs(watched: Watched, links: dict[str, str], server: MeetServer) -> None:
    for upload in RUNNING:
        assert await opened(watched.page, links[upload.title]) == FATES[upload.becomes], upload.title
    await watched.page.goto(f"{server.base_url}/uses-files")
    for upload in RUNNING:
        assert await watched.page.evaluate(USE, links[upload.title]) == ALL_REFUSED, upload.title
    assert watched.ran == []
    # What would run, is seen to:
    await watched.page.set_content(HTML.decode())
    await watched.page.set_content("<style>body{background:url(//evil)}</style>")
    assert watched.ran == ["says 127.0.0.1", "http://evil/"]


async def opened(page: Page, link: str) -> str:
    """What a browser does with it: saved, or shown."""
    try:
        await page.goto(link)
    except Error as error:
        return "saved" if "Download is starting" in error.message else error.message
    return "shown"
