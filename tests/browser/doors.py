"""What the tests of a meeting's doors do: sign up, make a meeting, knock, look where they are."""

from playwright.async_api import Locator, expect

from tests.browser.conftest import Invite
from tests.browser.mails import link_to
from tests.browser.person import PASSWORD, Person
from tests.servers.meetserver import MeetServer

MAKE_LINK = """
async ([path, body]) => {
  const { csrf_token } = await (await fetch("/api/v1/auth/csrf")).json();
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf_token };
  return (await (await fetch("/api/v1" + path, { method: "POST", headers, body: JSON.stringify(body) })).json()).url;
}
"""
POST = """
async ([path, body]) => {
  const headers = { "Content-Type": "application/json" };
  return (await fetch("/api/v1" + path, { method: "POST", headers, body: JSON.stringify(body) })).status;
}
"""


async def given_a_host(server: MeetServer, person: Invite, **how: object) -> Person:
    ada = await person("Ada Lovelace", **how)
    await have_an_account(ada, server)
    return ada


async def have_an_account(one: Person, server: MeetServer) -> None:
    """Made and signed in by calls: the pages for that have tests of their own."""
    await one.page.goto("/")
    await sign_up(one, server)
    await sign_in(one)


async def sign_up(one: Person, server: MeetServer) -> None:
    assert await call(one, "/auth/register", email=one.email, password=PASSWORD, name=one.name) < 300
    token = (await link_to(one.email, server.data_dir / "mail")).rpartition("/")[2]
    assert await call(one, "/auth/verify", token=token) < 300


async def sign_in(one: Person) -> None:
    assert await call(one, "/auth/login", email=one.email, password=PASSWORD, cookie=True) == 200


async def call(one: Person, path: str, **body: object) -> int:
    return int(await one.page.evaluate(POST, [path, body]))


async def given_a_meeting(ada: Person, *switches: str, passcode: str = "") -> str:
    """Made with these switches on. Returns its link."""
    await ada.page.goto("/")
    await ada.page.get_by_label("What is it about?").fill("Weekly planning")
    await ada.page.get_by_text("Who may come in").click()
    for name in switches:
        await ada.page.get_by_role("switch", name=name).check()
    await ada.page.get_by_label("Passcode").fill(passcode)
    await ada.press("New meeting")
    await expect(ada.page.get_by_role("button", name="Join the meeting")).to_be_visible()
    return ada.page.url


async def knock(one: Person, link: str, *, name: str = "") -> None:
    """As a guest, to the door and through it if it opens."""
    await one.page.goto(link)
    await one.page.get_by_label("Your name").fill(name or one.name)
    await one.press("Join the meeting")


async def is_told_to_wait(one: Person) -> None:
    await expect(one.page.get_by_role("heading", name="Please wait")).to_be_visible()


async def sees_page(one: Person, heading: str) -> None:
    await expect(one.page.get_by_role("heading", name=heading)).to_be_visible()


async def is_inside(one: Person) -> None:
    await expect(one.page.locator(".tile.self")).to_be_visible()


async def open_people(one: Person) -> Locator:
    panel = one.page.locator("#panel-people")
    if not await panel.is_visible():
        await one.page.keyboard.press("p")
    await expect(panel).to_be_visible()
    return panel


async def open_settings(one: Person) -> Locator:
    await one.page.locator("[data-tool=more]").click()
    await one.press("Meeting settings")
    return one.page.get_by_role("dialog", name="Meeting settings")


async def send_out(host: Person, name: str, how: str) -> None:
    """`how`: Remove or Ban."""
    panel = await open_people(host)
    await panel.get_by_role("button", name=f"What to do with {name}").first.click()
    await host.page.get_by_role("dialog").get_by_role("button", name=f"{how} from the meeting").click()
    await host.page.get_by_role("dialog").get_by_role("button", name=how, exact=True).click()
