"""What people write is text, wherever it is shown."""

import pytest
from playwright.async_api import expect

from meetserver.chat.messages import Send
from meetserver.client import Api, RoomClient
from tests.browser.conftest import Invite
from tests.browser.doors import have_an_account
from tests.browser.person import Person
from tests.servers.meetserver import MeetServer

pytestmark = pytest.mark.browser

CORPUS = [
    "<script>window.pwned = 1</script>",
    "<img src=x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "'-window.pwned=1-'",
    "javascript:window.pwned=1",
    "<a href=javascript:window.pwned=1>press</a>",
    "</textarea><iframe srcdoc='<script>parent.pwned=1</script>'>",
    "{{constructor.constructor('window.pwned=1')()}}",
    "&lt;b&gt;&#x3c;script&#x3e;",
    "<math><mtext></p><style><img src=x onerror=pwned=1>",
]


async def assert_harmless(person: Person) -> None:
    assert await person.page.evaluate("window.pwned") is None
    assert await person.page.locator("iframe, #main script, #main img, [onerror], [onload]").count() == 0


async def test_names_and_messages(server: MeetServer, person: Invite) -> None:
    ada = await person(CORPUS[0])
    await have_an_account(ada, server)
    link = await ada.create_meeting(CORPUS[1])
    await ada.join(link)
    await ada.page.locator("[data-tool=chat]").click()

    async with Api(server.base_url) as api:
        for payload in CORPUS:
            offer = await api.join(link.rpartition("/")[2], name=payload)
            async with RoomClient.join(offer) as guest:
                await guest.send(Send(text=payload))
                await ada.sees_message(payload)
                await expect(ada.tile_of(payload).first).to_be_visible()

    authors = await ada.page.locator(".message .author").all_text_contents()
    assert authors == CORPUS
    await expect(ada.page.get_by_role("heading", name=CORPUS[1])).to_be_visible()
    await assert_harmless(ada)


async def test_titles(server: MeetServer, person: Invite) -> None:
    ada = await person("Ada Lovelace")
    await have_an_account(ada, server)
    for title in CORPUS:
        await ada.create_meeting(title)
        await expect(ada.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        await assert_harmless(ada)

    await ada.page.goto("/")
    await expect(ada.page.locator(".meeting .title")).to_have_count(len(CORPUS))

    assert sorted(await ada.page.locator(".meeting .title").all_text_contents()) == sorted(CORPUS)
    await assert_harmless(ada)
